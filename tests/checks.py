"""Shared by the checks: pinned virtual environments under target/, and servers on free ports.

Every check is `tests/<name>/run [path of loiter]`; `.ci/run` runs them all. They need Python 3.11 or
newer, and access to PyPI the first time.
"""

import contextlib
import hashlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = ROOT / "target" / "checks"


def inside(requirements):
    """Restarts the calling script in a virtual environment with the requirements, unless it runs there."""
    wanted = requirements.read_bytes()
    home = CACHE / hashlib.sha256(wanted + sys.version.encode()).hexdigest()[:16]
    if pathlib.Path(sys.prefix) == home:
        return
    python = home / "bin" / "python"
    if not (home / "whole").exists():
        say(f"installing {requirements.relative_to(ROOT)}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", home], check=True)
        install = [installer(), "-m", "pip", "--python", python, "install", "--no-compile"]
        subprocess.run([*install, "--quiet", "--disable-pip-version-check", "-r", requirements], check=True)
        (home / "whole").touch()
    os.execv(python, [python, *sys.argv])


def installer():
    """A Python that has pip, for all environments: pip in each of them would take 4 s each."""
    home = CACHE / hashlib.sha256(sys.version.encode()).hexdigest()[:16]
    if not home.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as place:
            made = pathlib.Path(place) / "pip"
            subprocess.run([sys.executable, "-m", "venv", made], check=True)
            # Another check may have made it meanwhile.
            with contextlib.suppress(OSError):
                made.rename(home)
    return home / "bin" / "python"


def say(text):
    print(text, flush=True)


def loiter_path():
    """The binary to check: the first argument, or the debug build."""
    path = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/debug/loiter")
    if not path.exists():
        sys.exit(f"{path} is missing: run cargo build, or give a path")
    return path.resolve()


@contextlib.contextmanager
def loiter(*arguments):
    """Runs loiter; yields its address as `127.0.0.1:port`."""
    command = [loiter_path(), "--listen", "127.0.0.1:0", "--log-level", "error", *arguments]
    with ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
        line = process.stdout.readline()
        if not line.startswith("listening http://"):
            sys.exit(f"loiter printed no address: {line!r}")
        yield line.split("//")[1].strip()


@contextlib.contextmanager
def listening(listen, *arguments):
    """Runs loiter on these listeners; yields the process and their URLs."""
    command = [loiter_path(), "--log-level", "error", *arguments]
    for one in listen:
        command += ["--listen", one]
    with ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
        lines = [process.stdout.readline() for _ in listen]
        if not all(line.startswith("listening ") for line in lines):
            sys.exit(f"loiter printed no addresses: {lines!r}")
        yield process, [line.split()[1] for line in lines]


@contextlib.contextmanager
def httpbin():
    """Runs the real httpbin from this virtual environment; yields its address."""
    address = "127.0.0.1:%d" % free_ports(1)[0]
    command = [sys.executable, "-m", "gunicorn", "httpbin:app", "--bind", address]
    command += ["--worker-class", "gthread", "--threads", "4", "--timeout", "60"]
    command += ["--no-control-socket", "--log-level", "critical"]
    with ended(subprocess.Popen(command, stderr=subprocess.DEVNULL)) as process:
        wait_until_it_listens(process, address)
        yield address


def free_ports(count):
    """So many different ports that nothing uses: the system may give a port that is free again twice."""
    with contextlib.ExitStack() as probes:
        taken = [probes.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in taken]


def wait_until_it_listens(process, address):
    host, port = address.split(":")
    end = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return
        if process.poll() is not None or time.monotonic() > end:
            sys.exit(f"{process.args[2]} does not listen on {address}")
        time.sleep(0.05)


@contextlib.contextmanager
def ended(process):
    """Ends the process in any case."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def version(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def built_with_go(source):
    """Compiles a program in Go; returns the version of Go and the path of the program."""
    go = shutil.which("go") or pathlib.Path(sys.executable).with_name("go")
    binary = CACHE / source.stem
    cache = {"GOCACHE": str(CACHE / "go"), "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    command = [go, "build", "-o", binary, source]
    subprocess.run(command, check=True, env=os.environ | cache)
    return version([go, "version"]).split()[2][2:], binary
