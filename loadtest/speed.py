#!/usr/bin/env python3
"""CPU per request compared with nginx and with a bare epoll loop, in interleaved rounds of one run.

Each server has one worker and core A to itself, wrk has core B. A round measures every server once, in
rotating order. Single figures on a shared machine mean little, so the result is the median over the
rounds of the ratios within a round. CPU is the scheduler's account of all threads of the server (user
and system), divided by wrk's count of requests. The bare loop sends exactly the bytes that loiter sends,
nginx a body of the same length. Exit status 1: a limit was missed, or there was an error.
"""
import argparse
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys

import servers

HERE = pathlib.Path(__file__).resolve().parent
DEPTH = 16
DELAY = 0.05
PATHS = {"keepalive": "/status/200", "pipelined": "/status/200", "close": "/status/200",
         "get": "/get", "delay": f"/delay/{DELAY:g}"}
# mode: (figure, compared with, "at most" or "at least", limit)
CLAIMS = {
    "keepalive": [("cpu_us", "bare", "at most", 1.08), ("cpu_us", "nginx", "at most", 0.9)],
    "pipelined": [("rate", "nginx", "at least", 8.0)],
    "close": [("cpu_us", "bare", "at most", 1.1), ("cpu_us", "nginx", "at most", 0.9)],
}


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--mode", choices=PATHS, default="keepalive")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="for each server in each round")
    parser.add_argument("--connections", type=int, help="default 64; 1000 in mode delay")
    parser.add_argument("--cores", default="0,1", help="core of the servers, of wrk")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    chosen.connections = chosen.connections or (1000 if chosen.mode == "delay" else 64)
    chosen.server_core, chosen.load_core = chosen.cores.split(",")
    return chosen


def start(stack, chosen):
    """All servers of the mode, loiter first; the others are idle while one is measured."""
    mode, core, path = chosen.mode, chosen.server_core, PATHS[chosen.mode]
    close = mode == "close"
    loiter = stack.enter_context(servers.loiter(core))
    answer, body_bytes = servers.capture(loiter, path, close)
    if mode == "delay":
        if not servers.ECHO_MODULE.exists():
            print("without nginx: its echo module (libnginx-mod-http-echo) is not installed")
            return [loiter]
        return [loiter, stack.enter_context(servers.nginx(core, delay=DELAY))]
    nginx = stack.enter_context(servers.nginx(core, body_bytes))
    length = None
    if mode == "pipelined":
        # the port is part of the request; every ephemeral port has five digits
        length = len(servers.request_text(nginx, path))
        assert len(str(nginx.port)) == 5
    bare = stack.enter_context(servers.bare(core, answer, length, close))
    return [loiter, nginx, bare]


def measure(server, chosen, seconds):
    """One wrk run: wrk's report, and the server's CPU."""
    script = "pipeline.lua" if chosen.mode == "pipelined" else "report.lua"
    command = ["taskset", "-c", chosen.load_core, "wrk", "-t1", f"-c{chosen.connections}",
               f"-d{seconds}s", "--timeout", "5s", "-s", str(HERE / script)]
    command += ["-H", "Connection: close"] if chosen.mode == "close" else []
    command += [f"http://{server.host}:{server.port}{PATHS[chosen.mode]}"]
    command += ["--", str(DEPTH)] if chosen.mode == "pipelined" else []
    before = server.cpu_ns()
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True)
    spent = server.cpu_ns() - before
    line = next(line for line in run.stdout.splitlines() if line.startswith("JSON "))
    wrk = json.loads(line.removeprefix("JSON "))
    errors = {name: wrk[name] for name in ("connect", "read", "write", "status", "timeout") if wrk[name]}
    if not wrk["requests"]:
        errors["answers"] = 0
    latency = {} if chosen.mode == "pipelined" else {key: wrk[key] for key in ("p50_us", "p99_us")}
    return {"server": server.name, "requests": wrk["requests"], "errors": errors,
            "rate": wrk["requests"] / wrk["duration_us"] * 1e6,
            "cpu_us": spent / 1e3 / max(wrk["requests"], 1), **latency}


def play(found, chosen):
    """The rounds: a list of {server name: figures}."""
    for server in found:
        measure(server, chosen, 1)  # a warm-up second, not counted
    rounds = []
    for number in range(chosen.rounds):
        turn = number % len(found)
        done = [measure(server, chosen, chosen.seconds) for server in found[turn:] + found[:turn]]
        rounds.append({one["server"]: one for one in done})
        if not chosen.json:
            show_round(number + 1, rounds[-1])
    return rounds


def show_round(number, figures):
    for name, one in sorted(figures.items()):
        print(f"round {number}  {name:7} {figures_text(one)}   errors {one['errors'] or 0}", flush=True)


def figures_text(one):
    """wrk's percentiles of pipelined requests are meaningless (a p99 of 0) and left out."""
    text = f"{one['cpu_us']:8.3f} us CPU/request {one['rate']:12,.0f} requests/s"
    return text + "".join(f"   {key[:3]} {one[key]:9,.0f} us" for key in ("p50_us", "p99_us") if key in one)


def summary(rounds, chosen):
    """Medians, ratios of loiter to each other server, and the result of each claim."""
    names = sorted(rounds[0])
    medians = {name: {key: statistics.median(r[name][key] for r in rounds)
                      for key in ("cpu_us", "rate", "p50_us", "p99_us") if key in rounds[0][name]}
               for name in names}
    ratios = {other: {key: [r["loiter"][key] / r[other][key] for r in rounds]
                      for key in ("cpu_us", "rate") if all(r[other][key] for r in rounds)}
              for other in names if other != "loiter"}
    claims = []
    for key, other, sense, bound in CLAIMS.get(chosen.mode, []):
        ratio = statistics.median(ratios[other].get(key, [float("nan")]))
        holds = ratio <= bound if sense == "at most" else ratio >= bound
        claims.append({"figure": key, "to": other, "sense": sense, "bound": bound,
                       "ratio": ratio, "holds": holds})
    errors = [r[name]["errors"] for r in rounds for name in names if r[name]["errors"]]
    return {"mode": chosen.mode, "path": PATHS[chosen.mode], "connections": chosen.connections,
            "seconds": chosen.seconds, "rounds": rounds, "medians": medians,
            "ratios_of_loiter": ratios, "claims": claims, "errors": errors}


def show(result):
    print(f"\n{result['mode']} {result['path']}, {result['connections']} connections,"
          f" {len(result['rounds'])} rounds of {result['seconds']} s; medians:")
    for name, one in result["medians"].items():
        print(f"  {name:7} {figures_text(one)}")
    for other, figures in result["ratios_of_loiter"].items():
        for key, values in figures.items():
            each = " ".join(f"{value:.3f}" for value in values)
            print(f"  loiter / {other:5} {key:6} median {statistics.median(values):.3f}  (rounds: {each})")
    for claim in result["claims"]:
        word = "holds" if claim["holds"] else "MISSED"
        print(f"  {word}: {claim['figure']} {claim['sense']} {claim['bound']} x {claim['to']},"
              f" measured {claim['ratio']:.3f}")
    print(f"  errors: {result['errors'] or 'none'}")


def main():
    chosen = options()
    with contextlib.ExitStack() as stack:
        rounds = play(start(stack, chosen), chosen)
    result = summary(rounds, chosen)
    print(json.dumps(result)) if chosen.json else show(result)
    sys.exit(1 if result["errors"] or not all(c["holds"] for c in result["claims"]) else 0)


if __name__ == "__main__":
    main()
