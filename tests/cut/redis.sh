#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A server and its client, over a socket of their own.
socket=$(mktemp -d)/redis
cli() { redis-cli -s "$socket" "$@"; }
redis-server --port 0 --unixsocket "$socket" --save '' --daemonize no --dir /tmp >/dev/null 2>&1 &
until cli ping >/dev/null 2>&1; do sleep 0.05; done
for i in $(seq 1 150); do cli incrby n "$i" >/dev/null; done
cli get n
cli shutdown nosave
wait
