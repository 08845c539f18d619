#!/usr/bin/env python3
"""How long large bodies hold a worker, with a bound for each shape of body.

A server with one worker has core A, this program core B. A request's last byte is sent when the server has
taken the others, so the time until the first byte of its answer is one turn of the worker's loop, in which
nobody else is served; beside it the CPU time from then to the end of the answer, which other programs on the
core affect less. CPU per byte is that of the whole request, divided by the length of its body. With --other, an older build is measured in the same rounds; its answers must be the
same to the last byte. Medians over the rounds. Exit status 1: an answer differs, is not a 200, or a turn took
longer than --limit.
"""
import argparse
import contextlib
import hashlib
import json
import os
import random
import socket
import statistics
import sys
import time

import servers

SECONDS = 60  # for one answer
SETTLED = 0.05  # seconds without CPU use: the server has taken what was sent
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def fill(bytes_, piece, before="", after="", between=","):
    """Pieces by their number, up to a length."""
    parts, length, number = [], len(before) + len(after), 0
    while length < bytes_:
        parts.append(piece(number))
        length += len(parts[-1]) + len(between)
        number += 1
    return (before + between.join(parts) + after).encode()


def records(size):
    def record(n):
        return json.dumps({"name": f"User {n}", "id": n, "email": f"user{n}@example.com", "tags": ["a", "b"],
                           "active": n % 2 == 0, "score": n / 8, "note": 'said "hi"\n', "parent": None})
    return fill(size, record, "[", "]")


def multipart(size, content):
    part = '--B\r\nContent-Disposition: form-data; name="f{}"{}\r\n\r\n{}\r\n'
    return fill(size, lambda n: content(part, n), after="--B--", between="")


def shapes(size):
    """Name: (path, media type, body)."""
    chance = random.Random(1)
    escape = "\\u00e9"

    def keys(name):
        return fill(size, lambda n: f'"{name(n)}":1', "{", "}")

    shown = {
        "records": records(size),
        "integers": fill(size, lambda n: "1", "[", "]"),
        "lists": fill(size, lambda n: "[]", "[", "]"),
        "words": fill(size, lambda n: "null", "[", "]"),
        "short floats": fill(size, lambda n: "0.5", "[", "]"),
        "long floats": fill(size, lambda n: repr(chance.random()), "[", "]"),
        "exponents": fill(size, lambda n: "1e5", "[", "]"),
        "short strings": fill(size, lambda n: '"a"', "[", "]"),
        "one string": b'"' + b"x" * size + b'"',
        "escapes": b'"' + b"\\n" * (size // 2) + b'"',
        "\\u escapes": fill(size, lambda n: escape, '"', '"', ""),
        "non-ASCII": fill(size // 2, lambda n: "é", '"', '"', ""),
        "CJK": fill(size // 3, lambda n: "語", '"', '"', ""),
        "emoji": fill(size // 4, lambda n: "\U0001f600", '"', '"', ""),
        "random keys": keys(lambda n: f"{chance.getrandbits(40):x}"),
        "keys of one prefix": keys(lambda n: f"a_long_prefix_{chance.randrange(size)}"),
        "sorted keys": keys(lambda n: f"{n:08}"),
        "equal keys": keys(lambda n: ""),
        "escaped keys": keys(lambda n: f"\\n{chance.randrange(size)}"),
        "small objects": fill(size, lambda n: '{"b":1,"a":1}', "[", "]"),
        "empty objects": fill(size, lambda n: "{}", "[", "]"),
        "deep": fill(size, lambda n: "[" * 9 + "]" * 9, "[", "]"),
        "indented": json.dumps(json.loads(records(size // 2)), indent=4).encode(),
        "cut off": fill(size, lambda n: "1", "[", ""),
        "no JSON": b"text " * (size // 5),
    }
    found = {f"JSON: {name}": ("/anything", JSON, body) for name, body in shown.items()}
    fields = min(size // 10, 1000000)
    return found | {
        "binary": ("/anything", "image/png", chance.randbytes(size)),
        "form: short": ("/anything", FORM, b"&".join(b"%x=1" % n for n in range(fields))),
        "form: equal": ("/anything", FORM, b"&".join([b"name=value"] * fields)),
        "form: random": ("/anything", FORM, fill(size, lambda n: f"{chance.getrandbits(40):x}=v", between="&")),
        "form: escapes": ("/anything", FORM, b"a=" + b"%C3%A9" * (size // 6)),
        "form: long": ("/anything", FORM, b"a=" + b"x" * size),
        "multipart: fields": ("/anything", "multipart/form-data; boundary=B",
                              multipart(size, lambda part, n: part.format(n, "", "v"))),
        "multipart: file": ("/anything", "multipart/form-data; boundary=B", multipart(
            size, lambda part, n: part.format(n, '; filename="x"', "x" * (size - 200)))),
        "upload": ("/upload", "image/png", chance.randbytes(size)),
        "LLM: one prompt": ("/v1/chat/completions", JSON, json.dumps(
            {"model": "m", "messages": [{"role": "user", "content": "word " * (size // 5)}]}).encode()),
        "LLM: messages": ("/v1/chat/completions", JSON, json.dumps(
            {"model": "m", "messages": [{"role": "user", "content": "word"}] * (size // 40)}).encode()),
        "LLM: embeddings": ("/v1/embeddings", JSON, json.dumps(
            {"model": "m", "input": ["word " * 20] * min(size // 104, 2048)}).encode()),
        "/bytes": (f"/bytes/{size}", None, b""),
        "/bytes with a seed": (f"/bytes/{size}?seed=1", None, b""),
        "/range": (f"/range/{size}", None, b""),
        "/stream-bytes": (f"/stream-bytes/{size}", None, b""),
        "/links": ("/links/200/0", None, b""),
        "/openapi.json": ("/openapi.json", None, b""),
        "query": ("/get?" + "&".join(f"{n}=1" for n in range(1000)), None, b""),
    }


class Measured:
    """The figures of one server for one shape."""

    def __init__(self):
        self.cpu, self.answering, self.turns, self.length, self.answer = [], [], [], 0, None

    def figures(self):
        """CPU in ns per byte, CPU of the answer and time of its turn in ms."""
        return [statistics.median(figures) for figures in (self.cpu, self.answering, self.turns)]


def settle(server):
    used, end = -1, time.monotonic() + SECONDS
    while used != server.cpu_ns() and time.monotonic() < end:
        used = server.cpu_ns()
        time.sleep(SETTLED)


def ask(server, shape, into):
    """One request on a connection of its own."""
    path, media, body = shape
    fields = f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n" if media else ""
    method = "POST" if media else "GET"
    head = f"{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{fields}\r\n"
    request, answer, before = head.encode() + body, [], server.cpu_ns()
    with socket.create_connection((server.host, server.port), SECONDS) as sock:
        sock.sendall(request[:-1])
        settle(server)
        taken, began = server.cpu_ns(), time.monotonic()
        sock.sendall(request[-1:])
        answer.append(sock.recv(1 << 20))
        into.turns.append((time.monotonic() - began) * 1e3)
        while piece := sock.recv(1 << 20):
            answer.append(piece)
    settle(server)
    head, _, content = b"".join(answer).partition(b"\r\n\r\n")
    after = server.cpu_ns()
    into.cpu.append((after - before) / (len(body) or len(content)))
    into.answering.append((after - taken) / 1e6)
    # Other answers have random numbers.
    seen = hashlib.sha256(content).hexdigest() if path == "/anything" else ""
    into.length, into.answer = len(content), (head.split()[1].decode(), seen)


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--mb", type=float, default=10, help="length of a body")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, help="of a turn in milliseconds")
    parser.add_argument("--other", help="an older build to compare with")
    parser.add_argument("--only", default="", help="shapes whose names have this text")
    parser.add_argument("--args", default="", help="further arguments of the servers")
    parser.add_argument("--cores", default="0,1", help="core of the servers, of this program")
    chosen = parser.parse_args()
    chosen.server_core, load_core = chosen.cores.split(",")
    os.sched_setaffinity(0, {int(load_core)})
    return chosen


def start(stack, chosen, binary=None):
    if binary:
        os.environ["LOITER"] = binary
    arguments = ["--max-bytes", "1GB", *chosen.args.split()]
    return stack.enter_context(servers.loiter(chosen.server_core, *arguments))


def main():
    chosen = options()
    failed = False
    with contextlib.ExitStack() as stack:
        tested = [start(stack, chosen)]
        if chosen.other:
            tested.append(start(stack, chosen, chosen.other))
        print(f"{'shape':26}{'MB out':>7}" + "     ns/B  CPU ms turn ms" * len(tested)
              + "  ratios" * bool(chosen.other))
        for name, shape in shapes(int(chosen.mb * 1e6)).items():
            if chosen.only not in name:
                continue
            found = [Measured() for _ in tested]
            for _ in range(chosen.rounds):
                for server, measured in zip(tested, found):
                    ask(server, shape, measured)
            own, other = found[0], found[-1]
            figures = [each.figures() for each in found]
            line = f"{name:26}{own.length / 1e6:7.1f}"
            line += "".join("{:9.2f}{:8.1f}{:8.1f}".format(*each) for each in figures)
            if chosen.other:
                line += "".join(f"{new / old:6.2f}" for new, old in zip(*figures))
            wrong = own.answer[0] != "200" or own.answer != other.answer
            late = chosen.limit is not None and figures[0][2] > chosen.limit
            failed |= wrong or late
            print(line + f"  {own.answer[0]}, {other.answer[0]}: WRONG" * wrong + "  TOO LONG" * late, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
