#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# git: init, commit, branches, merge, clone, log, gc, fsck, bundle, worktree.
. tests/programs/lib.sh
need git

input script <<'EOF'
exec 2>&1
export GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z' GIT_PAGER=cat
git config --global user.name Name; git config --global user.email name@example.org; git config --global init.defaultBranch main
git config --global gc.auto 0; git config --global advice.detachedHead false; git config --global safe.directory '*'
git init -q one; cd one
for n in $(seq 1 30); do seq "$n" >"file$((n % 5))"; echo "$n" >"sub-$n"; git add .; git commit -q -m "commit $n"; done
git log --oneline | head -n 3; git log --stat -n 1; git show --format=%H%n%an HEAD~3 | head -n 12; git status --short --branch
git checkout -q -b side HEAD~10; echo side >side; git add side; git commit -q -m side; git checkout -q main; git merge -q -m merged side; git log --graph --format=%s -n 5
git tag -a v1 -m 'version one'; git describe; git blame -s file1 | head -n 3; git diff --shortstat HEAD~5; git grep -c 7 | head -n 3
echo changed >file1; git diff | tail -n 3; git stash -q; git stash list; git stash pop -q; git status --short; git checkout -q -- .; git rev-list --all --count
git gc -q; git count-objects | cut -d' ' -f1; git fsck --strict; git repack -q -a -d -f --threads=2; ls .git/objects/pack | wc -l
cd ..; git clone -q one two; git clone -q --bare --no-local one bare.git; git clone -q "file://$PWD/bare.git" three; git -C three log -n 1 --format=%T
cd two; echo two >two; git add .; git commit -q -m two; git push -q ../bare.git main; cd ../three; git pull -q; git log -n 1 --format=%s; git rebase -q HEAD~3; git log -n 1 --format=%H
git bundle create -q ../b main; git bundle verify -q ../b; echo $?; git worktree add -q ../tree HEAD~1; cat ../tree/sub-3; git archive HEAD | tar -tf - | wc -l; git cherry-pick no-such; echo $?
git rm -q sub-1; git mv sub-2 moved; git commit -q -m moved; git show --summary --format=%s -M; git reset -q --hard HEAD~1; git reflog | wc -l; git bisect start -q HEAD HEAD~10 >/dev/null; git bisect run test -e sub-25 | grep -c commit
echo '#!/bin/sh
echo hook ran' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; git bisect reset -q; git commit -q --allow-empty -m hooked; git ls-files | wc -l; git fetch -q ../one; git format-patch -q -1 --stdout HEAD~1 | wc -l
EOF
compare bash script
passes 'hook ran'
