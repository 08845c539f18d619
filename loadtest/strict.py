#!/usr/bin/env python3
"""A strict closed-loop client: every request begun is accounted for, and nothing is tried again.

usage: strict.py [URL] [--path PATH]... [--connections N] [--seconds S] [--timeout S]

Without a URL it starts loiter itself. wrk does not count a request that was in flight at its end, and
some clients send again without a word when a kept connection was closed under them; here either is an
error. Checked for each answer: status 2xx, exactly Content-Length bytes, /delay not early, and no byte
before it was asked for. Exit status 1: any request that was not answered so.
"""
import argparse
import asyncio
import collections
import contextlib
import itertools
import re
import resource
import sys
import time
from urllib.parse import urlsplit

import servers


class Wrong(Exception):
    """An answer that came, but is not right; the message is what it is counted under."""


class Client:
    """One connection, opened again when it is closed with notice."""

    def __init__(self, chosen, counts, paths):
        self.chosen, self.counts, self.paths = chosen, counts, paths
        self.reader = self.writer = None

    async def run(self, end):
        while time.monotonic() < end:
            path = next(self.paths)
            self.counts["begun"] += 1
            begun = time.monotonic()
            try:
                await asyncio.wait_for(self.request(path), self.chosen.timeout)
                self.counts["ok"] += 1
            except Wrong as wrong:
                self.fail(str(wrong))
            except (asyncio.TimeoutError, OSError, EOFError, ValueError) as error:
                self.fail(type(error).__name__)
            over = time.monotonic() - begun - delay_of(path)
            self.chosen.worst = max(self.chosen.worst, over)
        self.close()

    async def request(self, path):
        if self.writer is None:
            place = self.chosen.host, self.chosen.port
            self.reader, self.writer = await asyncio.open_connection(*place)
        sent = time.monotonic()
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.chosen.netloc}\r\n\r\n".encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        if time.monotonic() - sent < delay_of(path):
            raise Wrong("early")
        status, *lines = head.split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "content-length" not in fields:
            raise Wrong("no Content-Length")
        await self.reader.readexactly(int(fields["content-length"]))
        if not re.match(r"HTTP/1\.1 2\d\d ", status):
            raise Wrong(f"status {status[9:12]}")
        # what is buffered now was sent without being asked for
        if self.reader._buffer:  # pylint: disable=protected-access
            raise Wrong("more than was asked for")
        if fields.get("connection", "").lower() == "close":
            self.close()

    def fail(self, reason):
        self.counts[reason] += 1
        self.close()

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


def delay_of(path):
    found = re.match(r"/delay/([\d.]+)", path)
    return float(found[1]) if found else 0.0


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("url", nargs="?", help="without it, loiter is started")
    parser.add_argument("--path", action="append", help="asked for in turn (default: /status/200, /get, /delay/0.05)")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--timeout", type=float, default=5, help="for one request, over which it has failed")
    chosen = parser.parse_args()
    chosen.path = chosen.path or ["/status/200", "/get", "/delay/0.05"]
    chosen.worst = 0.0
    return chosen


async def load(chosen, counts):
    end = time.monotonic() + chosen.seconds
    paths = itertools.cycle(chosen.path)
    clients = [Client(chosen, counts, paths) for _ in range(chosen.connections)]
    await asyncio.gather(*(client.run(end) for client in clients))


def main():
    chosen, counts = options(), collections.Counter()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        if not chosen.url:
            server = stack.enter_context(servers.loiter(0))
            chosen.url = f"http://{server.host}:{server.port}"
        url = urlsplit(chosen.url)
        chosen.host, chosen.port, chosen.netloc = url.hostname, url.port or 80, url.netloc
        asyncio.run(load(chosen, counts))
    begun, good = counts.pop("begun", 0), counts.pop("ok", 0)
    failed = sum(counts.values())
    print(f"begun {begun}, answered well {good}, failed {failed} {dict(counts) or ''}")
    print(f"longest, past its delay: {chosen.worst * 1000:.1f} ms")
    if begun != good + failed:
        sys.exit(f"{begun - good - failed} requests are not accounted for")
    sys.exit(1 if failed or not good else 0)


if __name__ == "__main__":
    main()
