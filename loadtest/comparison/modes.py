"""The requests of each mode, and how the right answer is recognized."""
import dataclasses
import socket
import ssl
import subprocess
import time

import servers

from comparison import fetch

LONG = 1 << 20


@dataclasses.dataclass(frozen=True)
class Mode:
    """One kind of load."""

    name: str
    about: str
    path: str = "/status/200"
    answer: int | None = 0  # length of the answer's body, if it is the same for all servers
    body: int = 0  # bytes posted; 0 means GET
    connections: int = 64
    depth: int = 1  # requests per write
    close: bool = False
    held: int = 0  # connections held at once by hold, instead of a load
    idle: bool = False
    log: bool = False  # each server writes its access log, to a file
    raw: bool = False  # no HTTP: raw TCP echo, each MiB counts as a request
    tls: bool = False
    handshake: str = ""  # "new" or "reuse": a TLS connection for each request, by openssl s_time
    streams: int = 0  # HTTP/2 streams at once on each connection, by h2load; 0: HTTP/1


LOADS = [
    Mode("keepalive", "`/status/200`, an empty answer"),
    Mode("text", "13 bytes of text", path="/text", answer=13),
    Mode("pipelined", "`/status/200`, 16 requests at once", depth=16),
    Mode("close", "`/status/200`, a new connection each", close=True),
    Mode("echo1k", "POST of 1 KiB, echoed", path="/echo", answer=1024, body=1024),
    Mode("echo1m", "POST of 1 MiB, echoed", path="/echo", answer=LONG, body=LONG, connections=16),
    Mode("get", "`/get`, the request as JSON", path="/get", answer=None),
    Mode("log", "`/status/200`, each request logged to a file", log=True),
    Mode("bytes", "`/bytes/1048576` (loiter generates them for each answer, the others have them ready)",
         path=f"/bytes/{LONG}", answer=LONG, connections=16),
    Mode("tcp", "raw TCP echo, 1 MiB counts as a request", connections=16, raw=True),
    Mode("tls", "`/status/200` over TLS", tls=True),
    Mode("tlsnew", "`/status/200`, a new TLS connection each, by `openssl s_time -new`", tls=True,
         handshake="new", connections=4),
    Mode("tlsresumed", "`/status/200`, a resumed TLS connection each, by `openssl s_time -reuse`",
         tls=True, handshake="reuse", connections=4),
    Mode("h2c1", "`/status/200` by HTTP/2, one stream at once, by h2load", streams=1),
    Mode("h2c16", "`/status/200` by HTTP/2, 16 streams at once, by h2load", streams=16),
    Mode("h2c100", "`/status/200` by HTTP/2, 100 streams at once, by h2load", streams=100),
    Mode("h2tls16", "`/status/200` by HTTP/2 over TLS, 16 streams at once, by h2load", tls=True,
         streams=16),
]
NAMES = [mode.name for mode in LOADS] + ["delay", "idle"]


def chosen(names, held, delay):
    """The modes of these names; `delay` and `idle` once per number of connections."""
    found = [mode for mode in LOADS if mode.name in names]
    for count in held if "delay" in names else []:
        about = f"{count:,} × `/delay/{delay:g}` at once"
        found.append(Mode(f"delay-{count}", about, path=f"/delay/{delay:g}", held=count))
    for count in held[-1:] if "idle" in names else []:
        found.append(Mode(f"idle-{count}", f"{count:,} idle connections", held=count, idle=True))
    return found


def request(server, mode, path):
    """The request exactly as wrk writes it."""
    method = "POST" if mode.body else "GET"
    lines = [f"{method} {path} HTTP/1.1", f"Host: {server.host}:{server.port}"]
    lines += ["Connection: close"] if mode.close else []
    lines += [f"Content-Length: {mode.body}"] if mode.body else []
    return "\r\n".join([*lines, "", ""]).encode() + b"x" * mode.body


def probe(server, mode, path):
    """Why this server is left out of this mode, or None: one request is sent before it is measured."""
    if mode.raw:
        return probe_raw(server)
    if mode.streams:
        return probe_http2(server, mode, path)
    if mode.tls:
        return probe_tls(server, mode, path)
    ends = time.monotonic() + 5
    with socket.create_connection((server.host, server.port), 5) as sock:
        sock.sendall(request(server, mode, path) * mode.depth)
        got, finished = b"", False
        while not finished and time.monotonic() < ends:
            sock.settimeout(max(0.01, ends - time.monotonic()))
            try:
                part = sock.recv(1 << 20)
            except OSError:
                break
            got += part
            finished = not part or (not mode.close and whole(got, mode))
    if mode.close and not finished:
        return "does not close the connection when asked to"
    return None if whole(got, mode) else f"answers {got[:60]!r}, {len(got)} bytes"


def probe_raw(server):
    """The same for raw echo."""
    asked = bytes(range(256)) * 16
    with socket.create_connection((server.host, server.port), 5) as sock:
        sock.sendall(asked)
        got = sock.recv(len(asked), socket.MSG_WAITALL)
    return None if got == asked else f"echoes {got[:60]!r}, {len(got)} bytes"


def probe_http2(server, mode, path):
    """The same for HTTP/2, by curl."""
    scheme, how = ("https", "--http2") if mode.tls else ("http", "--http2-prior-knowledge")
    command = [*fetch.tool("curl", "curl"), "-sk", how, "-m", "5", "-o", "/dev/null", "-w",
               "%{http_version} %{http_code} %{size_download}",
               f"{scheme}://{server.host}:{server.port}{path}"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
    return None if answer == f"2 200 {mode.answer}" else f"answers {answer!r} (version, status, length)"


def probe_tls(server, mode, path):
    """The same over TLS, twice: the second connection must resume the first one's session."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    asked = request(server, dataclasses.replace(mode, close=True), path)
    session = None
    for _ in range(2):
        with socket.create_connection((server.host, server.port), 5) as sock, \
                context.wrap_socket(sock, server_hostname="localhost", session=session) as tls:
            tls.sendall(asked)
            got = b""
            while not whole(got, mode):
                if not (part := tls.recv(1 << 16)):
                    return f"answers {got[:60]!r}, {len(got)} bytes"
                got += part
            if tls.version() != "TLSv1.3":
                return f"speaks {tls.version()}"
            if session and not tls.session_reused:
                return "does not resume sessions"
            session = tls.session
    return None


def whole(got, mode):
    """This many right answers, each of the right length."""
    if mode.depth > 1:
        return got.count(b"HTTP/1.1 200") == mode.depth and got.endswith(b"\r\n\r\n")
    head, end, body = got.partition(b"\r\n\r\n")
    if not end or not head.startswith(b"HTTP/1.1 200"):
        return False
    fields = head.lower()
    if b"transfer-encoding: chunked" in fields:
        return body.endswith(b"0\r\n\r\n") and len(body) > (mode.answer or 0)
    length = int(fields.partition(b"content-length:")[2].split(b"\r\n")[0] or -1)
    return len(body) == length and mode.answer in (None, length)


def answer_of(server, mode, path):
    """All bytes of one answer, for the baseline to send."""
    return servers.capture(server, path, mode.close, request(server, mode, path))[0]
