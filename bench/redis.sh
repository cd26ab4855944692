# SPDX-License-Identifier: Apache-2.0
# usage: redis.sh PORT   prints lines "TEST,REQUESTS A SECOND" of redis-benchmark over the loopback
port=$1
redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --daemonize no >/dev/null &
server=$!
until redis-cli -p "$port" ping >/dev/null 2>&1; do
    sleep 0.05
done
redis-benchmark -p "$port" -n 30000 -c 20 -t set,get --csv | tr -d '"' | sed -n 's/^\([GS]ET\),\([0-9.]*\),.*/\1,\2/p'
kill "$server"
wait "$server"
