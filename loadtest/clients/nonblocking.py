#!/usr/bin/env python3
"""Lesson 2: a non-blocking socket. recv() never waits: with no data it raises BlockingIOError at once.

usage: nonblocking.py [URL] [DELAY]

The program is free to do other work, but it must poll. In lesson 3 the kernel reports when to read.
"""
import socket
import sys
import time
from urllib.parse import urlsplit

url = urlsplit(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080")
delay = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
request = f"GET /delay/{delay:g} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n"

sock = socket.create_connection((url.hostname, url.port or 80))
sock.setblocking(False)  # the one line that differs from lesson 1

sent = time.monotonic()
sock.send(request.encode())

answer, refusals, first_try = b"", 0, None
while True:
    try:
        piece = sock.recv(4096)
    except BlockingIOError:  # EAGAIN: no data yet, and the call did not wait
        refusals += 1
        if first_try is None:
            first_try = time.monotonic() - sent
            print(f"recv() raised BlockingIOError after {first_try * 1000:.1f} ms")
        if time.monotonic() - sent > delay + 10:
            sys.exit("no answer")
        time.sleep(0.001)  # without this line the loop would use a whole core
        continue
    if not piece:
        break
    waited = waited if answer else time.monotonic() - sent
    answer += piece
sock.close()

status = answer.split(b"\r\n", 1)[0].decode("latin-1")
if " 200 " not in status + " ":
    sys.exit(f"not a 200: {status!r}")
if first_try is None or first_try >= delay:
    sys.exit("recv() did not raise BlockingIOError at once")
if waited < delay:
    sys.exit(f"answered early: after {waited:.3f} s, not {delay:g} s")
print(f"answered after {waited:.3f} s: {status}; {refusals} calls without data")
