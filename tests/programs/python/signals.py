# SPDX-License-Identifier: Apache-2.0
import faulthandler, os, resource, select, signal, threading, time

got = []
for name in "SIGUSR1", "SIGUSR2", "SIGHUP", "SIGALRM", "SIGVTALRM", "SIGRTMIN", "SIGCHLD":
    signal.signal(getattr(signal, name), lambda n, f: got.append(n))
os.kill(os.getpid(), signal.SIGUSR1)
signal.raise_signal(signal.SIGUSR2)
signal.pthread_kill(threading.get_ident(), signal.SIGHUP)
signal.setitimer(signal.ITIMER_REAL, 0.02)
signal.pause()
print(got)
got.clear()
signal.setitimer(signal.ITIMER_VIRTUAL, 0.02)
until = time.monotonic() + 5
while not got and time.monotonic() < until:
    pass
print(got)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGRTMIN])
for _ in range(3):
    os.kill(os.getpid(), signal.SIGUSR1)
print(sorted(signal.sigpending()), signal.sigwait([signal.SIGUSR1]), sorted(signal.sigpending()))
print(signal.sigtimedwait([signal.SIGRTMIN], 0.05))
os.kill(os.getpid(), signal.SIGRTMIN)
info = signal.sigwaitinfo([signal.SIGRTMIN])
print(info.si_signo, info.si_pid == os.getpid(), info.si_code)
got.clear()
read, write = os.pipe()
signal.set_wakeup_fd(write, warn_on_full_buffer=False) if os.set_blocking(write, False) is None else None
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
print(select.select([read], [], [], 5)[0] == [read])
time.sleep(0.12)
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(got) >= 2)
signal.set_wakeup_fd(-1)
for number in signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP:
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        time.sleep(20)
        os._exit(0)
    os.kill(pid, number)
    status = os.waitpid(pid, os.WUNTRACED)[1]
    print(status)
    if os.WIFSTOPPED(status):
        os.kill(pid, signal.SIGCONT)
        print(os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1]))
        os.kill(pid, signal.SIGKILL)
        os.wait()
pid = os.fork()
if pid == 0:
    try:
        time.sleep(10)
    except KeyboardInterrupt:
        os._exit(33)
time.sleep(0.1)
os.kill(pid, signal.SIGINT)
print(os.waitstatus_to_exitcode(os.wait()[1]))
pid = os.fork()
if pid == 0:
    resource.setrlimit(resource.RLIMIT_CPU, (1, 2))
    while True:
        pass
print(os.waitstatus_to_exitcode(os.wait()[1]))
pid = os.fork()
if pid == 0:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import ctypes

    ctypes.string_at(8)
print(os.waitstatus_to_exitcode(os.wait4(pid, 0)[1]))
print(os.wait3(os.WNOHANG)[:2] if False else "no child left" if not os.path.exists(f"/proc/{pid}") else "left")
print("done")
