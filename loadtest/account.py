#!/usr/bin/env python3
"""Accounts for every request begun, while servers restart. No request is repeated.

usage: account.py URL... [--seconds S] [--rounds N] [--at S COMMAND]... [--expect OUTCOME=N]...
                         [--clients keep-alive=48,blind=16,one-shot=64,delayed=32] [--requests N] [--pause S]
                         [--timeout S] [--get PATH] [--delay PATH] [--no-echo] [--json]

Four kinds of clients send requests until the round is over, and then wait for the answers that are due:

  keep-alive  looks whether the server has closed the connection, and only then writes its next request
  blind       writes without looking, as clients do whose pool is not watched
  one-shot    opens a connection for each request
  delayed     like keep-alive, with a delay between the two numbers of --delay-range

Every request has exactly one outcome:

  ok           status 2xx, all of the body, the request's number in it, not before its delay
  refused      nothing listens (or there is no route): the request was never sent
  lost-fresh   the connection was established for this request, and then closed or reset without an answer
  lost-reused  the same of a connection that had answered before, where the client had looked
  lost-blind   the same where the client had not looked
  timeout      no complete answer, or no connection, within --timeout
  bad          an answer that is cut off, early, of another request, or not HTTP
  non-2xx      a complete answer with another status, such as a balancer's 503

`--at 1.5 'kill -TERM 123'` runs a command 1.5 s after the begin of each round. `--expect lost=0` ends with
status 1 if there are more: `lost` is the sum of lost-*, timeout and bad, `failed` of all but ok. Needs
Python 3.11; several thousand requests a second.
"""
import argparse
import asyncio
import collections
import dataclasses
import errno
import itertools
import json
import random
import re
import socket
import sys
import time
from urllib.parse import urlsplit

KINDS = ("keep-alive", "blind", "one-shot", "delayed")
OUTCOMES = ("ok", "refused", "lost-fresh", "lost-reused", "lost-blind", "timeout", "bad", "non-2xx")
LOST = ("lost-fresh", "lost-reused", "lost-blind", "timeout", "bad")
NOBODY = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN}
PIECE = 65536  # bytes of one read
LARGEST = 1 << 20  # bytes of an answer; a longer one is bad
BACK_OFF = 0.05  # seconds before the next request when nobody listens
LAST_READ = 1  # seconds that a client waits for an announced FIN


@dataclasses.dataclass
class Plan:
    """What is sent, where and how long."""

    targets: list  # of (host, port), in turn for each new connection
    clients: dict = dataclasses.field(
        default_factory=lambda: {"keep-alive": 48, "blind": 16, "one-shot": 64, "delayed": 32}
    )
    seconds: float = 4  # of a round at least; answers that are due then are waited for
    after: float = 0.5  # of a round at least, when its actions are finished
    requests: int = 0  # of each client and round, instead of a time; 0: no limit
    pause: float = 0.02  # longest time between an answer and the next request
    timeout: float = 5  # for one request, from its begin, in addition to its delay
    get: str = "/get?n={n}"
    delay: str = "/delay/{seconds}?n={n}"
    delay_range: tuple = (0.5, 1.0)
    early: float = 0  # seconds that an answer may come before its delay
    echo: bool = True  # the number n must be in the body


class Failure(Exception):
    """An outcome that is not ok; `how` is the detail."""

    def __init__(self, outcome, how):
        super().__init__(outcome, how)
        self.outcome, self.how = outcome, how


class Tally:
    """Counts by kind and outcome, and by outcome and detail."""

    def __init__(self):
        self.begun = collections.Counter()
        self.counts = collections.Counter()
        self.details = collections.Counter()
        self.moments = []  # (seconds since the begin of the round, kind, outcome, how) of what was lost

    def add(self, kind, outcome, how, moment):
        self.counts[kind, outcome] += 1
        if outcome != "ok":
            self.details[outcome, how] += 1
        if outcome not in ("ok", "refused") and len(self.moments) < 1000:
            self.moments.append((round(moment, 3), kind, outcome, how))

    def of(self, name):
        """The sum over all kinds of an outcome, of `lost` or of `failed`."""
        names = {"lost": LOST, "failed": OUTCOMES[1:]}.get(name, (name,))
        return sum(number for (_, outcome), number in self.counts.items() if outcome in names)

    def update(self, other):
        self.begun.update(other.begun)
        self.counts.update(other.counts)
        self.details.update(other.details)
        self.moments += other.moments

    def complete(self):
        """Every request begun has exactly one outcome."""
        return sum(self.begun.values()) == sum(self.counts.values())

    def table(self):
        head = f"{'clients':<11}{'begun':>9}" + "".join(f"{name:>12}" for name in OUTCOMES)
        lines = [head]
        for kind in KINDS:
            row = [self.counts[kind, outcome] for outcome in OUTCOMES]
            lines.append(f"{kind:<11}{self.begun[kind]:>9}" + "".join(f"{number:>12}" for number in row))
        total = [self.of(outcome) for outcome in OUTCOMES]
        lines.append(f"{'all':<11}{sum(self.begun.values()):>9}" + "".join(f"{one:>12}" for one in total))
        lines += [f"  {outcome}: {number} × {how}" for (outcome, how), number in sorted(self.details.items())]
        return "\n".join(lines)

    def as_json(self):
        clients = {kind: {one: self.counts[kind, one] for one in OUTCOMES} for kind in KINDS}
        for kind, row in clients.items():
            row["begun"] = self.begun[kind]
        details = [[outcome, how, number] for (outcome, how), number in sorted(self.details.items())]
        names = (*OUTCOMES, "lost", "failed")
        sums = {"begun": sum(self.begun.values())} | {name: self.of(name) for name in names}
        return {"clients": clients, "all": sums, "details": details, "moments": self.moments}


class Client:
    """One client: at most one connection, one request at a time."""

    def __init__(self, kind, plan, tally, shared):
        self.kind, self.plan, self.tally = kind, plan, tally
        self.numbers, self.targets, self.random = shared
        self.loop = asyncio.get_running_loop()
        self.sock = None
        self.used = False  # the connection has answered before
        self.netloc = ""

    async def run(self, begin, over):
        await asyncio.sleep(self.random.uniform(0, self.plan.pause))
        for count in itertools.count(1):
            if over.is_set() and not self.plan.requests:
                break
            self.tally.begun[self.kind] += 1
            outcome, how = await self.outcome()
            self.tally.add(self.kind, outcome, how, time.monotonic() - begin)
            if outcome != "ok":
                self.close()
            if count == self.plan.requests:
                break
            await asyncio.sleep(BACK_OFF if outcome == "refused" else self.random.uniform(0, self.plan.pause))
        self.close()

    async def outcome(self):
        number = str(next(self.numbers))
        low, high = self.plan.delay_range
        delay = round(self.random.uniform(low, high), 3) if self.kind == "delayed" else 0
        path = (self.plan.delay if delay else self.plan.get).format(n=number, seconds=delay)
        try:
            async with asyncio.timeout(self.plan.timeout + delay):
                close = await self.request(path, number, delay)
        except Failure as failure:
            return failure.outcome, failure.how
        except TimeoutError:
            return "timeout", "waiting for an answer" if self.sock else "connecting"
        if close:
            await self.read_end()
            self.close()
        return "ok", ""

    async def request(self, path, number, delay):
        """Returns whether the connection is to be closed."""
        if self.sock and self.kind != "blind" and self.is_closed():
            self.close()
        if not self.sock:
            await self.connect()
        closing = "Connection: close\r\n" if self.kind == "one-shot" else ""
        begun = time.monotonic()
        text = f"GET {path} HTTP/1.1\r\nHost: {self.netloc}\r\n{closing}\r\n"
        try:
            await self.loop.sock_sendall(self.sock, text.encode())
        except OSError as error:
            raise self.lost(error) from None
        status, fields, body = await self.answer()
        if not 200 <= status < 300:
            raise Failure("non-2xx", str(status))
        if self.plan.echo and number.encode() not in body:
            raise Failure("bad", "answer of another request")
        if time.monotonic() - begun < delay - self.plan.early:
            raise Failure("bad", "early")
        self.used = True
        return self.kind == "one-shot" or fields.get("connection", "").lower() == "close"

    def is_closed(self):
        """Whether the server has closed the connection, or sent what nobody asked for."""
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    async def connect(self):
        host, port = next(self.targets)
        self.netloc, self.used = f"{host}:{port}", False
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self.loop.sock_connect(sock, (host, port))
        except OSError as error:
            sock.close()
            if error.errno in NOBODY:
                raise Failure("refused", errno.errorcode[error.errno]) from None
            if error.errno in (errno.EADDRNOTAVAIL, errno.EMFILE):
                raise SystemExit(f"the client itself has too little: {error}") from None
            raise Failure("lost-fresh", f"connect: {name_of(error)}") from None
        except BaseException:
            sock.close()
            raise
        self.sock = sock

    def lost(self, error):
        """The connection ended before the first byte of an answer; `error` is None for a FIN."""
        reused = "lost-blind" if self.kind == "blind" else "lost-reused"
        return Failure(reused if self.used else "lost-fresh", name_of(error))

    async def answer(self):
        """Returns (status, fields, body) of one answer."""
        got = await self.more(b"")
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += await self.more(got)
        first, *lines = got[:end].decode("latin-1").split("\r\n")
        if not (status := re.match(r"HTTP/1\.[01] (\d{3})( |$)", first)):
            raise Failure("bad", "not HTTP")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if not fields.get("content-length", "").isdigit():
            raise Failure("bad", "no Content-Length")
        whole = end + 4 + int(fields["content-length"])
        while len(got) < whole:
            got += await self.more(got)
        if len(got) > whole:
            raise Failure("bad", "more than its Content-Length")
        return int(status[1]), fields, got[end + 4 :]

    async def more(self, got):
        """The next bytes of an answer of which `got` has come."""
        if len(got) > LARGEST:
            raise Failure("bad", "too long")
        try:
            piece = await self.loop.sock_recv(self.sock, PIECE)
        except OSError as error:
            raise Failure("bad", f"cut off: {name_of(error)}") if got else self.lost(error) from None
        if not piece:
            raise Failure("bad", "cut off: FIN") if got else self.lost(None)
        return piece

    async def read_end(self):
        """Lets a server that announced its close do so first: the client keeps no port in TIME_WAIT."""
        try:
            async with asyncio.timeout(LAST_READ):
                while await self.loop.sock_recv(self.sock, PIECE):
                    pass
        except (OSError, TimeoutError):
            pass

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None


def name_of(error):
    return errno.errorcode.get(error.errno, str(error)) if error else "FIN"


async def one_round(plan, actions=()):
    """A round of all clients, until `plan.seconds` are over and the actions and `plan.after` behind them.

    `actions` are pairs (seconds, function), each run in a thread of its own.
    """
    begin, tally, over = time.monotonic(), Tally(), asyncio.Event()
    shared = itertools.count(random.randrange(10**6, 10**7)), itertools.cycle(plan.targets), random.Random()
    clients = [Client(kind, plan, tally, shared) for kind in KINDS for _ in range(plan.clients.get(kind, 0))]

    async def later(seconds, function):
        await asyncio.sleep(seconds)
        await asyncio.to_thread(function)
        await asyncio.sleep(plan.after)

    async def finish():
        try:
            await asyncio.gather(asyncio.sleep(plan.seconds), *(later(*action) for action in actions))
        finally:
            over.set()

    await asyncio.gather(finish(), *(client.run(begin, over) for client in clients))
    return tally


def run(plan, rounds=1, actions=(), between=None):
    """`rounds` rounds, with `between()` after each; returns their sum."""
    total = Tally()
    for _ in range(rounds):
        total.update(asyncio.run(one_round(plan, actions)))
        if between:
            between()
    if not total.complete():
        sys.exit("there are requests without an outcome: a mistake in this program")
    return total


def command(text):
    """A function that runs a shell command, for at most five minutes; its output goes to stderr."""
    import subprocess  # pylint: disable=import-outside-toplevel

    return lambda: subprocess.run(text, shell=True, timeout=300, check=True, stdout=sys.stderr)


def clients(text):
    pairs = dict(pair.split("=") for pair in text.split(","))
    if unknown := set(pairs) - set(KINDS):
        raise argparse.ArgumentTypeError(f"{unknown} is not among {', '.join(KINDS)}")
    return {kind: int(number) for kind, number in pairs.items()}


def expectation(text):
    name, _, number = text.partition("=")
    if name not in (*OUTCOMES, "lost", "failed") or not number.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not OUTCOME=N, such as lost=0")
    return name, int(number)


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS
    )
    parser.add_argument("url", nargs="+")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--at", nargs=2, action="append", default=[], metavar=("S", "COMMAND"))
    parser.add_argument("--expect", action="append", default=[], type=expectation, metavar="OUTCOME=N")
    parser.add_argument("--clients", type=clients, default=None)
    parser.add_argument("--requests", type=int, default=0, help="of each client and round, instead of --seconds")
    parser.add_argument("--pause", type=float, default=Plan.pause)
    parser.add_argument("--timeout", type=float, default=Plan.timeout)
    parser.add_argument("--get", default=Plan.get)
    parser.add_argument("--delay", default=Plan.delay)
    parser.add_argument("--delay-range", default="0.5:1", help="seconds, LOW:HIGH")
    parser.add_argument("--no-echo", action="store_true", help="the request's number need not be in the body")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main():
    chosen = options()
    urls = [urlsplit(url) for url in chosen.url]
    plan = Plan([(url.hostname, url.port or 80) for url in urls])
    plan.clients = chosen.clients or plan.clients
    plan.seconds, plan.requests = chosen.seconds, chosen.requests
    plan.pause, plan.timeout = chosen.pause, chosen.timeout
    plan.get, plan.delay, plan.echo = chosen.get, chosen.delay, not chosen.no_echo
    plan.delay_range = tuple(float(number) for number in chosen.delay_range.split(":"))
    actions = [(float(seconds), command(text)) for seconds, text in chosen.at]
    tally = run(plan, chosen.rounds, actions)
    print(json.dumps(tally.as_json()) if chosen.json else tally.table())
    missed = [f"{name}: {tally.of(name)}, at most {most}" for name, most in chosen.expect if tally.of(name) > most]
    if not tally.of("ok"):
        missed.append("no request was answered")
    for line in missed:
        print(f"FAIL {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
