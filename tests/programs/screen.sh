#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs on the user's terminal, run by `ringfence run` in a tmux outside the cell. What the screen
# shows must agree: bash with job control and a resize, vi, less, htop, the Python prompt.
# cases: bash vi less htop python
. tests/programs/lib.sh
need tmux bash

t()
{
    env -u TMUX tmux -f /dev/null -L "$(basename "$TEST_TMP")" "$@"
}
trap 't kill-server 2>/dev/null; [ -z "$own_tmp" ] || rm -rf "$own_tmp"' EXIT

# on_screen COMMAND...: starts it on a screen of its own, 70 by 16.
on_screen()
{
    rm -rf "$work"
    cp -a "$input" "$work"
    as=
    if [ "$way" = cell ] && [ "$RINGFENCE_WAY" != native ]; then
        as="$RINGFENCE run $membranes --rw . --env HOME=$work --env 'PS1=> ' --"
    fi
    printf -v line '%q ' "$@"
    t new-session -d -s s -x 70 -y 16 -c "$work" \
        "env -i PATH='$PATH' HOME='$work' TERM=screen LC_ALL=C.UTF-8 TZ=UTC PS1='> ' $as $line; echo status \$?; sleep 60"
    t set -g status off
    : >"$TEST_TMP/$way.shots"
}

keys()
{
    t send-keys -t s "$@"
}

# until_shows PATTERN: waits until the screen shows it, ten seconds at most.
until_shows()
{
    for _ in $(seq 100); do
        if t capture-pane -p -t s | grep -q -e "$1"; then
            return
        fi
        sleep 0.1
    done
    echo "$way: no '$1' on the screen:"
    t capture-pane -p -t s
    exit 1
}

shot()
{
    sleep 0.3
    { echo "--- $1"; t capture-pane -p -t s | eval "$filter"; } >>"$TEST_TMP/$way.shots"
}

play_bash()
{
    on_screen bash --norc --noprofile
    until_shows '^>'
    keys 'echo one | tr a-z A-Z; tty | cut -c 1-9; stty size' Enter
    until_shows '^16 70'
    keys 'sleep 60' Enter
    sleep 0.4
    keys C-c
    sleep 0.2
    keys 'echo status $?' Enter
    until_shows 'status 130'
    keys 'sleep 61' Enter
    sleep 0.4
    keys C-z
    until_shows 'Stopped'
    keys 'jobs; kill -9 %1; sleep 0.2; echo go""ne' Enter
    until_shows '^gone'
    shot jobs
    keys 'clear' Enter
    keys 'echo abcd' Left Left BSpace X Home 'true; ' End Enter
    until_shows '^aXcd$'
    keys Up C-a '# ' Enter
    keys 'ls -d /usr/share/zoneinf' Tab C-e Enter
    until_shows '^/usr/share/zoneinfo/'
    keys 'cat' Enter
    sleep 0.3
    keys 'to cat' Enter
    sleep 0.2
    keys C-d
    sleep 0.2
    keys 'trap "echo resized" WINCH' Enter
    sleep 0.2
    t resize-window -t s -x 90 -y 20
    sleep 0.2
    keys Enter
    until_shows 'resized$'
    keys 'stty size' Enter
    until_shows '^20 90'
    shot editing
    keys 'exit 5' Enter
    until_shows 'status 5'
}

play_vi()
{
    on_screen vi -u NONE text
    until_shows 'line 1'
    keys ':set number' Enter
    keys '3Gdd' 'oadded by hand' Escape
    shot edited
    keys '/line 9' Enter 'yyp' ':s/line/LINE/' Enter
    shot searched
    keys ':!echo from the shell' Enter
    until_shows '^from the shell'
    keys Enter
    sleep 0.3
    keys C-f
    shot paged
    t resize-window -t s -x 50 -y 10
    shot smaller
    keys ':wq' Enter
    until_shows 'status 0'
    cp "$work/text" "$TEST_TMP/$way.file"
}

play_less()
{
    on_screen less text
    until_shows 'line 1$'
    shot first
    keys Space
    shot second
    keys '/line 77' Enter
    until_shows 'line 77'
    shot found
    keys G
    until_shows 'line 100'
    t resize-window -t s -x 60 -y 8
    shot smaller
    keys q
    until_shows 'status 0'
}

play_htop()
{
    # Its figures cannot agree; that it draws, scrolls, sorts, follows a resize and leaves can.
    filter="grep -o -e 'Load average' -e 'F1Help.*F9Kill'"
    on_screen htop -d 5
    until_shows 'F9Kill'
    until_shows '0:00.*ht'
    shot drawn
    keys Down Down M
    sleep 0.6
    t resize-window -t s -x 100 -y 24
    sleep 0.6
    until_shows 'F9Kill'
    shot resized
    keys q
    until_shows 'status 0'
}

play_python()
{
    on_screen /usr/bin/python3 -q
    until_shows '>>>'
    keys 'for n in range(3):' Enter '    print(n * 7)' Enter Enter
    until_shows '^14'
    keys 'import time; time.sleep(50)' Enter
    sleep 0.4
    keys C-c
    until_shows KeyboardInterrupt
    keys 'str.upp' Tab '"abc")' Enter
    until_shows ABC
    keys 'input("name? ")' Enter
    until_shows '^name?'
    keys 'Nobody' Enter
    until_shows "'Nobody'"
    shot talked
    keys C-d
    until_shows 'status 0'
}

case $1 in
vi | less | htop) need "$1" ;;
python) need /usr/bin/python3 ;;
esac
seq 1 100 | sed 's/^/line /' >"$input/text"
for way in native cell; do
    "play_$1"
    cp "$TEST_TMP/$way.shots" "$TEST_TMP/$way.out"
    t kill-server
    sleep 0.1
done
command="$1 on a screen"
same out
if [ "$1" = vi ]; then
    same file
fi
