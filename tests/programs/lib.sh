# SPDX-License-Identifier: Apache-2.0
# What the program tests share: running one command natively and in a cell, and comparing.
#
#   need PROGRAM...         skips the test, by name, unless all of them are installed
#   input NAME <<EOF        puts a file into the working directory of the runs to come
#   compare COMMAND...      runs it both ways, each in a fresh copy of the input; standard output,
#                           standard error and exit status must agree
#   compare_tree COMMAND... the same, and the files left behind must agree too
#   passes WORD             the native run must have printed WORD (a test that fails the same way on
#                           both sides has tested nothing)
#
# RUN_SECONDS in the environment changes the limit of one run.
#
# Set before compare: $filter, a command that replaces what cannot agree (process ids, times);
# $stdin, a file for standard input; $options, more options of `ringfence run`; $seconds, the limit
# of one run.
#
# The command finds SIDE=native or SIDE=cell in its environment.
#
# RINGFENCE_WAY=native runs the second side natively too, which tests the tests. RINGFENCE_LAYERS=N puts
# N membranes before every dir (and so before every file), console and clock of the cell.
set -u

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
: "${RINGFENCE:=$PWD/ringfence}" "${RINGFENCE_WAY:=cell}" "${RINGFENCE_LAYERS:=0}"
membranes=
for _ in $(seq "$RINGFENCE_LAYERS"); do
    for kind in dir console clock; do
        membranes="$membranes --wrap $kind=$PWD/build/examples/membrane"
    done
done
programs=$PWD/tests/programs
name=$(basename "$0" .sh)
own_tmp=
if [ -z "${TEST_TMP-}" ]; then
    own_tmp=$(mktemp -d /tmp/ringfence-programs.XXXXXX)
    TEST_TMP=$own_tmp
fi
trap '[ -z "$own_tmp" ] || rm -rf "$own_tmp"' EXIT
trap 'exit 130' INT TERM
input=$TEST_TMP/input work=$TEST_TMP/work
mkdir -p "$input"
filter=cat stdin=/dev/null options= seconds=${RUN_SECONDS:-50}
# A port for programs that listen; the native side shares the host's ports with whatever runs.
port=$((20000 + ($$ * 7) % 12000))
umask 022

need()
{
    for program; do
        if ! command -v "$program" >/dev/null; then
            echo "$program is not installed"
            exit 77
        fi
    done
}

input()
{
    mkdir -p "$(dirname "$input/$1")"
    cat >"$input/$1"
}

# side WAY COMMAND...: leaves $TEST_TMP/WAY.out, .err and .status, already filtered, and $work.
side()
{
    way=$1
    shift
    rm -rf "$work"
    cp -a "$input" "$work"
    as= where=native
    if [ "$way" = cell ] && [ "$RINGFENCE_WAY" != native ]; then
        where=cell
        as="$RINGFENCE run $membranes --rw . --env HOME=$work --env SHELL=/bin/bash --env TMPDIR=/tmp --env PORT=$port --env SIDE=cell $options --"
    fi
    # The braces hide what the shell says when the command died of a signal.
    # shellcheck disable=SC2086
    { (cd "$work" && exec env -i PATH="$PATH" HOME="$work" TERM=xterm LC_ALL=C.UTF-8 TZ=UTC PORT="$port" \
        TMPDIR=/tmp SHELL=/bin/bash SIDE="$where" timeout -k 2 "$seconds" $as "$@" \
        <"$stdin" >"$TEST_TMP/$way.raw-out" 2>"$TEST_TMP/$way.raw-err"); } 2>/dev/null
    echo $? >"$TEST_TMP/$way.status"
    eval "$filter" <"$TEST_TMP/$way.raw-out" >"$TEST_TMP/$way.out"
    eval "$filter" <"$TEST_TMP/$way.raw-err" >"$TEST_TMP/$way.err"
}

# Names, kinds, permissions, link targets and contents of what is in $work.
describe_tree()
{
    (cd "$work" && find . -printf '%p %y %m %l\n' | sort && find . -type f -exec sha256sum {} + | sort -k 2)
}

differ()
{
    if ! diff -u --label "native $1" --label "cell $1" "$TEST_TMP/native.$1" "$TEST_TMP/cell.$1" |
        head -n 60 | cut -c 1-300; then
        return 1
    fi
    ! cmp -s "$TEST_TMP/native.$1" "$TEST_TMP/cell.$1"
}

same()
{
    bad=0
    for part; do
        if differ "$part"; then
            bad=1
        fi
    done
    if [ "$bad" = 1 ]; then
        echo "differs: $command"
        exit 1
    fi
}

compare()
{
    command="$*"
    side native "$@"
    side cell "$@"
    same out err status
}

compare_tree()
{
    command="$*"
    side native "$@"
    describe_tree >"$TEST_TMP/native.tree"
    side cell "$@"
    describe_tree >"$TEST_TMP/cell.tree"
    same out err status tree
}

passes()
{
    if ! grep -q -e "$1" "$TEST_TMP/native.out"; then
        echo "the native run of '$command' did not print '$1':"
        tail -n 30 "$TEST_TMP/native.out" "$TEST_TMP/native.err"
        exit 1
    fi
}
