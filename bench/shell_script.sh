# SPDX-License-Identifier: Apache-2.0
# A fork-heavy shell script, as configure scripts are: substitutions, pipes, small programs.
n=0
while [ $n -lt 60 ]; do
    n=$((n + 1))
    name=$(echo "file-$n" | sed 's/file/name/')
    echo "$name" >"out.$n"
    case $(cat "out.$n") in
    name-*) ;;
    *) exit 1 ;;
    esac
    count=$( (echo a; echo b; echo c) | grep -c .)
    [ "$count" = 3 ] || exit 1
    if expr "$n" % 10 = 0 >/dev/null; then
        ls out.* | wc -l >/dev/null
    fi
    (cd . && true)
    rm -f "out.$n"
done
