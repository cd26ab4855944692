#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# redis-server under redis-benchmark: each request is counted once. On the host another such run has another port.
port=$((7400 + $$ % 20000))
folder=$(mktemp -d)
redis-server --port $port --save '' --daemonize no --dir "$folder" >/dev/null 2>&1 &
server=$!
for try in $(seq 1000); do redis-cli -p $port ping >/dev/null 2>&1 && break; sleep 0.05; done
redis-benchmark -p $port -q -c 20 -n "$1" -t incr,lpush,set,sadd >/dev/null 2>&1
echo "status $?"
redis-cli -p $port get counter:__rand_int__
redis-cli -p $port llen mylist
redis-cli -p $port dbsize
redis-cli -p $port shutdown nosave
wait $server
rmdir "$folder"
echo ended
