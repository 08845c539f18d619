#!/usr/bin/env python3
"""Attacks during an ordinary load: their effect on the latency of /get and on memory.

usage: hostile.py [CHECK]... [--rounds N] [--heads N] [--public]     (wrk, slowhttptest)

CHECK is one of slow-head, slow-body, range, slow-read (slowhttptest's four at 1,000 connections),
heads (10,000 heads of 8 KiB that drip in) and hogs (a pipelining client, an uploader and a reader
that take all they can get); default: all. wrk measures /get before, during and after each, and the
p99 during (for heads, the p50) is divided by the median of the others. The attackers take CPU from
wrk's core, so slowhttptest's four are repeated against a bystander, a second loiter at idle priority on
that core: what wrk then sees on the first server is not caused by that server, and the p99 during is
also divided by this one. Exit status 1: in the median of the rounds it more than doubled, also against
the bystander where there is one; slowhttptest found the service unavailable; or a limit on memory was
exceeded, during or after. hogs has no limit. "NOT THE SERVER'S": the p99 doubled, but not against the
bystander.

--public tests `--profile public` (as root) in its own network namespace, so that wrk and the attacker
have different addresses and only the attacker reaches the limit on connections per address.
slowhttptest then rightly finds the service unavailable, and wrk must see no error.
"""
import argparse
import contextlib
import multiprocessing
import os
import re
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import time

import servers
from servers import anonymous

ATTACKS = {
    "slow-head": "-H -c 1000 -r 400 -i 5 -l 20 -x 24 -p 3 -u http://{}/get",
    "slow-body": "-B -c 1000 -r 400 -i 5 -l 20 -s 8192 -x 10 -p 3 -u http://{}/post",
    "range": "-R -c 200 -r 100 -l 10 -a 10 -b 3000 -p 3 -u http://{}/get",
    "slow-read": "-X -c 1000 -r 400 -l 20 -n 2 -w 10 -y 20 -z 5 -k 3 -p 3 -u http://{}/bytes/102400",
}
HEAD_BYTES = 8 * 1024
OTHER = "10.1.0.1:8080"  # wrk's source and target, with --public
ALONE = 'ip link set lo up && ip addr add 10.1.0.1/32 dev lo && exec "$@"'
SESSION_BYTES = 256  # most memory of a connection, besides the bytes of its head
SLACK_BYTES = 4 << 20  # most memory left after 10,000 connections: their slots
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


class Load:
    """wrk on /get for some seconds: p99 in ms, requests/s, CPU per request in us, errors, p50."""

    def __init__(self, server, seconds, chosen):
        place = OTHER if chosen.public else f"{server.host}:{server.port}"
        command = ["taskset", "-c", chosen.cores[1], "wrk", "-t1", "-c50", f"-d{seconds}s", "--latency",
                   "--timeout", "5s", f"http://{place}/get"]
        self.server, self.spent, self.seconds = server, server.cpu_ns(), seconds
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def result(self):
        text, _ = self.process.communicate(timeout=self.seconds + 20)
        found = [re.search(rf"{share}%\s+([\d.]+)(us|ms|s|m)", text).groups() for share in (99, 50)]
        p99, p50 = (float(value) * UNITS[unit] for value, unit in found)
        rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
        errors = re.search(r"(Socket errors: .*|Non-2xx.*)", text)
        cpu = (self.server.cpu_ns() - self.spent) / 1e3 / (rate * self.seconds)
        return p99, rate, cpu, errors[0] if errors else "", p50


def connections(place, count, data):
    """Open sockets that have sent `data`, from several source addresses."""
    for index in range(count):
        sock = socket.socket()
        sock.bind((f"127.1.{index // 5000}.1", 0))
        sock.connect(place)
        sock.send(data)
        yield sock


def drip(place, count, ready, seconds):
    """Unfinished heads of HEAD_BYTES, a seventh of each per second; sets `ready` when all are open."""
    os.nice(19)
    piece = b"X-Drip: " + b"d" * (HEAD_BYTES // 8 - 10) + b"\r\n"
    socks = list(connections(place, count, b"GET /get HTTP/1.1\r\n" + piece))
    ready.set()
    for turn in range(seconds):
        end = time.monotonic() + 1
        for index, sock in enumerate(socks):
            with contextlib.suppress(OSError):
                sock.send(piece if turn < 7 else b"d")
            if index % 100 == 99:
                time.sleep(max(0, (end - time.monotonic()) / (count - index) * 100))


def hog(place, data, size, seconds):
    """Sends `data` again and again, reads all that comes, and returns how many bytes that was."""
    end, taken, at = time.monotonic() + seconds, 0, 0
    with socket.create_connection(place) as sock, selectors.DefaultSelector() as selector:
        sock.setblocking(False)
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        selector.register(sock, both if size is None else selectors.EVENT_READ)
        if size is not None:
            sock.send(data)
        while time.monotonic() < end:
            for _, ready in selector.select(1):
                if ready & selectors.EVENT_READ:
                    taken += len(sock.recv(1 << 20))
                if ready & selectors.EVENT_WRITE:
                    at = (at + sock.send(memoryview(data)[at:])) % len(data)
    return taken


def hogs(place, seconds):
    """The three, each in its own process, for this long: the bytes each got back."""
    def upload():
        end, taken = time.monotonic() + seconds, 0
        with socket.create_connection(place) as sock:
            sock.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10737418240\r\n\r\n")
            sock.settimeout(0.01)
            piece = bytes(1 << 18)
            while time.monotonic() < end:
                with contextlib.suppress(socket.timeout):
                    sock.send(piece)
                with contextlib.suppress(socket.timeout):
                    taken += len(sock.recv(1 << 20))
        return taken
    pipelined = b"GET /get HTTP/1.1\r\nHost: a\r\n\r\n" * 1000
    reader = b"GET /bytes/10737418240 HTTP/1.1\r\nHost: a\r\n\r\n"
    jobs = {"pipeline": lambda: hog(place, pipelined, None, seconds), "upload": upload,
            "reader": lambda: hog(place, reader, 1, seconds)}
    pipe = multiprocessing.SimpleQueue()
    running = [multiprocessing.Process(target=lambda n=name, j=job: pipe.put((n, j()))) for name, job in jobs.items()]
    for process in running:
        process.start()
    return running, pipe


def attack(server, check):
    """slowhttptest at idle priority; returns after its ramp."""
    words = ATTACKS[check].format(f"{server.host}:{server.port}").split()
    command = ["chrt", "-i", "0", "timeout", "60", "slowhttptest", *words]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    time.sleep(4)
    return running


def control(server, chosen, check):
    """wrk on the server while a bystander on wrk's core is attacked."""
    with servers.loiter(chosen.cores[1], before=("chrt", "-i", "0")) as bystander:
        running = attack(bystander, check)
        found = Load(server, 5, chosen).result()
        running.terminate()
        running.communicate(timeout=10)
    return found


def beside(server, chosen, check):
    """One round: the growth against no attack and against one on a bystander, and whether all other
    checks passed."""
    place, well = (server.host, server.port), True
    before = Load(server, 4, chosen).result()
    empty = server.__dict__.setdefault("empty", anonymous(server.pid))  # in its first round
    if check in ATTACKS:
        running = attack(server, check)
        during = Load(server, 5, chosen).result()
        text = running.communicate(timeout=70)[0]
        states = re.findall(r"service available:\S*\s+\S*?(YES|NO)", text)
        well = bool(states) and (chosen.public or "NO" not in states)
        print(f"  service available: {states.count('YES')} times, unavailable: {states.count('NO')} times")
    elif check == "heads":
        ready = multiprocessing.Event()
        client = multiprocessing.Process(target=drip, args=(place, chosen.heads, ready, 9))
        client.start()
        ready.wait(20)
        during = Load(server, 5, chosen).result()
        # The client lags behind wrk: its heads are longest at some time after it.
        each, end = 0, time.monotonic() + 30
        while client.is_alive() and time.monotonic() < end:
            each = max(each, (anonymous(server.pid) - empty) / chosen.heads)
            client.join(0.2)
        well = each <= HEAD_BYTES + SESSION_BYTES
        print(f"  {each:.0f} bytes at most per head (limit {HEAD_BYTES + SESSION_BYTES})")
    else:
        running, pipe = hogs(place, 7)
        time.sleep(1)
        during = Load(server, 5, chosen).result()
        for process in running:
            process.join(20)
        while not pipe.empty():
            name, taken = pipe.get()
            print(f"  {name}: {taken / 7e6:.1f} MB/s")
    well = well and not (chosen.public and during[3])
    time.sleep(1)
    after = Load(server, 4, chosen).result()
    left = anonymous(server.pid)
    aside = control(server, chosen, check) if check in ATTACKS and not chosen.public else None
    well = well and left <= empty + SLACK_BYTES
    print(f"  memory before {empty >> 10} KiB, after {left >> 10} KiB")
    seen = {"before": before, "during": during, "after": after, "on a bystander": aside}
    for name, (p99, rate, cpu, errors, p50) in ((name, one) for name, one in seen.items() if one):
        print(f"  {name}: p50 {p50:.2f}, p99 {p99:.2f} ms, {rate:.0f} requests/s, {cpu:.2f} us of CPU per request {errors}")
    judged = 4 if check == "heads" else 0
    growth = during[judged] / statistics.median([before[judged], after[judged]])
    return growth, during[judged] / aside[judged] if aside else growth, well


def summary(ratios):
    """The median, and the value of each round."""
    return f"x {statistics.median(ratios):.2f} (rounds {' '.join(f'{ratio:.2f}' for ratio in ratios)})"


def main():
    checks = [*ATTACKS, "heads", "hogs"]
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("check", nargs="*", metavar="CHECK", help=", ".join(checks))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--heads", type=int, default=10_000)
    parser.add_argument("--public", action="store_true", help="test --profile public")
    parser.add_argument("--cores", type=lambda text: text.split(","), default=["0", "1"],
                        help="core of the server, of the load")
    chosen = parser.parse_args()
    if unknown := set(chosen.check) - set(checks):
        parser.error(f"no such check: {', '.join(unknown)}")
    if chosen.public and os.environ.get("ALONE") != "yes":
        words = ["unshare", "--net", "env", "ALONE=yes", "sh", "-c", ALONE, "sh", sys.executable, *sys.argv]
        os.execvp(words[0], words)
    public = ["--profile", "public", "--listen", OTHER] if chosen.public else []
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    failed = []
    for check in chosen.check or checks:
        large = ["--max-bytes", "10GiB"] if check == "hogs" else []
        with servers.loiter(chosen.cores[0], *large, *public) as server:
            os.sched_setaffinity(0, {int(chosen.cores[1])})
            print(f"{check}:", flush=True)
            rounds = [beside(server, chosen, check) for _ in range(chosen.rounds)]
        grown, own = ([one[which] for one in rounds] for which in (0, 1))
        doubled, ours = (statistics.median(ratios) > 2 for ratios in (grown, own))
        held = check == "hogs" or not (doubled and ours) and all(well for *_, well in rounds)
        word = "FAILED" if not held else "NOT THE SERVER'S" if doubled and own != grown else "ok"
        beside_one = f"; against a bystander {summary(own)}" if own != grown else ""
        print(f"{word} {check}: {summary(grown)}{beside_one}", flush=True)
        failed += [] if held else [check]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
