"""What clients report of each fault."""

import concurrent.futures
import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys

import cases
import checks

HERE = pathlib.Path(__file__).resolve().parent
TITLE = "## What clients report of a fault"


def seen():
    """The heading of the table, its head and its rows."""
    paths = {f"{cases.PATIENT} /{each}{cases.PATH}": what for each, what in cases.COMES.items()}
    paths |= {f"{cases.IMPATIENT} /{each}{cases.PATH}": what for each, what in cases.HANGS.items()}
    faults = cases.COMES | cases.HANGS
    columns = {"Fault": [f"`{each}`: {what}" for each, what in faults.items()]}
    commands = programs()
    with checks.loiter() as server, concurrent.futures.ThreadPoolExecutor() as pool:
        runs = pool.map(lambda command: run(command, server, paths), commands.values())
        columns |= zip(commands, runs)
    return TITLE, list(columns), [list(row) for row in zip(*columns.values())]


def run(command, server, paths):
    """What one client says of each path."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [*command, f"http://{server}", *paths]
    ended = subprocess.run(command, timeout=120, check=False, **options)
    said = ended.stdout.splitlines()
    if ended.returncode or len(said) != len(paths):
        sys.exit(f"{command[:2]}: {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return [cases.shown(line) for line in said]


def programs():
    """How each client is started, by its name and version."""
    curl = version(["curl", "--version"]).split()[1]
    node = shutil.which("node") or "node"
    commands = {f"curl {curl}": ["bash", HERE / "see_curl.sh"]}
    for name in ("requests", "urllib3", "httpx"):
        python = [sys.executable, HERE / f"see_{name}.py"]
        commands[f"{name} {importlib.metadata.version(name)}"] = python
    commands[f"fetch (Node {version([node, '--version'])[1:]})"] = [node, HERE / "see_fetch.mjs"]
    go, binary = shutil.which("go") or pathlib.Path(sys.executable).with_name("go"), built()
    commands[f"net/http (Go {version([go, 'version']).split()[2][2:]})"] = [binary]
    return commands


def version(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def built():
    """Compiles the client in Go, and returns its path."""
    go = shutil.which("go") or pathlib.Path(sys.executable).with_name("go")
    binary = checks.CACHE / "see_net_http"
    cache = {"GOCACHE": str(checks.CACHE / "go"), "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    command = [go, "build", "-o", binary, HERE / "see_net_http.go"]
    subprocess.run(command, check=True, env=os.environ | cache)
    return binary
