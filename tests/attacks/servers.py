"""The servers under attack: loiter, and as peers nginx and h2o where they are installed."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import checks

BIG = 102_400

NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/log crit; worker_processes 1;
events {{ worker_connections 4096; }}
http {{
  access_log off; root {folder};
  server {{ listen 127.0.0.1:{plain} http2;
            location = /post {{ proxy_pass http://127.0.0.1:{sink}; }} }}
  server {{ listen 127.0.0.1:{tls} ssl http2;
            ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; }}
}}
"""

H2O = """
num-threads: 1
error-log: {folder}/log
hosts:
  default:
    listen: {{host: 127.0.0.1, port: {plain}}}
    listen:
      host: 127.0.0.1
      port: {tls}
      ssl:
        certificate-file: {folder}/cert.pem
        key-file: {folder}/key.pem
        ocsp-update-interval: 0
    paths:
      /post: {{proxy.reverse.url: "http://127.0.0.1:{sink}/"}}
      /: {{file.dir: {folder}}}
"""


class Target:
    """A server, where it listens and which paths are for what; it measures what the server uses."""

    def __init__(self, process, plain, tls, loiter=False):
        self.process, self.plain, self.tls = process, plain, tls
        self.path = "/get" if loiter else "/small"
        self.slow = "/delay/10" if loiter else "/big"
        self.big = f"/bytes/{BIG}" if loiter else "/big"
        self.upload = "/post"
        self.waits = "/delay/60" if loiter else None
        self.streams = 1000 if loiter else 100
        self.most = 0

    def processes(self):
        """The server's and its children's."""
        own = self.process.pid
        yield own
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, IndexError):
                if int(path.read_text().rsplit(")", 1)[1].split()[1]) == own:
                    yield int(path.parent.name)

    def used(self):
        """CPU seconds and resident bytes."""
        cpu = resident = 0
        for pid in self.processes():
            with contextlib.suppress(OSError):
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    cpu += int((task / "schedstat").read_text().split()[0]) / 1e9
                pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
                resident += pages * os.sysconf("SC_PAGE_SIZE")
        return cpu, resident

    def sample(self):
        self.most = max(self.most, self.used()[1])


@contextlib.contextmanager
def loiter():
    listen = ["http://127.0.0.1:0", "https://127.0.0.1:0"]
    settings = ("--workers", "1", "--head-timeout", "3s")
    with checks.listening(listen, *settings) as (process, urls):
        yield Target(process, *[url.split("//")[1] for url in urls], loiter=True)


@contextlib.contextmanager
def _peer(name, config, command):
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as sink:
        os.chmod(folder, 0o755)
        place = pathlib.Path(folder)
        (place / "small").write_text("small")
        (place / "big").write_bytes(bytes(BIG))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-subj", "/CN=localhost", "-days", "2", "-keyout", place / "key.pem",
             "-out", place / "cert.pem"], check=True, capture_output=True)
        ports = dict(zip(("plain", "tls"), checks.free_ports(2)))
        text = config.format(folder=folder, sink=sink.getsockname()[1], **ports)
        (place / "conf").write_text(text)
        with checks.ended(subprocess.Popen([*command, place / "conf"],
                                           stderr=subprocess.DEVNULL)) as process:
            addresses = [f"127.0.0.1:{port}" for port in ports.values()]
            checks.wait_until_it_listens(process, addresses[0])
            yield Target(process, *addresses)


def peers():
    """Those that are installed."""
    path = os.environ["PATH"] + ":/usr/sbin"
    found = {}
    if nginx := shutil.which("nginx", path=path):
        found["nginx"] = lambda: _peer("nginx", NGINX, [nginx, "-c"])
    if h2o := shutil.which("h2o", path=path):
        found["h2o"] = lambda: _peer("h2o", H2O, [h2o, "-c"])
    return found
