#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# redis-server with redis-cli and redis-benchmark in one cell.
# seconds: 120
. tests/programs/lib.sh
need redis-server redis-cli redis-benchmark

input script <<'EOF'
redis-server --port "$PORT" --bind 127.0.0.1 --unixsocket ./redis.sock --dir . --save '' --appendonly yes --io-threads 2 >log 2>&1 & server=$!
r="redis-cli -p $PORT"
for try in $(seq 50); do [ "$($r ping 2>/dev/null)" = PONG ] && break; sleep 0.1; done
$r ping; $r set a 1; $r incr a; $r rpush l 1 2 3; $r lrange l 0 -1; $r hset h f v; $r hgetall h; $r zadd z 1 a 2 b; $r zrevrange z 0 -1 withscores
$r eval 'return redis.call("incrby", KEYS[1], 10)' 1 a; $r set gone x px 50; sleep 0.2; $r get gone; $r get none; $r type l; $r incr l; seq 1000 | sed 's/^/lpush many /' | $r --pipe | tail -n 1
redis-cli -s ./redis.sock get a; ($r --csv subscribe channel | head -n 2) & sleep 0.5; $r publish channel hello; wait %2; $r bgsave; for i in $(seq 50); do [ "$($r info persistence | tr -d '\r' | sed -n 's/^rdb_bgsave_in_progress://p')" = 0 ] && break; sleep 0.1; done
ls dump.rdb; $r bgrewriteaof >/dev/null; sleep 1; $r dbsize; redis-benchmark -p "$PORT" -q -n 3000 -c 20 -t ping,set,get,lpush,mset; redis-benchmark -s ./redis.sock -q -n 2000 -P 16 -t set,get
$r debug sleep 0 >/dev/null; $r shutdown nosave; wait $server; echo "server $?"
redis-server --port "$PORT" --bind 127.0.0.1 --dir . --appendonly yes --save '' >>log 2>&1 & server=$!
for try in $(seq 50); do [ "$($r ping 2>/dev/null)" = PONG ] && break; sleep 0.1; done; $r get a; $r llen many; kill $server; wait $server; echo "again $?"; grep -c -i 'crash' log
EOF
filter="tr '\r' '\n' | sed -E '/rps=/d; s/: [0-9.]+ requests.*/: fast/; s/Background saving started by pid.*/saving/' | grep -v '^ *$'"
compare bash script
passes 'again 0'
