#!/usr/bin/env python3
"""The server's own delay error against the lateness that a client measures, at 18,000 x /delay/5.

usage: delay_error.py [--connections N] [--delay S] [--ramp R] [--rounds N] [--cores SERVER,LOAD]

The server's is what /stats and loiter_delay_error_seconds show: from the moment that an answer is due until its
head is written. The client's (hold) is answer - send - S, so it has the way of the request and of the answer as
well, and what the client itself is late: on a busy machine that is most of it. Both sides run under chrt -r 10 as
in lateness.sh. Exit status 1: the server has counted another number of answers, or the median over the rounds of
p50, p90 or p99 is not in the same bucket of the histogram or in the next one; 2: it could not be measured.
"""
import argparse
import http.client
import json
import re
import statistics
import sys

import servers
from handshakes import hold, real_time, report_of

PERCENTILES = ["p50", "p90", "p99"]


def ask(admin, path, method="GET"):
    connection = http.client.HTTPConnection(admin, timeout=30)
    connection.request(method, path, headers={"Loiter-Admin": "1"})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {body}")
    return body


def buckets(admin):
    """The bounds of the histogram, in microseconds, and how many answers do not exceed each."""
    found = re.findall(r'^loiter_delay_error_seconds_bucket\{le="([^"]+)"\} (\d+)$', ask(admin, "/metrics"), re.M)
    return [(float(bound) * 1e6, int(count)) for bound, count in found]


def bucket(bounds, us):
    return next(place for place, (bound, _) in enumerate(bounds) if us <= bound)


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--connections", type=int, default=18000)
    parser.add_argument("--delay", type=float, default=5)
    parser.add_argument("--ramp", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", default="0,1", help="core of the server, of the load")
    return parser.parse_args()


def measure(chosen, before):
    """Whether as many answers were counted as the client had, the buckets, and both sides' percentiles."""
    server_core, load_core = chosen.cores.split(",")
    admin = f"127.0.0.1:{servers.free_port()}"
    with servers.loiter(server_core, "--admin", admin, before=before) as server:
        ask(admin, "/stats/reset", "POST")
        client = report_of(hold(f"http://{server.host}:{server.port}", load_core, before, "--connections",
                                chosen.connections, "--delay", chosen.delay, "--ramp", chosen.ramp, "--timeout", 90))
        own, bounds = json.loads(ask(admin, "/stats"))["late"], buckets(admin)
    same = own["answers"] == bounds[-1][1] == client["connections"] and not client["failed"] + client["early"]
    print(f"{client['connections']} x /delay/{chosen.delay:g}: failed {client['failed']}, early {client['early']};"
          f" the server counted {own['answers']}", flush=True)
    return same, bounds, {name: (own[name] * 1e6, client["lateness_us"][name]) for name in PERCENTILES}


def main():
    chosen = options()
    before = real_time()
    rounds = [measure(chosen, before) for _ in range(chosen.rounds)]
    passed = all(same for same, _, _ in rounds)
    for name in PERCENTILES:
        own, seen = (statistics.median(late[name][side] for _, _, late in rounds) for side in (0, 1))
        apart = bucket(rounds[0][1], seen) - bucket(rounds[0][1], own)
        passed &= abs(apart) <= 1
        print(f"{name} server {own / 1000:8.3f} ms, client {seen / 1000:8.3f} ms, {apart:+} buckets")
    print("holds" if passed else "MISSED: the same number, and p50, p90, p99 within a bucket")
    sys.exit(not passed)


if __name__ == "__main__":
    main()
