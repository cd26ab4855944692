# SPDX-License-Identifier: Apache-2.0
# A server and its clients on the cell's loopback.
redis-server --port 7391 --save '' --daemonize no --dir /tmp >/dev/null 2>&1 &
server=$!
until redis-cli -p 7391 ping >/dev/null 2>&1; do sleep 0.05; done
for i in $(seq 1 150); do redis-cli -p 7391 incrby n "$i" >/dev/null; done
redis-cli -p 7391 get n
redis-cli -p 7391 shutdown nosave
wait $server
echo ended
