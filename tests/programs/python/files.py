# SPDX-License-Identifier: Apache-2.0
import errno, fcntl, io, os, pathlib, shutil, stat, tempfile, time

root = pathlib.Path("tree")
for n in range(50):
    (root / f"d{n % 5}" / str(n)).mkdir(parents=True)
    (root / f"d{n % 5}" / str(n) / "file").write_text("x" * n)
print(sum(1 for _ in os.walk(root)), sum(p.stat().st_size for p in root.rglob("file")))
print(sorted(e.name for e in os.scandir(root)), shutil.disk_usage(".").total > 0)
shutil.copytree(root, "copy")
shutil.rmtree(root / "d0")
os.rename("copy", "renamed")
print(len(list(pathlib.Path(".").rglob("*"))))
with open("data", "w+b", buffering=0) as f:
    f.write(b"0123456789")
    f.seek(3)
    print(f.read(4), f.tell(), os.pread(f.fileno(), 2, 8), os.pwrite(f.fileno(), b"XY", 1), os.lseek(f.fileno(), 0, 1))
    print(os.readv(f.fileno(), [a := bytearray(1), b := bytearray(5)]), a, b)
    os.ftruncate(f.fileno(), 5)
    os.fsync(f.fileno())
    fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if os.fork() == 0:
        with open("data", "r+b") as again:
            try:
                fcntl.lockf(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as e:
                os._exit(e.errno)
        os._exit(0)
    print(os.wait()[1] >> 8 in (errno.EAGAIN, errno.EACCES))
    print(os.fstat(f.fileno()).st_size, fcntl.fcntl(f, fcntl.F_GETFL) & os.O_ACCMODE)
    os.posix_fallocate(f.fileno(), 0, 5000)
    print(os.path.getsize("data"), os.sendfile(f.fileno(), os.open("/usr/bin/env", 0), 0, 1000))
os.symlink("data", "link")
os.link("data", "hard")
print(os.readlink("link"), os.stat("hard").st_nlink, os.lstat("link").st_size, os.path.samefile("link", "hard"))
os.chmod("data", 0o751)
print(oct(os.stat("link").st_mode), stat.filemode(os.lstat("link").st_mode))
os.utime("data", ns=(10**18, 2 * 10**18))
print(os.stat("data").st_mtime_ns, os.stat("data").st_atime_ns)
for call in (
    lambda: os.rmdir("tree"), lambda: os.mkdir("tree"), lambda: os.unlink("none"), lambda: os.open("data/x", 0),
    lambda: os.open("link", os.O_NOFOLLOW), lambda: os.readlink("data"), lambda: os.listdir("data"), lambda: os.open("x" * 300, 0),
    lambda: os.rename("tree", "tree/d1/x"), lambda: os.open("tree", os.O_WRONLY), lambda: os.open("data", os.O_CREAT | os.O_EXCL),
    lambda: os.write(999, b""), lambda: os.symlink("a", "data"),
):
    try:
        print("no error", call())
    except OSError as e:
        print(errno.errorcode[e.errno])
try:
    os.open("/proc/none/new", os.O_CREAT | os.O_WRONLY)
except OSError as e:
    print(e)
directory = os.open("tree", os.O_DIRECTORY)
os.mkdir("made", dir_fd=directory)
print(os.path.isdir("tree/made"), os.access("made", os.F_OK, dir_fd=directory), sorted(os.listdir(directory)))
os.fchdir(directory)
print(os.path.basename(os.getcwd()))
os.chdir("..")
with tempfile.TemporaryDirectory() as d, tempfile.NamedTemporaryFile(dir=d) as f:
    f.write(b"temporary")
    f.flush()
    print(os.path.getsize(f.name))
with tempfile.TemporaryFile() as f:
    f.write(b"unnamed")
    print(f.seek(0), f.read())
os.mkfifo("fifo")
if os.fork() == 0:
    with open("fifo", "w") as f:
        f.write("through a fifo")
    os._exit(0)
print(open("fifo").read(), os.wait()[1])
master, slave = os.openpty()
os.write(slave, b"line\n")
print(os.read(master, 100), os.isatty(slave), os.ttyname(slave).startswith("/dev/pts/"))
print(os.get_terminal_size(slave).columns, len(os.listdir("/proc/self/fd")) > 3, os.path.exists("/dev/shm"))
fifo = os.open("fifo", os.O_RDONLY | os.O_NONBLOCK)
print(os.read(fifo, 10), os.dup2(fifo, 100), fcntl.fcntl(100, fcntl.F_GETFD), os.get_inheritable(fifo))
text = io.StringIO()
shutil.copyfileobj(open("/etc/passwd"), text)
print(text.getvalue().startswith("root:") or "root" in text.getvalue())
unlinked = open("gone", "w+")
os.unlink("gone")
unlinked.write("still here")
unlinked.seek(0)
print(unlinked.read(), os.fstat(unlinked.fileno()).st_nlink)
print("done")
