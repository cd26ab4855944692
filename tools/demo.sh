#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: tools/demo.sh   (started by make demo, from the top of the tree)
#
# John the Ripper, unmodified, cracks sha512crypt hashes: one cell for each processor, each taking its
# part of a word list in the user's directory. Then a cell tries to read what it was not given. Then the same
# again in a world that is kept, which is killed in the middle and started again (demo-restart.sh).
#
# The hashes are made on the spot, with new salts each time, from words of the list; what is printed
# as cracked is what John found, and is checked against what was hashed.
set -u

top=$(cd "$(dirname "$0")/.." && pwd)
ringfence=${RINGFENCE:-$top/ringfence}
john=$(PATH=$PATH:/usr/sbin command -v john)
cells=$(nproc)
folder=$HOME/ringfence-demo
settings=$'[Options]\nSave = 1\nIdle = N\n' # John notes every second how far it is, in its session file
word_count=900 hash_count=12
pids=() world=

bold='' plain='' red='' green=''
if [ -t 1 ]; then
    bold=$'\e[1m' plain=$'\e[0m' red=$'\e[31m' green=$'\e[32m'
fi

say()
{
    printf '%s%s%s\n' "$bold" "$*" "$plain"
}

give_up()
{
    echo "demo: $*" >&2
    exit 1
}

end_cells()
{
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null
    done
    [ -z "$world" ] || "$ringfence" stop --world "$world" 2>/dev/null
}
trap end_cells EXIT
trap 'exit 130' INT TERM

# The word list: common passwords from John's package, in the folder that the cells will see. Each
# hash is of one of the words, so that all of them can be found, spread over the list.
prepare()
{
    [ -x "$ringfence" ] || give_up "no $ringfence: run make first"
    [ -n "$john" ] || give_up "john is not installed: apt-get install john"
    rm -rf "$folder"
    mkdir -p "$folder/shared" "$folder/private" || give_up "cannot make $folder"
    echo "nobody else is to read this" >"$folder/private/diary"
    grep -v '^#' /usr/share/john/password.lst | head -n "$word_count" >"$folder/shared/words"
    for n in $(seq "$hash_count"); do
        word=$(sed -n "$((n * word_count / hash_count - n * 6))p" "$folder/shared/words")
        echo "user$n:$(openssl passwd -6 "$word")" >>"$folder/shared/hashes"
        echo "user$n:$word" >>"$folder/expected"
    done
}

start_cells()
{
    local part
    cd "$folder/shared" || exit 1
    for n in $(seq "$cells"); do
        part=()
        [ "$cells" = 1 ] || part=("--node=$n/$cells")
        "$ringfence" run --env OMP_NUM_THREADS=1 --rw "$folder/shared" --cwd "$folder/shared" \
            --file "/etc/john/john.conf=$settings" --stats=json -- \
            "$john" --format=crypt --wordlist=words --session="cell$n" "${part[@]}" hashes \
            </dev/null >"../cell$n.out" 2>"../cell$n.err" &
        pids+=($!)
    done
}

# Words tried so far by a cell: John's session file ends in the line number in the word list.
words_tried()
{
    local line
    line=$(tail -n 1 "cell$1.rec" 2>/dev/null)
    case $line in
    '' | *[!0-9]*) echo 0 ;;
    *) echo $((line < word_count ? line : word_count)) ;;
    esac
}

found_by()
{
    grep -c '(user' "../cell$1.out"
}

is_running()
{
    kill -0 "${pids[$1 - 1]}" 2>/dev/null
}

progress_line()
{
    local n tried text=
    for n in $(seq "$cells"); do
        tried=$(words_tried "$n")
        is_running "$n" || tried=$word_count
        text+=$(printf 'cell %d %3d %%, %2d cracked   ' "$n" $((tried * 100 / word_count)) "$(found_by "$n")")
    done
    echo "$text"
}

# On a terminal one line that changes, else a new line every few seconds.
show_progress()
{
    local running=1 n turn=0
    while [ "$running" = 1 ]; do
        running=0
        for n in $(seq "$cells"); do
            is_running "$n" && running=1
        done
        if [ -t 1 ]; then
            printf '\r%3d s   %s' "$SECONDS" "$(progress_line)"
        elif [ $((turn++ % 8)) = 0 ]; then
            printf '%3d s   %s\n' "$SECONDS" "$(progress_line)"
        fi
        sleep 0.5
    done
    [ ! -t 1 ] || echo
}

finish_cells()
{
    local n status
    for n in $(seq "$cells"); do
        wait "${pids[$n - 1]}"
        status=$?
        # John ends with 0 also when its part of the list held no more passwords.
        [ "$status" = 0 ] || { tail -n 5 "../cell$n.err" >&2; give_up "cell $n ended with status $status"; }
    done
    pids=()
}

# collect_cracked FILE...: what John said in them, by user.
collect_cracked()
{
    sed -n 's/^\(.*[^ ]\) *(\(user[0-9]*\)) *$/\2:\1/p' "$@" | sort -t: -k 1.5n -u >../cracked
    cmp -s ../cracked <(sort -t: -k 1.5n -u ../expected) ||
        give_up "that is not what was hashed: compare $folder/cracked and $folder/expected"
}

show_cracked()
{
    say "cracked:"
    collect_cracked ../cell*.out
    awk -F: '{ printf "  %-8s %s\n", $1, $2 }' ../cracked
}

# figure CELL NAME: a number from the JSON object that --stats=json printed at the end.
figure()
{
    sed -n "s/.*\"$2\": *\([0-9.]*\).*/\1/p" "../cell$1.err" | tail -n 1
}

show_table()
{
    local n
    say "what each cell used:"
    printf '  %-5s %14s %13s %12s %13s %20s\n' cell 'processor time' 'missing time' 'peak memory' 'system calls' \
        'reached the kernel'
    for n in $(seq "$cells"); do
        awk -v n="$n" -v cpu="$(figure "$n" processor_ns)" -v missing="$(figure "$n" missing_ns)" \
            -v peak="$(figure "$n" peak_bytes)" -v calls="$(figure "$n" system_calls)" \
            -v invocations="$(figure "$n" invocations)" 'BEGIN {
            printf "  %-5d %12.2f s %11.2f s %8.1f MiB %13d %20d\n", n, cpu / 1e9, missing / 1e9, peak / 1048576, calls, invocations }'
    done
}

show_refusal()
{
    local path status
    say "a cell tries to read what it was not given:"
    for path in "$folder/private/diary" /etc/shadow; do
        echo "  \$ ringfence run --rw $folder/shared cat $path"
        "$ringfence" run --rw "$folder/shared" -- cat "$path" 2>&1 | sed "s/^/  $red/; s/\$/$plain/"
        status=${PIPESTATUS[0]}
        [ "$status" = 1 ] || give_up "that should have failed with status 1, not $status"
    done
    echo "  ${green}refused:${plain} for the cell these files do not exist"
}

. "$top/tools/demo-restart.sh"

prepare
say "$hash_count sha512crypt hashes, $word_count words in $folder/shared, $cells cells"
start_cells
show_progress
finish_cells
show_cracked
show_table
show_refusal
crack_in_a_world
kill_the_world
start_again
