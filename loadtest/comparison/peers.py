"""The servers: how each is fetched and started, and the modes in which it is compared.

A server is left out of a mode that it has no equivalent for: nginx and h2o do not echo requests as JSON,
httpbin and go-httpbin have no raw echo. modes.probe checks the answer before each mode.
"""
import dataclasses
import functools
import pathlib
import re
import tempfile
from collections.abc import Callable

import servers

from comparison import fetch, modes

PLAIN = ["keepalive", "text", "pipelined", "close"]
WHOLE = [*PLAIN, "echo1k", "echo1m", "bytes", "delay", "idle"]
SECURE = ["tls", "tlsnew", "tlsresumed", "h2c1", "h2c16", "h2c100", "h2tls16"]
TEXT = "/base64/SGVsbG8sIFdvcmxkIQ=="  # "Hello, World!" by loiter and httpbin


@dataclasses.dataclass(frozen=True)
class Peer:
    """A server to compare with; `start(core, mode, loiter)` runs it, `version()` returns its version."""

    name: str
    modes: list
    fetch: Callable
    start: Callable
    version: Callable
    text: str = "/text"
    empty: str = "/status/200"

    def path(self, mode):
        """Its path in this mode."""
        return {"/text": self.text, "/status/200": self.empty}.get(mode.path, mode.path)

    def joins(self, mode):
        """Whether it takes part in this mode."""
        return mode.name.partition("-")[0] in self.modes


def listening(name, command, core, more=()):
    """Started with a free port as an argument; `more` are further ones."""
    port = servers.free_port()
    return servers.Server(name, [*command, str(port), *more], core, port=port)


def version_and_pair(mode):
    """The version of HTTP and, over TLS, the certificate and the key, as arguments."""
    version = "http2" if mode.streams else "http1"
    return [version, *(fetch.certificate()[:2] if mode.tls else [])]


def start_loiter(core, mode, _loiter, logs=True):
    program = pathlib.Path(servers.program("loiter", "LOITER")).resolve()
    scheme = "tcp-echo://" if mode.raw else "https://" if mode.tls else ""
    command = [str(program), "--listen", f"{scheme}127.0.0.1:0", "--workers", "1", "--max-bytes", "2MiB"]
    command += ["--max-streams", "1000000"] if mode.held and mode.streams else []
    if mode.tls:
        certificate, key, _ = fetch.certificate()
        command += ["--tls-cert", certificate, "--tls-key", key]
    if not mode.log or not logs:
        return servers.Server("loiter", command, core)
    log = ["--access-log", "combined", "--access-log-file", "access.log"]
    return servers.Server("loiter", [*command, *log], core, directory=scratch("loiter"))


def scratch(name):
    """A directory that is removed when the server ends."""
    return tempfile.mkdtemp(prefix=f"loadtest-{name}-")


def start_bare(core, mode, loiter):
    """Sends the bytes that loiter sends; for pipelining, an option gives the length of a request."""
    if mode.raw:
        return servers.bare(core, more=["--echo"])
    if mode.held:
        return servers.bare(core, delayed_answer(core, mode), more=["--delay", mode.path.split("/")[-1]])
    path = LOITER.path(mode)
    length = len(modes.request(loiter, mode, path)) if mode.depth > 1 else None
    if len(str(loiter.port)) != 5:
        raise fetch.Missing("the port should have five digits")
    echo = ["--echo-body", str(mode.body)] if mode.body else []
    return servers.bare(core, modes.answer_of(loiter, mode, path), length, mode.close, echo)


@functools.cache
def delayed_answer(core, mode):
    """loiter's answer to a delay of 0, which has the length of every delayed answer here."""
    path = re.sub("[1-9]", "0", mode.path)
    with start_loiter(core, mode, None) as loiter:
        return modes.answer_of(loiter, mode, path)


def configured(name, command, core, template, **values):
    """Started in its own directory with a configuration and the files of the static modes."""
    directory = pathlib.Path(scratch(name))
    directory.chmod(0o755)
    files = {"status/200": 0, f"bytes/{modes.LONG}": modes.LONG}
    for path, length in files.items():
        place = directory / "files" / path
        place.parent.mkdir(parents=True)
        place.write_bytes(b"x" * length)
    (directory / "files" / "text").write_text("Hello, World!")
    port = servers.free_port()
    text = (fetch.SOURCES / template).read_text()
    for key, value in {"PORT": port, **values}.items():
        text = text.replace(f"@{key}@", str(value))
    (directory / template).write_text(text)
    return servers.Server(name, command, core, port=port, directory=str(directory))


def start_nginx(core, mode, _loiter):
    """nginx allocates memory for its connections at startup, so it gets only as many as needed."""
    command = [*fetch.tool("nginx", "nginx"), "-p", ".", "-c", "nginx.conf", "-e", "error.log"]
    certificate, key, _ = fetch.certificate()
    return configured("nginx", command, core, "nginx.conf", MODULE=fetch.echo_module(),
                      CONNECTIONS=mode.held + 1024, LOG="access.log combined" if mode.log else "off",
                      SPEAKS="ssl " * mode.tls + "http2" * bool(mode.streams),
                      CERTIFICATE=certificate, KEY=key)


def start_h2o(core, mode, _loiter):
    """It speaks every version of HTTP on each port."""
    certificate, key, _ = fetch.certificate()
    pair = f"ssl:\n    certificate-file: {certificate}\n    key-file: {key}\n    ocsp-update-interval: 0"
    return configured("h2o", [*fetch.tool("h2o", "h2o"), "-c", "h2o.conf"], core, "h2o.conf",
                      SSL=pair if mode.tls else "")


def start_haproxy(core, mode, _loiter):
    version = "h2" if mode.streams else "http/1.1"
    tls = f"ssl crt {fetch.certificate()[2]} alpn {version}"
    return configured("haproxy", [*fetch.tool("haproxy", "haproxy"), "-f", "haproxy.cfg"], core,
                      "haproxy.cfg", CONNECTIONS=mode.held + 1024,
                      SPEAKS=tls if mode.tls else "proto h2" if mode.streams else "")


def start_node(core, mode, _loiter):
    return listening("node", [*fetch.tool("node", "nodejs"), str(fetch.SOURCES / "node.js")], core,
                     version_and_pair(mode))


def start_go(core, mode, _loiter):
    """It speaks every version of HTTP on each port."""
    return listening("go", [fetch.go()], core, version_and_pair(mode)[1:])


AIOHTTP = ("aiohttp==3.*",)
HTTPBIN = ("-r", str(servers.ROOT / "tests" / "differential" / "requirements.txt"))


def start_aiohttp(core, _mode, _loiter):
    script = str(fetch.SOURCES / "aiohttp_peer.py")
    return listening("aiohttp", [fetch.python("aiohttp", AIOHTTP), script], core)


def start_httpbin(core, _mode, _loiter):
    port = servers.free_port()
    command = [fetch.python("httpbin", HTTPBIN), "-m", "gunicorn", "-b", f"127.0.0.1:{port}",
               "-k", "gthread", "--threads", "4", "--keep-alive", "300", "httpbin:app"]
    return servers.Server("httpbin", command, core, port=port)


def start_go_httpbin(core, _mode, _loiter):
    """It runs one thread per available core, which is one."""
    port = servers.free_port()
    command = [fetch.go_httpbin(), "-host", "127.0.0.1", "-port", str(port)]
    return servers.Server("go-httpbin", command, core, port=port)


def crate(name, package, chosen=None, **paths):
    """A Rust server: a program of loadtest/peers."""
    def version():
        lock = (fetch.SOURCES / "Cargo.lock").read_text()
        return re.search(rf'name = "{package}"\nversion = "(.*)"', lock)[1]
    return Peer(package, chosen or WHOLE, lambda: fetch.rust(name),
                lambda core, mode, _loiter: listening(package, [fetch.rust(name)], core, version_and_pair(mode)),
                version, **paths)


def version_of(pattern, *command):
    """The version that a program prints."""
    def version():
        done = fetch.subprocess.run(command, capture_output=True, text=True, timeout=30)
        found = re.search(pattern, done.stdout + done.stderr)
        return found[1] if found else "?"
    return version


def installed(name, requirements, package):
    """The version installed in an environment."""
    code = f"import importlib.metadata as m; print(m.version('{package}'))"
    return lambda: fetch.run([fetch.python(name, requirements), "-c", code]).strip()


LOITER = Peer("loiter", [*WHOLE, "get", "log", "tcp", *SECURE], fetch.ours, start_loiter,
              lambda: version_of(r"(\d\S*)", servers.program("loiter", "LOITER"), "--version")(), TEXT)
PEERS = {peer.name: peer for peer in [
    LOITER,
    Peer("log-off", ["log"], fetch.ours,
         lambda core, mode, loiter: start_loiter(core, mode, loiter, logs=False), LOITER.version),
    Peer("bare", [*PLAIN, "echo1k", "echo1m", "delay", "tcp"], fetch.ours, start_bare, lambda: "this tree's"),
    Peer("nginx", [*WHOLE, "log", *SECURE], lambda: (fetch.tool("nginx", "nginx"), fetch.echo_module()), start_nginx,
         lambda: version_of(r"nginx/(\S+)", *fetch.tool("nginx", "nginx"), "-v")()),
    Peer("h2o", [*PLAIN, "bytes", "idle", *SECURE], lambda: fetch.tool("h2o", "h2o"), start_h2o,
         lambda: version_of(r"version (\S+)", *fetch.tool("h2o", "h2o"), "-v")()),
    Peer("haproxy", SECURE, lambda: fetch.tool("haproxy", "haproxy"), start_haproxy,
         lambda: version_of(r"version (\S+)", *fetch.tool("haproxy", "haproxy"), "-v")()),
    Peer("node", [*WHOLE, *SECURE], lambda: fetch.tool("node", "nodejs"), start_node,
         lambda: version_of(r"v(\S+)", *fetch.tool("node", "nodejs"), "-v")()),
    Peer("aiohttp", WHOLE, lambda: fetch.python("aiohttp", AIOHTTP), start_aiohttp,
         installed("aiohttp", AIOHTTP, "aiohttp")),
    Peer("httpbin", [*PLAIN, "get"], lambda: fetch.python("httpbin", HTTPBIN), start_httpbin,
         installed("httpbin", HTTPBIN, "httpbin"), TEXT),
    Peer("go-httpbin", [*PLAIN, "get"], fetch.go_httpbin, start_go_httpbin,
         lambda: fetch.GO_HTTPBIN.rpartition("@v")[2], TEXT),
    Peer("go", SECURE, fetch.go, start_go, lambda: fetch.run(
        [fetch.go_tool(), "version"]).split()[2]),
    # /status/200 alone has a body of 14 bytes
    crate("httpcan", "httpcan", [*WHOLE, "get"], text=TEXT, empty="/status/200?body="),
    crate("hyper", "hyper", [*WHOLE, *SECURE]),
    crate("axum", "axum"),
    crate("actix", "actix-web"),
    crate("ntex", "ntex"),
    crate("may", "may_minihttp"),
]}
QUICK = ["loiter", "bare", "nginx", "node", "aiohttp", "hyper"]
