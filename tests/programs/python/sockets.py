# SPDX-License-Identifier: Apache-2.0
import array, http.server, os, select, selectors, socket, struct, threading, urllib.request

for family, host in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
    server = socket.create_server((host, 0), family=family)
    client = socket.create_connection(server.getsockname()[:2])
    peer, address = server.accept()
    print(address[0], peer.getpeername() == client.getsockname())
    client.sendall(b"0123456789" * 50000) if os.fork() else (client.close(), os._exit(0))
    client.shutdown(socket.SHUT_WR)
    print(sum(len(part) for part in iter(lambda: peer.recv(65536), b"")))
    os.wait()
    peer.settimeout(0.05)
    print(peer.recv(1))
    peer.close()
    try:
        client.sendall(b"x" * 10000000)
    except OSError as e:
        print(type(e).__name__)
    server.close()
one, two = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
one.bind(("127.0.0.1", 0))
two.sendto(b"datagram", one.getsockname())
print(one.recvfrom(100)[0])
one.settimeout(0.05)
try:
    one.recv(1)
except TimeoutError as e:
    print(e)

left, right = socket.socketpair()
read, write = os.pipe()
socket.send_fds(left, [b"take"], [write])
data, descriptors, _, _ = socket.recv_fds(right, 10, 2)
os.write(descriptors[0], b"passed")
print(data, os.read(read, 10))
print(struct.unpack("3i", right.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0] == os.getpid())
left.setblocking(False)
try:
    left.recv(1)
except BlockingIOError as e:
    print(e.errno)
print(select.select([left], [left], [], 0.05)[1] == [left])
right.close()
print(left.recv(1))
packets = socket.socketpair(type=socket.SOCK_SEQPACKET)
packets[0].send(b"one")
packets[0].send(b"two")
print(packets[1].recv(100), packets[1].recv(2))
listener = socket.socket(socket.AF_UNIX)
listener.bind("\0abstract" + str(os.getpid()))
listener.listen()
client = socket.socket(socket.AF_UNIX)
client.connect(listener.getsockname())
print(listener.accept()[0].send(b"hi"), client.recv(10))
selector = selectors.DefaultSelector()
pairs = [socket.socketpair() for _ in range(50)]
for n, (here, there) in enumerate(pairs):
    selector.register(here, selectors.EVENT_READ, n)
for n in 3, 17, 42:
    pairs[n][1].send(b"!")
print(type(selector).__name__, sorted(key.data for key, _ in selector.select(1)))
poll = select.poll()
poll.register(pairs[3][0], select.POLLIN)
print(poll.poll(1000)[0][1], select.epoll().poll(0.01))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"path {self.path}\n".encode() * 1000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=web.serve_forever, daemon=True).start()
for n in range(20):
    got = urllib.request.urlopen(f"http://localhost:{web.server_port}/{n}", timeout=10).read()
print(len(got), got[:8])
web.shutdown()
try:
    socket.create_connection(("127.0.0.1", 1), timeout=5)
except OSError as e:
    print(e)
print(socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM)[0][4])
print("done")
