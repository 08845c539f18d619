#!/usr/bin/env python3
"""Lesson 1: a blocking socket. recv() does not return until the server answers, and nothing else gets done.

usage: blocking.py [URL] [DELAY]
"""
import socket
import sys
import time
from urllib.parse import urlsplit

url = urlsplit(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080")
delay = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
request = f"GET /delay/{delay:g} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n"

sock = socket.create_connection((url.hostname, url.port or 80))
sock.settimeout(delay + 10)  # so that a dead server cannot block us forever

sent = time.monotonic()
sock.sendall(request.encode())
print("sent, now recv() ...")

answer = sock.recv(4096)  # the whole program blocks on this line
waited = time.monotonic() - sent

while more := sock.recv(4096):  # "Connection: close": the answer ends with the stream
    answer += more
sock.close()

status = answer.split(b"\r\n", 1)[0].decode("latin-1")
print(f"recv() returned after {waited:.3f} s: {status}")
if " 200 " not in status + " ":
    sys.exit(f"not a 200: {status!r}")
if waited < delay:
    sys.exit(f"recv() returned early: it should have blocked for {delay:g} s")
print("blocked: one connection, one thread, and no other work done meanwhile")
