#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# stress-ng's stressors, each with its own verification switched on.
# cases: cpu vm pipe fork futex mmap signal socket-unix poll timer sem shm thread
. tests/programs/lib.sh
need stress-ng

limit=20
# By the kernel interface that the case is about; a bounded number of operations for each.
case $1 in
cpu) stressors='--cpu 2 --cpu-ops 300' ;;
vm) stressors='--vm 2 --vm-bytes 16M --vm-ops 2000' ;;
pipe) stressors='--pipe 2 --pipe-ops 200000' ;;
fork) stressors='--fork 2 --fork-ops 400 --vfork 1 --vfork-ops 200' ;;
futex) stressors='--futex 2 --futex-ops 50000' ;;
mmap) stressors='--mmap 2 --mmap-bytes 4M --mmap-ops 10 --mremap 1 --mremap-ops 3' ;;
signal) stressors='--signal 1 --signal-ops 50000 --sigsegv 1 --sigsegv-ops 5000 --sigq 1 --sigq-ops 5000 --kill 1 --kill-ops 5000 --sigpending 1 --sigpending-ops 5000' ;;
socket-unix) stressors='--sock 1 --sock-domain unix --sock-ops 200 --sockpair 1 --sockpair-ops 2000' ;;
poll) stressors='--poll 1 --poll-ops 2000 --epoll 1 --epoll-ops 500 --eventfd 1 --eventfd-ops 5000' ;;
timer) stressors='--timer 1 --timer-ops 2000 --timerfd 1 --timerfd-ops 500 --itimer 1 --itimer-ops 500 --nanosleep 1 --nanosleep-ops 100' ;;
# The POSIX one never ends before its time.
sem) stressors='--sem 2 --sem-sysv 2' limit=4 ;;
shm) stressors='--shm 1 --shm-bytes 1M --shm-objs 8 --shm-ops 30 --shm-sysv 1 --shm-sysv-bytes 1M --shm-sysv-segs 4 --shm-sysv-ops 30' ;;
thread) stressors='--pthread 1 --pthread-max 64 --pthread-ops 2000 --mutex 1 --mutex-ops 20000' ;;
*) exit 2 ;;
esac
seconds=25
# The figures differ; which stressors did something, failed or were skipped may not.
filter="sed -nE 's/\[[0-9]+\] //; s/^stress-ng: metrc: +([a-z-]+) +[1-9][0-9]* .*/\1 ran/p; /fail|FAIL|skip|error|successful/s/ in [0-9.]+s.*//p'"
# shellcheck disable=SC2086
compare stress-ng $stressors --verify --metrics-brief --timeout "$limit" --temp-path .
if ! grep -q 'successful run' "$TEST_TMP/native.raw-out" "$TEST_TMP/native.raw-err"; then
    cat "$TEST_TMP/native.raw-out" "$TEST_TMP/native.raw-err"
    exit 1
fi
