"""The servers under test: started on a core, measured by their CPU time, ended by pid.

Standard library only. Every wait is bounded, and only processes started here are ended.
"""
import os
import pathlib
import select
import shlex
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_SECONDS = 10  # for a server to listen
ECHO_MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")  # Debian's path

NGINX = """
{module}
daemon off; worker_processes 1; pid nginx.pid; error_log error.log crit;
events {{ worker_connections 20000; accept_mutex off; multi_accept on; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 300s; tcp_nodelay on;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    default_type {kind};
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ return 200{body}; }}
        {delay}
    }}
}}
"""


def program(name, variable):
    """The program from $VARIABLE, or the release build of this tree."""
    if given := os.environ.get(variable):
        return given
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = target / "release" / name
    if not built.exists():
        raise SystemExit(f"{built} is missing: cargo build --release --examples --bins, or set ${variable}")
    return str(built)


def environment():
    """The environment without the scripts' variable, which loiter would report as an unknown setting."""
    return {name: value for name, value in os.environ.items() if name != "LOITER_ARGS"}


class Server:
    """A running server: `host`, `port`, `pid`; use it in a `with`."""

    def __init__(self, name, command, core, port=None, directory=None):
        pinned = ["taskset", "-c", str(core), *command]
        out = subprocess.DEVNULL if port else subprocess.PIPE
        self.name, self.directory, self.host = name, directory, "127.0.0.1"
        self.process = subprocess.Popen(pinned, stdout=out, stderr=subprocess.DEVNULL, cwd=directory,
                                        env=environment())
        self.pid = self.process.pid
        try:
            self.port = port or self._said()
            self._wait_for_listener()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _said(self):
        """The port from the line `listening SCHEME://HOST:PORT`."""
        readable, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline().decode() if readable else ""
        if not line.startswith("listening "):
            raise SystemExit(f"{self.name} did not print its address, but {line!r}")
        return int(line.strip().rsplit(":", 1)[1].strip("/"))

    def _wait_for_listener(self):
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                return socket.create_connection((self.host, self.port), 1).close()
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise SystemExit(f"{self.name} does not listen on port {self.port}") from None
                time.sleep(0.05)

    def tree(self):
        """Its process and all descendants."""
        found = [self.pid]
        for pid in found:
            for task in _entries(f"/proc/{pid}/task"):
                found += [int(child) for child in _text(f"{task}/children").split()]
        return found

    def cpu_ns(self):
        """CPU time of all its threads so far. (Without ended threads: loiter's do not end.)"""
        tasks = [task for pid in self.tree() for task in _entries(f"/proc/{pid}/task")]
        return sum(int(_text(f"{task}/schedstat").split()[0]) for task in tasks)

    def stop(self):
        """TERM, and KILL if it takes longer than 5 s."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                for pid in reversed(self.tree()):
                    os.kill(pid, 9)
                self.process.wait(5)
        if self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)


def loiter(core, *arguments, workers=1, before=(), scheme="http"):
    """loiter, with more arguments from $LOITER_ARGS. `before` is a prefix command such as prlimit."""
    extra = shlex.split(os.environ.get("LOITER_ARGS", ""))
    listen = f"{scheme}://127.0.0.1:0"
    command = [program("loiter", "LOITER"), "--listen", listen, "--workers", str(workers)]
    return Server("loiter", [*before, *command, *arguments, *extra], core)


def bare(core, answer=None, request_bytes=None, close=False, more=()):
    """The baseline, which sends exactly `answer` (a complete answer); `more` are further options."""
    directory = tempfile.mkdtemp(prefix="loadtest-bare-")
    command = [program("examples/bare", "BARE"), "--listen", "127.0.0.1:0"]
    if answer:
        pathlib.Path(directory, "answer").write_bytes(answer)
        command += ["--answer", "answer"]
    command += ["--request-bytes", str(request_bytes)] if request_bytes else []
    command += ["--close"] if close else []
    command += more
    command[0] = str(pathlib.Path(command[0]).resolve())
    return Server("bare", command, core, directory=directory)


def nginx(core, body_bytes=0, kind="text/html", delay=None):
    """nginx with one worker that answers 200 with `body_bytes` bytes; `/delay` by its echo module."""
    binary = os.environ.get("NGINX") or shutil.which("nginx") or "/usr/sbin/nginx"
    directory, port = tempfile.mkdtemp(prefix="loadtest-nginx-"), free_port()
    os.chmod(directory, 0o755)
    body = f" '{'x' * body_bytes}'" if body_bytes else ""
    sleep = f"location /delay {{ echo_sleep {delay}; echo ok; }}" if delay else ""
    module = f"load_module {ECHO_MODULE};" if delay else ""
    text = NGINX.format(port=port, kind=kind, body=body, delay=sleep, module=module)
    pathlib.Path(directory, "nginx.conf").write_text(text, encoding="ascii")
    command = [binary, "-p", directory, "-c", "nginx.conf", "-e", "error.log"]
    return Server("nginx", command, core, port=port, directory=directory)


def free_port():
    """A port that nothing listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def anonymous(pid):
    """Bytes of heap, stacks and written data."""
    lines = _text(f"/proc/{pid}/smaps_rollup").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:")), 0)


def descriptors(pid):
    """Open descriptors of all threads: each worker has its own table."""
    return sum(len(_entries(f"{task}/fd")) for task in _entries(f"/proc/{pid}/task"))


def request_text(server, path, close=False):
    """The request exactly as wrk writes it."""
    extra = "Connection: close\r\n" if close else ""
    return f"GET {path} HTTP/1.1\r\nHost: {server.host}:{server.port}\r\n{extra}\r\n".encode()


def capture(server, path, close=False, request=None):
    """One complete answer of the server: (all bytes, length of the body)."""
    with socket.create_connection((server.host, server.port), 5) as sock:
        sock.sendall(request or request_text(server, path, close))
        got = b""
        while not (parts := got.partition(b"\r\n\r\n"))[1]:
            got += _more(sock, server)
        fields = dict(line.lower().split(b":", 1) for line in parts[0].split(b"\r\n")[1:])
        length = int(fields[b"content-length"])
        while len(got) < len(parts[0]) + 4 + length:
            got += _more(sock, server)
    return got, length


def _more(sock, server):
    if piece := sock.recv(65536):
        return piece
    raise SystemExit(f"{server.name} closed within an answer")


def _entries(directory):
    try:
        return [entry.path for entry in os.scandir(directory)]
    except FileNotFoundError:
        return []


def _text(path):
    try:
        return pathlib.Path(path).read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return "0"
