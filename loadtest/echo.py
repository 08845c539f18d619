#!/usr/bin/env python3
"""Echo, byte for byte: 1 GiB through tcp-echo, and 10,000 datagrams through udp-echo.

usage: echo.py [--tcp HOST:PORT] [--udp HOST:PORT] [--bytes N] [--datagrams N]

Without an address it starts loiter with both. TCP: a sender never waits for the reader, which reads
nothing at first and then pauses now and again, so that all buffers fill and the server must stop
reading (back-pressure). The sender half-closes at its end, and the echo must end there too, with the
same length and hash. UDP: a few datagrams in flight, each compared. Exit status 1: a mismatch.
"""
import argparse
import contextlib
import hashlib
import os
import random
import select
import shlex
import socket
import subprocess
import sys
import threading
import time

import servers

BLOCK = 256 * 1024
QUIET = 30  # seconds without a byte that count as a failure
PAUSE_EVERY = 64 * 1024 * 1024
WINDOW = 16  # datagrams in flight: few enough for any socket buffer
LARGEST = 8192  # bytes of a datagram, well within loopback's packet size


class Sender(threading.Thread):
    """Sends `total` bytes that do not repeat (a random block, numbered), then half-closes."""

    def __init__(self, sock, total):
        super().__init__(daemon=True)
        self.sock, self.total = sock, total
        self.hash, self.error, self.longest = hashlib.blake2b(), None, 0.0

    def run(self):
        block, left, number = bytearray(random.Random(1).randbytes(BLOCK)), self.total, 0
        try:
            while left:
                block[:8] = number.to_bytes(8, "big")
                piece = memoryview(block)[:left]
                self.hash.update(piece)
                begun = time.monotonic()
                self.sock.sendall(piece)
                self.longest = max(self.longest, time.monotonic() - begun)
                left -= len(piece)
                number += 1
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self.error = error


def tcp(address, total):
    """True if exactly what was sent came back."""
    with socket.create_connection(address, 5) as sock:
        sock.settimeout(QUIET)
        begun, sender, got, digest = time.monotonic(), Sender(sock, total), 0, hashlib.blake2b()
        sender.start()
        time.sleep(1)  # nothing is read: the sender must block
        stuck_at_first = sender.is_alive()
        try:
            while piece := sock.recv(BLOCK):
                digest.update(piece)
                if got // PAUSE_EVERY != (got + len(piece)) // PAUSE_EVERY:
                    time.sleep(0.05)
                got += len(piece)
        except OSError as error:
            print(f"tcp-echo: {type(error).__name__} after {got} bytes")
        sender.join(QUIET)
        took = time.monotonic() - begun
    same = sender.error is None and not sender.is_alive() and got == total and digest.digest() == sender.hash.digest()
    print(f"tcp-echo: {got} of {total} bytes back in {took:.1f} s, then FIN; hash {digest.hexdigest()[:16]}"
          f" {'is' if same else 'IS NOT'} that of what was sent (sender: {sender.error or 'no error'})")
    print(f"  the sender was blocked by full buffers: {'yes' if stuck_at_first else 'no (too few bytes)'},"
          f" at most {sender.longest:.2f} s at once")
    return same


def udp(address, count):
    """True if each datagram came back once and unchanged."""
    rng, sent, wrong, number, longest = random.Random(2), {}, 0, 0, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(address)
        while number < count or sent:
            while number < count and len(sent) < WINDOW:
                payload = number.to_bytes(4, "big") + rng.randbytes(rng.randrange(LARGEST - 4))
                sent[number] = payload
                sock.send(payload)
                longest, number = max(longest, len(payload)), number + 1
            if not select.select([sock], [], [], 5)[0]:
                break
            back = sock.recv(65536)
            wrong += sent.pop(int.from_bytes(back[:4], "big"), None) != back
    same = not sent and not wrong and number == count
    print(f"udp-echo: {number} datagrams of up to {longest} bytes, {len(sent)} lost, {wrong} changed"
          f" or unexpected: {'holds' if same else 'MISSED'}")
    return same


@contextlib.contextmanager
def loiter():
    """loiter with both echoes on ports chosen by the system: {"tcp-echo": address, ...}."""
    command = [servers.program("loiter", "LOITER"), "--workers", "1"]
    for scheme in ("http", "tcp-echo", "udp-echo"):
        command += ["--listen", f"{scheme}://127.0.0.1:0"]
    command += shlex.split(os.environ.get("LOITER_ARGS", ""))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env=servers.environment()) as process:
        try:
            lines = []
            guard = threading.Timer(servers.START_SECONDS, process.kill)
            guard.start()
            while len(lines) < 3 and (line := process.stdout.readline()):
                lines += [line.split()[1]] if line.startswith("listening ") else []
            guard.cancel()
            yield {scheme: place(rest) for scheme, _, rest in (line.partition("://") for line in lines)}
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()


def place(text):
    host, _, port = text.rpartition("://")[2].strip("/").rpartition(":")
    return host, int(port)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tcp", type=place, metavar="HOST:PORT")
    parser.add_argument("--udp", type=place, metavar="HOST:PORT")
    parser.add_argument("--bytes", type=int, default=1 << 30)
    parser.add_argument("--datagrams", type=int, default=10_000)
    chosen = parser.parse_args()
    with contextlib.ExitStack() as stack:
        if not chosen.tcp and not chosen.udp:
            found = stack.enter_context(loiter())
            if not {"tcp-echo", "udp-echo"} <= found.keys():
                sys.exit(f"loiter did not print both echo listeners, only {found}")
            chosen.tcp, chosen.udp = found["tcp-echo"], found["udp-echo"]
        results = [tcp(chosen.tcp, chosen.bytes)] if chosen.tcp else []
        results += [udp(chosen.udp, chosen.datagrams)] if chosen.udp else []
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
