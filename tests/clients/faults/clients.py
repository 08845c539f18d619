"""What clients report of each fault."""

import concurrent.futures
import importlib.metadata
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
    curl = checks.version(["curl", "--version"]).split()[1]
    node = shutil.which("node") or "node"
    commands = {f"curl {curl}": ["bash", HERE / "see_curl.sh"]}
    for name in ("requests", "urllib3", "httpx"):
        python = [sys.executable, HERE / f"see_{name}.py"]
        commands[f"{name} {importlib.metadata.version(name)}"] = python
    version = checks.version([node, "--version"])[1:]
    commands[f"fetch (Node {version})"] = [node, HERE / "see_fetch.mjs"]
    version, binary = checks.built_with_go(HERE / "see_net_http.go")
    commands[f"net/http (Go {version})"] = [binary]
    return commands
