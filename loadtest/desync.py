#!/usr/bin/env python3
"""Plays a corpus of smuggling requests: one that is ambiguous gets one answer and a closed connection.

usage: desync.py [DIRECTORY] [--url URL] [--verbose]

DIRECTORY holds the YAML vectors of the crate http_desync_guardian (its tests/ folder; without it,
they are looked for where `cargo fetch` puts them). Each request is sent as it stands and, where its
path is not the point, once more for /anything, each four times: followed by nothing, by an empty chunked body, by as many bytes as its
Content-Length says, by a body of one chunk; and then by a probe, a second request. What the corpus
calls Severe or Ambiguous must be refused, or answered once and closed: the probe is never answered.
What it calls Compliant or Acceptable must not hang and never be a 5xx but 501 and 505. PyYAML needed.
"""
import argparse
import collections
import contextlib
import glob
import os
import re
import socket
import sys
from urllib.parse import urlsplit

import yaml

import servers

CRATE = "~/.cargo/registry/src/*/http_desync_guardian-*/tests"
PROBE = b"GET /status/299 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
# What makes no doubt where a request ends. The corpus is about proxies, whose next hop may think
# otherwise; an origin server reads the body as framed, and then there is nothing left to smuggle.
CLEAR = {"UndefinedContentLengthSemantics", "UndefinedTransferEncodingSemantics"}
WAIT = 3  # seconds without a byte or an end: it hangs


def vectors(directory):
    for file in sorted(glob.glob(os.path.join(directory, "*.yaml"))):
        with open(file, encoding="utf-8") as stream:
            for case in yaml.safe_load(stream) or []:
                yield os.path.basename(file), case


def raw(text):
    return str("" if text is None else text).encode("latin-1", "replace")


def head(case, uri):
    fields = [(raw(field["name"]), raw(field.get("value"))) for field in case.get("headers") or []]
    line = b" ".join([raw(case["method"]), uri, raw(case["version"])]).rstrip(b" ") + b"\r\n"
    named = any(name.lower() == b"host" for name, _ in fields)
    lines = [] if named else [b"Host: a\r\n"]
    lines += [name + b":" + value + b"\r\n" for name, value in fields]
    return line + b"".join(lines) + b"\r\n", fields


def bodies(fields):
    lengths = [int(found[0]) for name, value in fields
               if name.strip().lower() == b"content-length" and (found := re.search(rb"\d{1,6}", value))]
    yield "nothing", b""
    yield "last chunk", b"0\r\n\r\n"
    yield "length", b"x" * (min(lengths[0], 100_000) if lengths else 0)
    yield "one chunk", b"3\r\nabc\r\n0\r\n\r\n"


def play(place, data):
    """What came back, and how it ended: closed, reset or hangs."""
    got = b""
    with socket.create_connection(place, WAIT) as sock:
        sock.settimeout(WAIT)
        with contextlib.suppress(OSError):
            sock.sendall(data)
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
        try:
            while piece := sock.recv(65536):
                got += piece
        except socket.timeout:
            return got, "hangs"
        except OSError:
            return got, "reset"
    return got, "closed"


def statuses(got):
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", got)]


def judge(case, got, end):
    """What is wrong, or None."""
    told, tier = statuses(got), case["expected"]["tier"]
    served = 299 in told or b"HTTP/1.1 299" in got
    if end != "closed":
        return end
    if any(status >= 500 and status not in (501, 505) for status in told):
        return f"status {told}"
    doubtful = tier in ("Severe", "Ambiguous") and case["expected"]["reason"] not in CLEAR
    if doubtful and (served or len(told) != 1):
        return f"answers {told}{' and the probe' if served else ''}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("directory", nargs="?")
    parser.add_argument("--url", help="a running server; without it, loiter is started")
    parser.add_argument("--verbose", action="store_true", help="tell what is served though not Compliant, or refused though Compliant")
    chosen = parser.parse_args()
    found = chosen.directory or next(iter(sorted(glob.glob(os.path.expanduser(CRATE)))), None)
    if not found:
        print("no corpus: cargo fetch a crate that depends on http_desync_guardian")
        sys.exit(2)
    counts, wrong = collections.Counter(), []
    with contextlib.ExitStack() as stack:
        if chosen.url:
            place = urlsplit(chosen.url).hostname, urlsplit(chosen.url).port
        else:
            server = stack.enter_context(servers.loiter(0))
            place = server.host, server.port
        for file, case in vectors(found):
            tier = case["expected"]["tier"]
            odd = file.startswith("uri") or not re.fullmatch(r"[!-~]+", str(case["uri"]))
            for uri in [raw(case["uri"])] + ([] if odd else [b"/anything"]):
                start, fields = head(case, uri)
                for name, body in bodies(fields):
                    got, end = play(place, start + body + PROBE)
                    first = (statuses(got) or ["none"])[0]
                    counts[tier, first, "then the probe" if b" 299 " in got else "then closed"] += 1
                    if problem := judge(case, got, end):
                        wrong.append(f"{file}: {case['name']!r} ({tier}) at {uri!r} with {name}: {problem}")
                    if chosen.verbose and (first in (400, 501, 505)) == (tier == "Compliant"):
                        print("look:", file, repr(case["name"]), tier, uri, name, statuses(got), end)
    for (tier, first, then), count in sorted(counts.items(), key=str):
        print(f"{tier:11} {first} {then}: {count}")
    print("\n".join(wrong[:200]))
    print(f"{sum(counts.values())} requests, {len(wrong)} not as they must be")
    sys.exit(1 if wrong or not counts else 0)


if __name__ == "__main__":
    main()
