#!/usr/bin/env python3
"""A strict closed-loop client: every request begun is counted, and none is retried.

usage: strict.py [URL] [--path PATH]... [--connections N] [--seconds S] [--timeout S]
                 [--body BYTES] [--close] [--json]

Without a URL it starts loiter itself. wrk does not count a request in flight at its end, and some
clients silently retry when a kept connection was closed; here both are errors. Checked for each answer:
status 2xx, exactly Content-Length bytes (or all chunks), /delay not early, and no byte before the
request. With --body, the request is a POST and its body must come back; with --close, the server must
close the connection. Exit status 1: a request without a right answer.
"""
import argparse
import asyncio
import collections
import contextlib
import itertools
import json
import re
import resource
import sys
import time
from urllib.parse import urlsplit

import servers


class Wrong(Exception):
    """A wrong answer; the message is the reason in the counts."""


class Client:
    """One connection, reopened when the server has announced that it closes."""

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
        self.writer.write(self.chosen.head(path) + self.chosen.filler)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        if time.monotonic() - sent < delay_of(path):
            raise Wrong("early")
        status, *lines = head.split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await self.body(fields)
        if not re.match(r"HTTP/1\.1 2\d\d ", status):
            raise Wrong(f"status {status[9:12]}")
        if self.chosen.filler and body != self.chosen.filler:
            raise Wrong("not what was sent")
        if self.chosen.close and await self.reader.read(1):
            raise Wrong("connection not closed")
        # bytes that are buffered now came before a request
        if self.reader._buffer:  # pylint: disable=protected-access
            raise Wrong("bytes before a request")
        if self.chosen.close or fields.get("connection", "").lower() == "close":
            self.close()

    async def body(self, fields):
        """Content-Length bytes, or all chunks."""
        if "content-length" in fields:
            return await self.reader.readexactly(int(fields["content-length"]))
        if fields.get("transfer-encoding", "").lower() != "chunked":
            raise Wrong("no Content-Length")
        parts = []
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            parts.append(await self.reader.readexactly(size))
            await self.reader.readexactly(2)
        await self.reader.readuntil(b"\r\n")
        return b"".join(parts)

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


def request_head(chosen, path):
    method, more = ("POST", f"Content-Length: {chosen.body}\r\n") if chosen.body else ("GET", "")
    more += "Connection: close\r\n" if chosen.close else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {chosen.netloc}\r\n{more}\r\n".encode()


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("url", nargs="?", help="default: starts loiter")
    parser.add_argument("--path", action="append", help="in turn (default: /status/200, /get, /delay/0.05)")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--timeout", type=float, default=5, help="seconds for one request")
    parser.add_argument("--body", type=int, default=0, help="bytes to post and to receive")
    parser.add_argument("--close", action="store_true", help="a new connection for each request")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    chosen.filler = b"x" * chosen.body
    chosen.head = lambda path: request_head(chosen, path)
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
    if chosen.json:
        print(json.dumps({"begun": begun, "good": good, "failed": failed, "failures": counts}))
    else:
        print(f"begun {begun}, answered {good}, failed {failed} {dict(counts) or ''}")
        print(f"longest beyond its delay: {chosen.worst * 1000:.1f} ms")
    if begun != good + failed:
        sys.exit(f"{begun - good - failed} requests are not counted")
    sys.exit(1 if failed or not good else 0)


if __name__ == "__main__":
    main()
