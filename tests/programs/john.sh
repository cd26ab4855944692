#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# John the Ripper: word list with rules, incremental, two processes, an interrupted session, self-test.
# seconds: 240
. tests/programs/lib.sh
need john openssl gcc
seconds=110

# John keeps its state below the home directory that getpwuid(3) tells, whatever HOME says. The native
# run must not touch the user's own, so there (and only there) getpwuid is made to say $HOME.
(cd "$input" && gcc -shared -fPIC -x c -o home.so - <<'EOF'
#include <pwd.h>
#include <stdlib.h>
struct passwd *getpwuid(uid_t uid)
{
    static struct passwd p;
    p = (struct passwd){.pw_name = "user", .pw_uid = uid, .pw_dir = getenv("HOME")};
    return &p;
}
EOF
) || exit 1
for user in anna:summer bert:dragon1 carl:zzz dora:Password; do
    echo "${user%%:*}:$(openssl passwd -6 -salt "${user%%:*}salt" "${user#*:}"):1000:1000::/:/bin/sh"
done >"$input/sha512"
for user in eva:123456 fred:letmein1; do
    echo "${user%%:*}:$(openssl passwd -1 -salt "${user%%:*}" "${user#*:}")"
done >"$input/md5"
printf '%s\n' monkey summer dragon password letmein secret >"$input/words"
input script <<'EOF'
[ "$SIDE" = cell ] || export LD_PRELOAD=$PWD/home.so
john --wordlist=words --format=crypt sha512 | sort; john --show --format=crypt sha512
john --wordlist=words --rules --format=md5crypt md5 | sort; john --incremental=Digits --format=md5crypt md5 | sort; john --show --format=md5crypt md5
john --wordlist=words --rules --fork=2 --format=crypt sha512 2>&1 | sort; john --show --format=crypt sha512
john --format=nosuch md5; echo $?; john --wordlist=none --format=crypt sha512; echo $?; unshadow /etc/passwd none; echo $?
: >said; john --incremental --session=s --format=crypt sha512 >/dev/null 2>said & until grep -q ^Press said; do sleep 0.1; done; sleep 0.5
kill -INT $!; wait $!; echo "interrupted $?"; cat said >&2; rm said; ls s.rec
printf '%s\n' one two | john --stdin --stdout
EOF
filter="sed -E 's/[0-9]+g [0-9:]+ .*//; s/^Press .*//; s/(Cost|Node|Will|Each|words:) .*//; s/\([0-9]+ seconds?\)//
    s/^([0-9]+p) [0-9:]+ [0-9.]+p.s/\1/
    s/Loaded ([0-9]+) password hash(es)?.*/Loaded \1/; /^(Session|Use the|Warning|guesses|Note|Remaining|Waiting|Created)/d' | grep -v '^ *[0-9]*\$'"
compare bash script
passes 'anna:summer'
passes 'eva:123456'
passes 'dora:Password'
filter="sed -E '/^(Created|Will)/d; s/[0-9.]+[KM]?/N/g'"
compare bash -c '[ "$SIDE" = cell ] || export LD_PRELOAD=$PWD/home.so; john --test=1 --format=md5crypt'
passes DONE
