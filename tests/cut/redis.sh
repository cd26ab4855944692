#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A server and its clients on the cell's loopback; on the host another such run has another port.
port=$((7400 + $$ % 20000))
redis-server --port $port --save '' --daemonize no --dir /tmp >/dev/null 2>&1 &
server=$!
for try in $(seq 1000); do redis-cli -p $port ping >/dev/null 2>&1 && break; sleep 0.05; done
for i in $(seq 1 150); do redis-cli -p $port incrby n "$i" >/dev/null; done
redis-cli -p $port get n
redis-cli -p $port shutdown nosave
wait $server
echo ended
