#!/usr/bin/env python3
"""Lesson 3: select. The kernel reports when the socket is readable; until then the program does other work.

usage: select_loop.py [URL] [DELAY]
"""
import select
import socket
import sys
import time
from urllib.parse import urlsplit

url = urlsplit(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080")
delay = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
request = f"GET /delay/{delay:g} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n"
TICK = 0.01  # seconds that select may wait before other work gets a turn


def other_work(turn):
    """Any short task: here, one more term of a series for pi."""
    return (-1) ** turn * 4.0 / (2 * turn + 1)


sock = socket.create_connection((url.hostname, url.port or 80))
sock.setblocking(False)

sent = time.monotonic()
sock.send(request.encode())

answer, turns, pi, waited = b"", 0, 0.0, None
while True:
    readable, _, _ = select.select([sock], [], [], TICK)
    if not readable:  # the tick is over without an answer: do other work
        pi += other_work(turns)
        turns += 1
        if time.monotonic() - sent > delay + 10:
            sys.exit("no answer")
        continue
    piece = sock.recv(4096)  # the socket is readable: this cannot block
    if waited is None:
        waited = time.monotonic() - sent
    if not piece:
        break
    answer += piece
sock.close()

status = answer.split(b"\r\n", 1)[0].decode("latin-1")
if " 200 " not in status + " ":
    sys.exit(f"not a 200: {status!r}")
if waited < delay:
    sys.exit(f"answered early: after {waited:.3f} s, not {delay:g} s")
if turns == 0:
    sys.exit("no other work was done during the wait")
print(f"answered after {waited:.3f} s: {status}")
print(f"meanwhile {turns} turns of other work: pi is about {pi:.4f}")
