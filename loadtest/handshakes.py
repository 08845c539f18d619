#!/usr/bin/env python3
"""Lateness of 18,000 × /delay/5 without and with 1,000 TLS handshakes a second on the same worker.

usage: handshakes.py [--connections N] [--handshakes R] [--rounds N] [--cores SERVER,LOAD]

Each round has a new server with one worker, without and with the handshakes in turn. The delayed requests
are plain HTTP under chrt -r 10, as in lateness.sh; the handshakes come from another process on the same
core at usual priority, so that they take no time from the one that measures. Each is a new connection in
place of the oldest of 200, without resumption, with one request. Exit status 1: a request failed or was
early, or fewer than 95 % of the handshakes took place; 2: it could not be measured.
"""
import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

import servers

IDLE = 200  # connections over TLS at the same time
SPARE = 2  # seconds before and after the delayed requests, with handshakes


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--connections", type=int, default=18000)
    parser.add_argument("--delay", type=float, default=5)
    parser.add_argument("--ramp", type=int, default=10000)
    parser.add_argument("--handshakes", type=int, default=1000, help="per second")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", default="0,1", help="core of the server, of the load")
    return parser.parse_args()


def real_time():
    """The prefix of both sides, if it is permitted."""
    prefix = ["chrt", "-r", "10"]
    return prefix if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0 else []


def hold(url, core, before, *arguments):
    command = [*before, "taskset", "-c", core, servers.program("examples/hold", "HOLD"), url, "--json",
               *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def report_of(process):
    out, _ = process.communicate(timeout=120)
    if process.returncode > 1:
        sys.exit(2)
    return json.loads(out)


def measure(chosen, handshakes, before):
    """The report of the delayed requests, and how many handshakes a second there were beside them."""
    server_core, load_core = chosen.cores.split(",")
    seconds = chosen.connections / chosen.ramp + chosen.delay + 2 * SPARE
    with servers.loiter(server_core, "--keep-alive-timeout", "300s", before=before,
                        scheme="http+https") as server:
        place = f"://127.0.0.1:{server.port}"
        beside = None
        if handshakes:
            beside = hold("https" + place, load_core, [], "--idle", "--connections", IDLE, "--ramp", 200,
                          "--churn", handshakes, "--seconds", seconds)
            time.sleep(SPARE)
        report = report_of(hold("http" + place, load_core, before, "--connections", chosen.connections,
                                "--delay", chosen.delay, "--ramp", chosen.ramp, "--pid", server.pid))
        other = report_of(beside) if beside else None
    return report, other, other["churned"] / seconds if other else 0


def main():
    chosen = options()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before, wrong, seen = real_time(), False, {0: [], chosen.handshakes: []}
    for _ in range(chosen.rounds):
        for handshakes, reports in seen.items():
            report, other, rate = measure(chosen, handshakes, before)
            reports.append(report["lateness_us"])
            wrong |= bool(report["failed"] or report["early"] or other and other["failed"])
            wrong |= rate < 0.95 * handshakes
            late = {name: us / 1000 for name, us in report["lateness_us"].items() if us is not None}
            print(f"{rate:7,.0f} handshakes/s: failed {report['failed']}, early {report['early']}, late in ms "
                  + ", ".join(f"{name} {ms:.3f}" for name, ms in late.items()), flush=True)
            if other and other["failed"]:
                print(f"  of the TLS connections failed {other['failures']}")
    for handshakes, reports in seen.items():
        medians = {name: statistics.median(one[name] for one in reports) / 1000 for name in ("p50", "p99", "max")}
        print(f"medians, {handshakes:,} handshakes/s: "
              + ", ".join(f"{name} {ms:.3f} ms" for name, ms in medians.items()))
    sys.exit(wrong)


if __name__ == "__main__":
    main()
