# SPDX-License-Identifier: Apache-2.0
import os, signal, sys
import asyncio


async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def client(port, n):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = []
    for i in range(10):
        writer.write(f"line {n}.{i}\n".encode())
        got.append(await reader.readline())
    writer.close()
    await writer.wait_closed()
    return len(got), got[-1]


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(data[::-1], address)


class Once(asyncio.DatagramProtocol):
    def __init__(self, future):
        self.future = future

    def datagram_received(self, data, address):
        self.future.set_result(data)


async def main():
    loop = asyncio.get_running_loop()
    loop.slow_callback_duration = 60  # -X dev warns of a loaded machine
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(await asyncio.gather(*(client(port, n) for n in range(20))))
    server.close()
    await server.wait_closed()
    unix = await asyncio.start_unix_server(serve, "socket")
    reader, writer = await asyncio.open_unix_connection("socket")
    writer.write(b"unix\n")
    print(await reader.readline())
    writer.close()
    unix.close()
    p = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    print(await p.communicate(b"through a subprocess"), p.returncode)
    p = await asyncio.create_subprocess_shell("exit 7")
    print(await p.wait())
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.05)
    except asyncio.TimeoutError:
        print("timeout")
    got = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, got.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    print(await asyncio.wait_for(got.wait(), 5))
    echo, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    answer = loop.create_future()
    sender, _ = await loop.create_datagram_endpoint(lambda: Once(answer), remote_addr=echo.get_extra_info("sockname"))
    sender.sendto(b"datagram")
    print(await asyncio.wait_for(answer, 5))
    echo.close()
    sender.close()
    print(await asyncio.to_thread(sum, range(1000)), await loop.run_in_executor(None, os.getcwd) == os.getcwd())
    order = []

    async def nap(n):
        await asyncio.sleep(n / 20)
        order.append(n)

    async with asyncio.TaskGroup() as group:
        for n in 3, 1, 2:
            group.create_task(nap(n))
    print(order)
    try:
        await asyncio.open_connection("127.0.0.1", 1)
    except OSError as e:
        print(e.errno)


asyncio.run(main())
print("done")
