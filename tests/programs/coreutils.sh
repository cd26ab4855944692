#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# coreutils: files, text, and what asks the system.
# cases: files text system
. tests/programs/lib.sh

input text <<'EOF'
pear 3
apple 1
fig 12
apple 1
quince 7
EOF
input files <<'EOF'

mkdir -p a/b/c; cd a; echo one >b/one; echo two >b/c/two; cp -a b b2; cp -r --reflink=auto b b3
mv b/one b/c/; ln b/c/two hard; ln -s b/c/two soft; ln -sf b/c soft; ln -sr b/c/one rel; readlink -f rel >/dev/null
ls -lR --time-style=+ --no-group . | sed -E 's/^total.*//; s/^([^ ]+ +[0-9]+) [^ ]+/\1/'
stat -c '%A %a %F %h %s %N' b hard soft b/c/one
touch -d '2001-02-03 04:05:06.789' stamp; stat -c '%y' stamp; touch -r stamp other; stat -c %Y other
chmod u=rw,g=r,o= stamp; chmod +x other; stat -c %a stamp other; chmod -R a+rX b
install -D -m 751 text sub/dir/installed; install -D -m 751 ../text sub/dir/installed; stat -c %a sub/dir/installed
truncate -s 1M big; stat -c '%s' big; fallocate -l 10000 alloc 2>&1; stat -c %s alloc
dd if=/dev/zero of=big bs=4k seek=2 count=3 conv=notrunc status=none; cksum big; du -b big alloc
dd if=big of=/dev/null bs=100000 2>&1 | head -n 2
mkfifo f; test -p f; echo $?; mkfifo f; mknod g p; ls -1F
rm b/none; rm -f b/none; rmdir b; rm -r b b2; ls
mktemp -d ./XXXXXX >/dev/null; echo $?; cd ..; pwd -P >/dev/null; realpath --relative-to=. a/soft
cp text /dev/full; echo $?; cat text >/dev/full; cat /dev/null nothing; shred -n 1 -u a/other; ls a/other
split -n 3 text part.; cat part.a? | cmp - text; csplit -s text /fig/; cat xx01; unlink xx00; link xx01 xx02
chown "$(id -u)" text; chgrp "$(id -g)" text; sync text; test -nt text; cp --preserve=all text copy; mv -n copy text; ls copy
head -c 100 /dev/urandom | wc -c; ls -d /proc/self/fd/0; test -e /dev/tty; echo $?; ls /dev/null /dev/zero /dev/full
vdir --time-style=+ --no-group text | sed -E 's/^([^ ]+ +[0-9]+) [^ ]+/\1/'; dircolors -b | head -c 20; pathchk a/b; df . >/dev/null
EOF
input words <<'EOF'
for c in 'sort' 'sort -r' 'sort -u' 'sort -k2n' 'sort -R --random-source=/dev/zero' 'uniq -c' wc nl tac 'tail -n 2' 'head -n -2' \
    'cut -c2-4' 'fmt -w 10' 'fold -w 3' 'pr -t -2' expand 'unexpand -a' 'tr -d aeiou' 'tr a-z A-Z' 'od -An -tx1' 'base64' 'base32' \
    md5sum sha1sum sha256sum sha512sum b2sum 'cksum -a crc' sum 'tsort' 'ptx -A' 'paste -sd+' 'shuf --random-source=/dev/zero' 'numfmt --field=2 --to=iec' \
'tee out' 'split -l 1 - p.' 'cat -A'; do
    echo "== $c"; $c <text; echo "-> $?"
done
join <(sort text) <(sort text); comm -12 <(sort text) <(sort -u text); seq -s, 0 0.5 3; printf '%s %5.2f %x\n' a 3.14159 255
factor 1000000007 600851475143; expr length hello; expr abc : 'a\(.\)c'; echo -e 'a\tb'; yes no | head -n 2; numfmt --to=iec 123456789
seq 100000 | sort -rn --parallel=2 -S 1M | head -n 3; seq 200000 | sha256sum; seq 30000 | shuf | sort -n | md5sum; cat p.aa p.ae
tail -n 1 -f text --pid=$$ & sleep 0.3; kill $!; (sleep 0.2; echo more >>grow) & touch grow; timeout 1.5 tail -f grow; echo $?
EOF
input system <<'EOF'
env | grep -E '^(HOME|PORT|TZ)=' | wc -l; printenv TZ; env -u TZ printenv TZ; echo $?
date -u -d '2024-02-29 12:00 + 1 year' +%c; date -u -d @0; TZ=America/New_York date -d @1700000000; date +%s | wc -c
id -u | grep -c '[0-9]'; whoami | wc -l; groups | wc -l; uname -s; uname -m; nproc | grep -c '[0-9]'; hostname >/dev/null; echo $?; arch
true; echo $?; false; echo $?; sleep 0.05; echo $?; timeout 0.1 sleep 9; echo $?; timeout --foreground 5 echo fine; timeout 1 no-such; echo $?
echo $(($(nice -n 1 nice) - $(nice))); nohup echo hup 2>/dev/null; stdbuf -oL echo buffered; kill -l TERM; kill -l 9; kill -0 $$; echo $?; chroot . true; echo $?
stty -a; echo $?; tty; test -t 0; echo $?; users | wc -c; who | wc -l; logname >/dev/null 2>&1; uptime >/dev/null 2>&1
test 1 -lt 2 -a -d . -a ! -e none; echo $?; [ -r text ]; echo $?; [ -w text ]; echo $?; [ -x text ]; echo $?; [ text -ef ./text ]; echo $?
df --output=target / | tail -n 1; du --apparent-size -b text; getconf PAGESIZE; getconf ARG_MAX; ulimit -s; cat /proc/self/comm; readlink /proc/self/exe
xargs -P 4 -n 1 -I{} sh -c 'echo {}' <<<"$(seq 8)" | sort; seq 5000 | xargs echo | wc; seq 3 | xargs -n 1 sh -c 'exit 255'; echo $?
setsid sh -c 'echo own session'; sh -c 'echo $PPID' | grep -c '[0-9]'; time -p true 2>/dev/null; find /proc/self/task -maxdepth 1 | wc -l
EOF
mkdir "$input/a.d"
case $1 in
files)
    filter="sed -E 's/(real|user|sys) .*//; s/, [0-9.e-]+ s, .*//; s/[0-9]+ -u/U/'"
    compare bash files
    ;;
text) compare bash words ;;
system)
    # Root may chroot on the host; nobody may in a cell.
    filter="sed -E 's/^chroot: .*/chroot/'"
    compare bash system
    ;;
esac
passes .
