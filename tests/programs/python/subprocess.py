# SPDX-License-Identifier: Apache-2.0
import os, pathlib, shlex, signal, sys
import subprocess
from subprocess import PIPE, STDOUT, run

print(run(["echo", "one"], capture_output=True, text=True))
print(run("cat; echo err >&2; exit 3", shell=True, input=b"in", capture_output=True))
print(run(["sort", "-r"], input="a\nb\nc\n", text=True, stdout=PIPE).stdout.split())
print(subprocess.check_output(["sh", "-c", "echo $A"], env={"A": "given", "PATH": os.environ["PATH"]}))
try:
    run(["no-such-program"])
except FileNotFoundError as e:
    print(e)
try:
    run(["sleep", "10"], timeout=0.1)
except subprocess.TimeoutExpired as e:
    print(e)
try:
    run(["false"], check=True)
except subprocess.CalledProcessError as e:
    print(e)
p = subprocess.Popen(["sleep", "10"])
print(p.poll())
p.terminate()
print(p.wait())
p = subprocess.Popen(["sleep", "10"], start_new_session=True)
os.killpg(p.pid, signal.SIGKILL)
print(p.wait())
first = subprocess.Popen(["seq", "1000"], stdout=PIPE)
second = subprocess.Popen(["wc", "-l"], stdin=first.stdout, stdout=PIPE)
first.stdout.close()
print(second.communicate()[0].strip(), first.wait())
print(run([sys.executable, "-c", "import os, sys; print(os.getcwd() == '/usr'); sys.exit(5)"], cwd="/usr", stdout=PIPE))
print(run(["sh", "-c", "kill -SEGV $$"]).returncode)
big = "x" * 1000000
print(len(run(["cat"], input=big, text=True, stdout=PIPE).stdout))
many = [subprocess.Popen(["sh", "-c", f"exit {n}"]) for n in range(30)]
print(sum(p.wait() for p in many))
read, write = os.pipe()
p = subprocess.Popen(["sh", "-c", f"echo through {write} >&{write}"], pass_fds=[write])
os.close(write)
print(os.read(read, 100) == f"through {write}\n".encode(), p.wait())
p = subprocess.Popen(["cat", "-"], stdin=subprocess.DEVNULL, preexec_fn=lambda: os.nice(1))
print(p.wait(), os.system("exit 4") >> 8, os.popen("echo popen").read())
print(os.posix_spawnp("true", ["true"], os.environ) > 0, os.wait()[1])
p = subprocess.Popen([sys.executable, "-i"], stdin=PIPE, stdout=PIPE, stderr=STDOUT, text=True)
print(p.communicate("print(6 * 7)\nexit(2)\n")[0].count("42"), p.returncode)
print("done")
