#!/usr/bin/env python3
"""loiter with logs that nobody reads and clients that vanish.

usage: stuck.py [--seconds N]

Starts loiter with standard error in a full pipe, the access log in a full FIFO, and two kinds of
clients: some request a delay and leave before the answer, by FIN, RST, or within a body; others request
/get on kept connections and must get every answer. Signals that reopen the logs come now and then.
Checks: every /get is a 200 and takes less than a second, descriptors and memory return to their first
values, and SIGTERM ends the process within its --shutdown-timeout plus a second. Exit status 1: not so.
"""
import argparse
import fcntl
import os
import random
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import servers

SHUTDOWN = 2  # seconds, the server's --shutdown-timeout
LONGEST = 1.0  # seconds for an answer to /get meanwhile
GROWTH = 4096  # KiB of memory growth after the warm-up
VANISHING = 8  # clients at a time


def fill(descriptor):
    """Fills a pipe through another open file description, so that the server's stays blocking."""
    own = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK)
    try:
        while os.write(own, b"x" * 4096):
            pass
    except BlockingIOError:
        pass
    try:
        while os.write(own, b"x"):
            pass
    except BlockingIOError:
        os.close(own)


def vanish(port, end, chance):
    """Clients, one after the other, that leave before the answer; returns their number."""
    count = 0
    while time.monotonic() < end:
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            body = chance.random() < 0.3
            head = f"GET /delay/{chance.random():.3f} HTTP/1.1\r\nHost: a\r\n\r\n"
            if body:
                head = "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc"
            sock.sendall(head.encode())
            time.sleep(chance.random() * 0.05)
            if chance.random() < 0.5:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        count += 1
    return count


def ask(port, end):
    """Requests on a kept connection: answered, not answered, and the longest time in seconds."""
    good, bad, longest = 0, 0, 0.0
    sock = socket.create_connection(("127.0.0.1", port), 5)
    sock.settimeout(10)
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            sock.sendall(b"GET /get HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = sock.recv(65536)
        except OSError:
            answer = b""
        longest = max(longest, time.monotonic() - began)
        if answer.startswith(b"HTTP/1.1 200 "):
            good += 1
        else:
            bad += 1
            sock = socket.create_connection(("127.0.0.1", port), 5)
            sock.settimeout(10)
        time.sleep(0.01)
    return good, bad, longest


def state(pid):
    """Descriptors of all threads, and resident KiB."""
    tables = {tuple(sorted(os.listdir(f"/proc/{pid}/task/{task}/fd")))
              for task in os.listdir(f"/proc/{pid}/task")}
    resident = [line for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS")]
    return sum(map(len, tables)), int(resident[0].split()[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    seconds = parser.parse_args().seconds
    folder = tempfile.TemporaryDirectory()
    fifo = os.path.join(folder.name, "access")
    os.mkfifo(fifo)
    unread = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)  # a reader that never reads
    fcntl.fcntl(unread, fcntl.F_SETPIPE_SZ, 4096)
    quiet, loud = os.pipe()
    fcntl.fcntl(loud, fcntl.F_SETPIPE_SZ, 4096)
    fill(loud)
    server = subprocess.Popen(
        [servers.program("loiter", "LOITER"), "--listen", "127.0.0.1:0", "--log-level", "debug",
         "--access-log", "json", "--access-log-file", fifo, "--shutdown-timeout", f"{SHUTDOWN}s"],
        stdout=subprocess.PIPE, stderr=loud, env=servers.environment())
    try:
        port = int(server.stdout.readline().decode().strip().rsplit(":", 1)[1])
        begin = time.monotonic()
        end, results, vanished = begin + seconds, [], []
        threads = [threading.Thread(target=lambda: results.append(ask(port, end))) for _ in range(4)]
        threads += [threading.Thread(target=lambda n=n: vanished.append(vanish(port, end, random.Random(n))))
                    for n in range(VANISHING)]
        for thread in threads:
            thread.start()
        warm = None
        while time.monotonic() < end:
            time.sleep(min(1, seconds / 10))
            server.send_signal(random.choice([signal.SIGUSR1, signal.SIGHUP]))
            if warm is None and time.monotonic() > begin + seconds / 5:
                warm = state(server.pid)
        for thread in threads:
            thread.join()
        time.sleep(2)  # the last delays end
        after = state(server.pid)
        asked = time.monotonic()
        server.terminate()
        try:
            status = server.wait(SHUTDOWN + 8)
        except subprocess.TimeoutExpired:
            status = None
        took = time.monotonic() - asked
    finally:
        server.kill()
        server.wait()
    good, bad = sum(r[0] for r in results), sum(r[1] for r in results)
    longest = max(r[2] for r in results)
    print(f"{good} answered, {bad} not; the longest {longest * 1000:.1f} ms; {sum(vanished)} clients vanished")
    print(f"descriptors {warm[0]} -> {after[0]}, memory {warm[1]} -> {after[1]} KiB; "
          f"SIGTERM: status {status} after {took:.2f} s")
    holds = (bad == 0 and longest < LONGEST and after[0] <= warm[0] and after[1] <= warm[1] + GROWTH
             and status == 0 and took < SHUTDOWN + 1)
    print("holds" if holds else "DOES NOT HOLD")
    os.close(quiet)
    raise SystemExit(0 if holds else 1)


if __name__ == "__main__":
    main()
