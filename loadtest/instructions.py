#!/usr/bin/env python3
"""Instructions for each request, counted by callgrind and compared with instructions.json.

Each figure is the difference of two runs (200 and 2,200 requests over one kept connection) divided
by 2,000, so that start and end are not in it. Unlike time, it is the same on a busy machine; but it
depends on the compiler, so that figures of another rustc say nothing and the check is skipped. Only
user space is counted: what is asked of the kernel is strace.sh's business.

Exit status 1: a figure is more than the margin above what was committed. --bless commits new ones.
"""
import argparse
import json
import pathlib
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import servers

FIGURES = pathlib.Path(__file__).resolve().parent / "instructions.json"
FEW, MANY = 200, 2200
DEPTH = 20  # of the pipelined case; FEW and MANY are multiples of it
CASES = {"/status/200": ("/status/200", 1), "/get": ("/get", 1),
         "/delay/0.001": ("/delay/0.001", 1), "pipelined": ("/status/200", DEPTH)}
SETTINGS = ["--listen", "127.0.0.1:0", "--workers", "1", "--private-fd-tables", "off"]
LONGEST = 60  # seconds for one answer or end, under valgrind


def ask(sock, path, depth, requests):
    """So many requests, `depth` in one write, each batch answered before the next."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n".encode()
    rest = b""
    for _ in range(requests // depth):
        sock.sendall(request * depth)
        for _ in range(depth):
            rest = answered(sock, rest)


def answered(sock, got):
    """Takes one good answer off; what came after it is returned."""
    while b"\r\n\r\n" not in got:
        got += more(sock)
    head, _, rest = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"not a good answer: {head[:60]!r}")
    length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
    while len(rest) < length:
        rest += more(sock)
    return rest[length:]


def more(sock):
    if part := sock.recv(65536):
        return part
    raise SystemExit("the server closed the connection")


def run(binary, path, depth, requests):
    """All instructions of a server that answers so many requests."""
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory, "callgrind.out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", binary, *SETTINGS]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
            try:
                said = server.stdout.readline().decode()
                if not said.startswith("listening http://"):
                    raise SystemExit(f"the server did not say that it listens, but {said!r}")
                port = int(said.strip().rsplit(":", 1)[1].strip("/"))
                with socket.create_connection(("127.0.0.1", port), LONGEST) as sock:
                    ask(sock, path, depth, requests)
                server.send_signal(signal.SIGTERM)
                server.wait(LONGEST)
            finally:
                server.kill()
        return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1])


def count(binary):
    """{case: instructions for each request}"""
    found = {}
    for name, (path, depth) in CASES.items():
        few, many = (run(binary, path, depth, requests) for requests in (FEW, MANY))
        found[name] = round((many - few) / (MANY - FEW), 1)
        print(f"{name:14} {found[name]:10,.1f} instructions", flush=True)
    return found


def compiler():
    """What the figures depend on: the compiler and the machine it compiles for."""
    told = subprocess.run(["rustc", "-V"], capture_output=True, text=True, check=True,
                          cwd=servers.ROOT).stdout.strip()
    return f"{told}, {platform.machine()}"


def differences(found, wanted, margin):
    """What is wrong, and what the next --bless would make better."""
    worse = []
    for name, figure in found.items():
        if name not in wanted:
            worse.append(f"{name}: no figure is committed")
            continue
        change = figure / wanted[name] - 1
        if change > margin:
            worse.append(f"{name}: {figure:,.1f}, {change:+.1%} of the {wanted[name]:,.1f} committed")
        elif change < -margin:
            print(f"{name}: {change:+.1%}: better; --bless keeps it so")
    return worse


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bless", action="store_true", help="write the figures instead of comparing")
    parser.add_argument("--margin", type=float, default=3, help="per cent")
    chosen = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed")
    here = compiler()
    committed = json.loads(FIGURES.read_text()) if FIGURES.exists() else None
    if not chosen.bless and committed is None:
        sys.exit(f"no {FIGURES.name}: instructions.py --bless writes it")
    if not chosen.bless and committed["compiler"] != here:
        print(f"SKIPPED: the figures are for {committed['compiler']}, this is {here};"
              " instructions.py --bless makes new ones")
        return
    found = count(servers.program("loiter", "LOITER"))
    if chosen.bless:
        FIGURES.write_text(json.dumps({"compiler": here, "instructions": found}, indent=1) + "\n")
        return print(f"written to {FIGURES.name}")
    worse = differences(found, committed["instructions"], chosen.margin / 100)
    print("\n".join(["MISSED:", *worse]) if worse else f"holds: within {chosen.margin:g} %")
    return sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
