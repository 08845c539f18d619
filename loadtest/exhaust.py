#!/usr/bin/env python3
"""Exhaustion of descriptors, slots, ports and patience, and whether everything is released.

usage: exhaust.py [CHECK]... [--core N]

burst    256 descriptors, 5,000 connections while the server is stopped for a second: each is answered
         (200 or 503) or closed, none hangs; the queue drains; when full, it takes < 5 % of a core
churn    100,000 connections of one request each, closed by either side in turn
vanish   10,000 clients that leave during /delay, by RST and by FIN, twice with 10,000 slots
stingy   a client that reads one byte per second of 256 MiB (the kernel buffers some) is closed after
         --send-timeout, and so is one that reads one MiB per second where --min-send-rate is higher
Default: all. Descriptors and memory must return to their first values. Exit status 1: a check failed.
"""
import argparse
import collections
import contextlib
import multiprocessing
import os
import resource
import selectors
import signal
import socket
import struct
import sys
import time

import servers
from servers import anonymous, descriptors

REQUEST = "GET {} HTTP/1.1\r\nHost: a\r\n{}\r\n"
RST = struct.pack("ii", 1, 0)  # SO_LINGER with a timeout of 0
SLACK_BYTES = 4 << 20  # what an allocator may keep


def request(path, fields=""):
    return REQUEST.format(path, fields).encode()


def open_many(place, count, data, spread=5000):
    """Connecting non-blocking sockets, from several source addresses: {socket: bytes to send}."""
    found = {}
    for index in range(count):
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        sock.bind((f"127.1.{1 + index // spread}.1", 0))
        sock.connect_ex(place)
        found[sock] = data
    return found


def send_all(socks):
    """Sends on each socket that is connected."""
    for sock, data in socks.items():
        with contextlib.suppress(OSError):
            sock.send(data)
        socks[sock] = b""


def collect(socks, seconds):
    """Sends, reads a first piece from each, and counts the results."""
    counts, selector = collections.Counter(), selectors.DefaultSelector()
    for sock in socks:
        selector.register(sock, selectors.EVENT_WRITE if socks[sock] else selectors.EVENT_READ)
    end, left = time.monotonic() + seconds, len(socks)
    while left and time.monotonic() < end:
        for key, _ in selector.select(0.1):
            sock = key.fileobj
            try:
                if key.events == selectors.EVENT_WRITE:
                    sock.send(socks[sock])
                    selector.modify(sock, selectors.EVENT_READ)
                    continue
                got = sock.recv(4096)
                counts[got[9:12].decode() if got else "closed"] += 1
            except BlockingIOError:
                continue
            except OSError as error:
                counts[type(error).__name__] += 1
            selector.unregister(sock)
            left -= 1
    selector.close()
    counts["hung"] += left
    return counts


def queue(port):
    """Connections in the listeners' queues: Recv-Q of `ss -ltn`."""
    with open("/proc/net/tcp", encoding="ascii") as lines:
        rows = [line.split() for line in lines]
    return sum(int(row[4].split(":")[1], 16) for row in rows[1:] if row[3] == "0A" and int(row[1].split(":")[1], 16) == port)


def close_all(socks):
    for sock in socks:
        sock.close()


def works(place, path="/get"):
    with socket.create_connection(place, 5) as sock:
        sock.sendall(request(path))
        return sock.recv(65536).startswith(b"HTTP/1.1 200")


def settles(server, base, seconds):
    """Waits until descriptors are back at `base`, and prints the values."""
    end = time.monotonic() + seconds
    while descriptors(server.pid) > base[0] and time.monotonic() < end:
        time.sleep(0.05)
    open_now, memory = descriptors(server.pid), anonymous(server.pid)
    print(f"  descriptors {base[0]} then {open_now}, memory {base[1] >> 10} KiB then {memory >> 10} KiB")
    return open_now <= base[0] and memory <= base[1] + SLACK_BYTES


def start(core, *arguments, before=()):
    server = servers.loiter(core, *arguments, before=before)
    works((server.host, server.port))
    time.sleep(0.2)
    return server, (server.host, server.port), (descriptors(server.pid), anonymous(server.pid))


def burst(core):
    server, place, base = start(core, before=("prlimit", "--nofile=256"))
    with server:
        held, well = True, True
        for kind in ("kept", "left"):
            os.kill(server.pid, signal.SIGSTOP)
            socks = open_many(place, 5000, request("/get", "" if kind == "kept" else "Connection: close\r\n"))
            time.sleep(1)
            waiting = queue(server.port)
            os.kill(server.pid, signal.SIGCONT)
            begun = time.monotonic()
            counts = collect(socks, 60)
            took, drained = time.monotonic() - begun, queue(server.port)
            print(f"  5,000 connects ({kind}): {dict(counts)} in {took:.1f} s; queue {waiting}, then {drained}")
            held &= not counts["hung"] and not drained
            close_all(socks)
            well &= settles(server, base, 5) and works(place)
        socks = open_many(place, 400, request("/delay/9"))
        time.sleep(0.5)
        send_all(socks)
        time.sleep(0.5)
        cpu, now, late = server.cpu_ns(), time.monotonic(), {}
        while time.monotonic() < now + 5:  # new connections all the time, to be refused
            more = open_many(place, 10, request("/get"))
            time.sleep(0.1)
            send_all(more)
            late.update(more)
        share = (server.cpu_ns() - cpu) / 1e9 / (time.monotonic() - now)
        meanwhile = collect(late, 5)
        print(f"  full: {share:.2%} of a core; new ones: {dict(meanwhile)}; first: {dict(collect(socks, 10))}")
        close_all([*late, *socks])
        return held & well & settles(server, base, 5) & works(place) & (share < 0.05) & (not meanwhile["hung"])


def churn(core):
    server, place, base = start(core)
    with server, multiprocessing.Pool(2) as pool:
        begun = time.monotonic()
        ok = sum(pool.map(short, [(place, part, 10_000) for part in range(10)], 1))
        print(f"  {ok} answered in {time.monotonic() - begun:.1f} s")
        return (ok == 100_000) & settles(server, base, 5)


def short(job):
    """Connections one after the other; the server closes every other one first."""
    place, part, count = job
    ok = 0
    for index in range(count):
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.settimeout(5)
            sock.setsockopt(socket.IPPROTO_IP, 24, 1)
            sock.bind((f"127.2.{part + 1}.1", 0))
            sock.connect(place)
            sock.sendall(request("/status/200", "Connection: close\r\n" if index % 2 else ""))
            ok += sock.recv(4096).startswith(b"HTTP/1.1 200") and (index % 2 == 0 or sock.recv(1) == b"")
    return ok


def vanish(core):
    server, place, base = start(core, "--max-connections", "10000")
    with server:
        well = True
        for turn in range(2):
            socks = open_many(place, 10_000, request("/delay/6"))
            time.sleep(0.5)
            send_all(socks)
            time.sleep(1)
            full, memory = descriptors(server.pid) - base[0], anonymous(server.pid)
            for index, sock in enumerate(socks):
                if index % 2:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
                sock.close()
            time.sleep(0.5)
            print(f"  turn {turn + 1}: {full} waited ({memory >> 10} KiB); by RST {full - descriptors(server.pid) + base[0]} ended at once")
            well &= full == 10_000 and settles(server, base, 12)
        return well & works(place)


def stingy(core):
    """A zero window and one byte per second: nothing is read. One MiB per second: too little."""
    return all([taken_slowly(core, 1, 1, "1"), taken_slowly(core, 0, 1 << 20, "16MiB")])


def taken_slowly(core, window, piece, least):
    server, place, base = start(core, "--max-bytes", "1GiB", "--send-timeout", "2s", "--min-send-rate", least)
    with server, socket.socket() as sock:
        if window:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        sock.connect(place)
        sock.sendall(request(f"/bytes/{1 << 28}"))
        begun, taken = time.monotonic(), 0
        time.sleep(0.2)
        while descriptors(server.pid) > base[0] and time.monotonic() < begun + 20:
            with contextlib.suppress(OSError):
                taken += len(sock.recv(piece))
            time.sleep(1)
        print(f"  minimum {least}/s: closed after {time.monotonic() - begun:.0f} s and {taken} bytes")
        return settles(server, base, 1)


def main():
    checks = {"burst": burst, "churn": churn, "vanish": vanish, "stingy": stingy}
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("check", nargs="*", help=", ".join(checks))
    parser.add_argument("--core", default="0", help="core of the server")
    chosen = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    failed = []
    for name in chosen.check or checks:
        print(f"{name}:", flush=True)
        held = checks[name](chosen.core)
        print("ok" if held else "FAILED", name, flush=True)
        failed += [] if held else [name]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
