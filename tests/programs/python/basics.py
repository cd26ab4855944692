# SPDX-License-Identifier: Apache-2.0
import decimal, fractions, hashlib, itertools, json, math, os, pickle, platform, random, re, struct, sys, textwrap, time, zlib

print(sys.version_info[:2], sys.byteorder, sys.maxsize, platform.system(), platform.machine())
random.seed(1)
numbers = [random.randrange(10**6) for _ in range(50000)]
print(sum(numbers), hashlib.sha256(json.dumps(sorted(numbers)).encode()).hexdigest())
print(2**200, math.factorial(50), decimal.Decimal(2).sqrt(), fractions.Fraction(355, 113), math.pi)
print(re.findall(r"(\w)(\d+)", "a1 b22 c333"), textwrap.fill("word " * 20, 30))
data = pickle.dumps({"x": [1, 2.5, "é"], "y": numbers[:100]})
print(pickle.loads(zlib.decompress(zlib.compress(data)))["x"], struct.pack("<iq", 1, -1))
print(sum(1 for p in itertools.permutations(range(8)) if p[0] < p[-1]))
before = time.monotonic()
time.sleep(0.05)
print(0.05 <= time.monotonic() - before < 5, time.perf_counter_ns() > 0, time.process_time() > 0, time.thread_time() >= 0)
print(abs(time.time() - time.clock_gettime(time.CLOCK_REALTIME)) < 1, time.get_clock_info("monotonic").adjustable)
print(len(os.urandom(16)), len(os.environ) > 3, os.getcwd() == os.path.realpath("."), os.cpu_count() > 0)
big = bytearray(64 << 20)
big[::4096] = b"x" * (len(big) // 4096)
print(big.count(b"x"), sys.getsizeof(big) > 64 << 20)
try:
    (lambda f: f(f))(lambda f: f(f))
except RecursionError as e:
    print("RecursionError")
try:
    open("/nonexistent/file")
except OSError as e:
    print(e.errno, e.strerror)
print("done")
