#!/usr/bin/env python3
"""Instructions per request, counted by callgrind and compared with instructions.json.

Each figure is the difference of two runs (200 and 2,200 requests over one kept connection) divided by
2,000, which excludes startup and shutdown. Unlike time, it is the same on a busy machine; but it
depends on the compiler, the C library and the CPU model, so the check is skipped if the committed
figures are from others. It counts user space only, of all threads; strace.sh counts system calls. A
figure that is too high is measured a second time, and the lower one counts.

Exit status 1: a figure exceeds the committed one by more than the margin. --bless commits new ones.
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
DEPTH = 20  # requests per write when pipelined; FEW and MANY are multiples of it
LOGGED = ["--access-log", "combined", "--access-log-file", "/dev/null"]
# name: path, requests per write, more arguments for the server
CASES = {"/status/200": ("/status/200", 1, []), "/get": ("/get", 1, []),
         "/delay/0.001": ("/delay/0.001", 1, []), "pipelined": ("/status/200", DEPTH, []),
         "logged": ("/status/200", 1, LOGGED)}
# A shutdown that waits for nothing does not read the table of all sockets of the machine.
SETTINGS = ["--listen", "127.0.0.1:0", "--workers", "1", "--private-fd-tables", "off",
            "--shutdown-timeout", "0"]
LONGEST = 60  # seconds for one answer or end, under valgrind


def ask(sock, path, depth, requests):
    """This many requests, `depth` per write, each batch answered before the next."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n".encode()
    rest = b""
    for _ in range(requests // depth):
        sock.sendall(request * depth)
        for _ in range(depth):
            rest = answered(sock, rest)


def answered(sock, got):
    """Removes one complete 200 answer; returns the bytes after it."""
    while b"\r\n\r\n" not in got:
        got += more(sock)
    head, _, rest = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"not a 200: {head[:60]!r}")
    length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
    while len(rest) < length:
        rest += more(sock)
    return rest[length:]


def more(sock):
    if part := sock.recv(65536):
        return part
    raise SystemExit("the server closed the connection")


def run(binary, path, depth, more, requests):
    """All instructions of a server that answers this many requests."""
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory, "callgrind.out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", binary,
                   *SETTINGS, *more]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              env=servers.environment()) as server:
            try:
                line = server.stdout.readline().decode()
                if not line.startswith("listening http://"):
                    raise SystemExit(f"the server did not print its address, but {line!r}")
                port = int(line.strip().rsplit(":", 1)[1].strip("/"))
                with socket.create_connection(("127.0.0.1", port), LONGEST) as sock:
                    ask(sock, path, depth, requests)
                server.send_signal(signal.SIGTERM)
                server.wait(LONGEST)
            finally:
                server.kill()
        return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1])


def count(binary, name):
    """Instructions per request of a case."""
    few, many = (run(binary, *CASES[name], requests) for requests in (FEW, MANY))
    figure = round((many - few) / (MANY - FEW), 1)
    print(f"{name:14} {figure:10,.1f} instructions", flush=True)
    return figure


def made_with():
    """What the figures depend on: the compiler, the C library, and the CPU model that selects its code."""
    rustc = subprocess.run(["rustc", "-V"], capture_output=True, text=True, check=True,
                          cwd=servers.ROOT).stdout.strip()
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii"))
    return {"compiler": f"{rustc}, {platform.machine()}", "libc": " ".join(platform.libc_ver()),
            "cpu": cpu[1] if cpu else "unknown"}


def unlike(committed, here):
    """What the committed figures were made with that differs here. (Old figures name no C library.)"""
    return [f"{committed[key]}, not {here[key]}" for key in here
            if key in committed and committed[key] != here[key]]


def differences(binary, wanted, margin):
    """The figures that are too high; improvements are only printed."""
    worse = []
    for name in CASES:
        figure = count(binary, name)
        if name not in wanted:
            print(f"{name}: no figure is committed; --bless adds it")
            continue
        if figure > wanted[name] * (1 + margin):
            figure = min(figure, count(binary, name))
        change = figure / wanted[name] - 1
        if change > margin:
            worse.append(f"{name}: {figure:,.1f}, {change:+.1%} of the {wanted[name]:,.1f} committed")
        elif change < -margin:
            print(f"{name}: {change:+.1%}: better; --bless records it")
    return worse


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bless", action="store_true", help="write the figures instead of comparing")
    parser.add_argument("--margin", type=float, default=3, help="per cent")
    chosen = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed")
    here, binary = made_with(), servers.program("loiter", "LOITER")
    if chosen.bless:
        found = {name: count(binary, name) for name in CASES}
        FIGURES.write_text(json.dumps({**here, "instructions": found}, indent=1) + "\n")
        return print(f"written to {FIGURES.name}")
    if not FIGURES.exists():
        sys.exit(f"no {FIGURES.name}: instructions.py --bless writes it")
    committed = json.loads(FIGURES.read_text())
    if other := unlike(committed, here):
        return print(f"SKIPPED, nothing was compared: the figures are of {'; of '.join(other)}."
                     " instructions.py --bless makes new ones")
    worse = differences(binary, committed["instructions"], chosen.margin / 100)
    print("\n".join(["MISSED:", *worse]) if worse else f"holds: within {chosen.margin:g} %")
    return sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
