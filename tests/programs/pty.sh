#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Terminals made inside the cell: script and tmux drive interactive shells.
# cases: script tmux expect
. tests/programs/lib.sh

input commands <<'EOF'
PS1='> '; stty cols 70 rows 20
tty | sed 's/[0-9]*$//'; stty size; [ -t 0 ] && echo a terminal
sleep 30
echo after $?
sleep 31
jobs
kill -9 %1; sleep 0.2
echo killed
exit 7
EOF
input script.sh <<'EOF'
script -q -e -c 'stty -a | head -n 1 | cut -d";" -f2-3; tty | sed "s/[0-9]*$//"; test -t 0 && echo terminal; exit 5' out </dev/null; echo $?; tail -n +2 out | head -n 4
# The keys come with pauses, as from a person: ^C ends the first sleep, ^Z stops the second.
{ sleep 0.5; while read -r line; do printf '%s\r' "$line"; sleep 0.4; case $line in *30) printf '\003'; sleep 0.4 ;; *31) printf '\032'; sleep 0.4 ;; esac; done <commands; } |
    script -q -e -c 'bash --norc --noprofile -i' typed >/dev/null; echo "$?"
tr -d '\r' <typed | sed 's/\x1b\[[?0-9;]*[a-zA-Z]//g' | grep -E '^(/dev/pts/|20 70|a terminal|after 130|\[1\]|killed)'
EOF
input tmux.sh <<'EOF'
t() { tmux -f /dev/null -L test "$@"; }
wait_for() { for try in $(seq 100); do t capture-pane -p -t "$1" | grep -q -e "$2" && return; sleep 0.05; done; echo "no '$2' in:"; t capture-pane -p -t "$1"; }
t new-session -d -s s -x 60 -y 18 'env PS1="$ " bash --norc --noprofile'; t set -g status off; wait_for s '^[$]'
t send-keys -t s 'echo in tm""ux; stty size' Enter; wait_for s '^in tmux'
t send-keys -t s 'sleep 50' Enter; wait_for s 'sleep 50'; sleep 0.3; t send-keys -t s C-c; t send-keys -t s 'echo status $?' Enter; wait_for s 'status 130'
t send-keys -t s 'sleep 51' Enter; sleep 0.3; t send-keys -t s C-z; wait_for s Stopped; t send-keys -t s 'kill -9 %%; sleep 0.3; echo go''ne' Enter; wait_for s '^gone'; sleep 0.3
t capture-pane -p -t s; t resize-window -t s -x 80 -y 24; sleep 0.2; t send-keys -t s 'clear; stty size' Enter; wait_for s '24 80'
t split-window -t s -h 'cat'; t send-keys -t s 'into cat' Enter; wait_for s 'into cat'; t list-panes -t s -F '#{pane_index} #{pane_width} #{pane_height} #{pane_current_command}'
t send-keys -t s C-d; sleep 0.3; t list-panes -t s -F '#{pane_index}'; t send-keys -t s 'exit 3' Enter; sleep 0.5; t ls; echo $?
EOF
input talk.exp <<'EOF'
set timeout 10
proc must {pattern} {
    expect {
        -re $pattern {
            puts "saw $pattern"
        }
        timeout {
            puts "no $pattern"
            exit 1
        }
        eof {
            puts "end before $pattern"
            exit 2
        }
    }
}
log_user 0
spawn env TERM=dumb PS1=READY> bash --norc --noprofile
must {READY>}
send "echo \$((6 * 7))\r"; must "\n42\r"
send "stty rows 33 cols 99; stty size\r"; must {33 99}
send "sleep 20\r"; after 300; send "\003"; must {READY>}
send "echo was \$?\r"; must {was 130}
send "cat\r"; after 200; send "line of text\r"; must "text\r\nline of text"
send "\032"; must {Stopped}
send "fg\r"; after 200; send "\004"; must {READY>}
send "stty -echo; read -r x; stty echo; echo got \$x\r"; after 300; send "hidden\r"; must {got hidden}
send "trap 'echo WINCH' WINCH; stty rows 40; sleep 0.2\r"; must {READY>}
send "exit 9\r"; expect eof; set result [wait]; puts "status [lindex $result 3]"
spawn env TERM=dumb python3 -q
must {>>> }; send "6*7\r"; must {42}; send "import readline; 'a'.upper\t\r"; must {upper}; send "\004"; expect eof
EOF
case $1 in
script)
    need script bash
    compare bash script.sh
    passes 'after 130'
    ;;
tmux)
    need tmux bash
    compare bash tmux.sh
    passes 'into cat\|gone'
    ;;
expect)
    need expect /usr/bin/python3
    compare expect talk.exp
    passes 'status 9'
    ;;
esac
