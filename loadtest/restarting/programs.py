"""The programs that are restarted, and how. Only processes that were started here are ended, by their id."""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import servers
from comparison import fetch

HERE = pathlib.Path(__file__).resolve().parent
LONGEST = 30  # seconds that a process may take to end, or to become ready
PR_SET_CHILD_SUBREAPER = 36


class Broken(Exception):
    """A restart that did not work, which is more than a lost request."""


def adopt_orphans():
    """Processes whose parent ends become children of this one, so that they can be awaited and ended."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def until(what, condition, seconds=LONGEST):
    """Waits for a true value of the condition and returns it; Broken after some time."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise Broken(f"not within {seconds} s: {what}")
        time.sleep(0.01)
    return value


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Program:
    """A server on a fixed port, which can be started again."""

    def __init__(self, command, directory=None, port=None, pid_file=None):
        self.port = port or servers.free_port()
        self.command = [str(one).replace("@PORT@", str(self.port)) for one in command]
        self.directory = directory
        self.pid_file = pid_file  # of a program that goes into the background
        self.pids, self.statuses = [], {}
        self.start()

    def start(self):
        log = open(pathlib.Path(self.directory or "/dev", "log" if self.directory else "null"), "ab")
        with log:
            process = subprocess.Popen(self.command, cwd=self.directory, stdout=log, stderr=log)
        self.pid = process.pid
        if self.pid_file:
            process.wait(LONGEST)
            path = pathlib.Path(self.directory, self.pid_file)
            until(self.pid_file, path.exists)
            self.pid = int(path.read_text(encoding="ascii"))
        self.pids.append(self.pid)
        until(f"{self.command[0]} listens", lambda: self.alive() and listens(self.port))

    def alive(self, pid=None):
        """Whether the process runs; its exit status is kept when it does not."""
        pid = pid or self.pid
        if pid in self.statuses:
            return False
        with contextlib.suppress(ChildProcessError):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                return True
            self.statuses[pid] = os.waitstatus_to_exitcode(status)
            return False
        # a grandchild whose parent has not ended yet
        return pathlib.Path(f"/proc/{pid}").exists()

    def signal(self, number, pid=None):
        os.kill(pid or self.pid, number)

    def wait(self, pid=None):
        pid = pid or self.pid
        until(f"process {pid} of {self.command[0]} ends", lambda: not self.alive(pid))

    def stop_and_start(self, number):
        """Ends it by a signal and starts it again when it has ended: nobody listens in between."""
        self.signal(number)
        self.wait()
        self.start()

    def reload(self):
        """SIGHUP, which it must survive."""
        self.signal(signal.SIGHUP)
        time.sleep(1)
        if not self.alive():
            self.start()
            raise Broken("SIGHUP ended it")

    def children(self, pid):
        tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
        return {int(one) for task in tasks for one in task.read_text(encoding="ascii").split()}

    def upgrade(self, quit_old=None):
        """SIGUSR2: a child takes over the listeners. nginx's old process is then ended by `quit_old`."""
        old, before = self.pid, self.children(self.pid)
        self.signal(signal.SIGUSR2)
        born = until("SIGUSR2 starts a process", lambda: self.children(old) - before, 10).pop()
        self.pids.append(born)
        if quit_old:
            time.sleep(0.5)  # nginx does not report that the new workers accept
            self.signal(quit_old, old)
        self.wait(old)
        self.pid = born
        if not self.alive():
            self.start()
            raise Broken("the new process has ended")

    def close(self):
        for pid in self.pids:
            if self.alive(pid):
                os.kill(pid, signal.SIGTERM)
        for pid in self.pids:
            with contextlib.suppress(Broken):
                until("the end", lambda pid=pid: not self.alive(pid), 15)
            if self.alive(pid):
                os.kill(pid, signal.SIGKILL)
        if self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)


def configured(name, command, port=None, pid_file=None, **replaced):
    """A program with the configuration file of this folder, in a directory of its own."""
    directory = tempfile.mkdtemp(prefix="restarts-")
    os.chmod(directory, 0o755)
    port = port or servers.free_port()
    text = (HERE / name).read_text(encoding="ascii")
    for key, value in {"PORT": port, **replaced}.items():
        text = text.replace(f"@{key}@", str(value))
    pathlib.Path(directory, name).write_text(text, encoding="ascii")
    return Program(command, directory, port, pid_file)


class Loiter(Program):
    """Its listeners are in its file, so that a reload has something to change."""

    def __init__(self, *arguments):
        self.more, port = servers.free_port(), servers.free_port()
        directory = tempfile.mkdtemp(prefix="restarts-")
        self.file = pathlib.Path(directory, "loiter.toml")
        self.listen_on(port)
        command = [servers.program("loiter", "LOITER"), "--config", self.file, "--workers", "2", *arguments]
        super().__init__(command, directory, port)

    def listen_on(self, *ports):
        self.file.write_text(f"listen = {[f'127.0.0.1:{port}' for port in ports]}\n", encoding="ascii")

    def reload(self):
        """Adds a listener, then removes it."""
        for ports in (self.port, self.more), (self.port,):
            self.listen_on(*ports)
            self.signal(signal.SIGHUP)
            until("the reload takes effect", lambda ports=ports: listens(self.more) == (len(ports) == 2), 10)


def nginx():
    binary = fetch.tool("nginx", "nginx-core")
    command = [*binary, "-p", ".", "-c", "nginx.conf", "-e", "error.log"]
    return configured("nginx.conf", command, pid_file="nginx.pid", MODULE=fetch.echo_module())


def node():
    return Program([*fetch.tool("node", "nodejs"), HERE / "node.js", "@PORT@"])


class Balanced:
    """Nodes behind HAProxy, which sends no request twice."""

    def __init__(self, nodes, mode):
        self.nodes = nodes
        lines = [f"    server n{i} 127.0.0.1:{node.port}" for i, node in enumerate(nodes)]
        command = [*fetch.tool("haproxy", "haproxy"), "-db", "-f", "haproxy.cfg"]
        self.balancer = configured("haproxy.cfg", command, MODE=mode, SERVERS="\n".join(lines))
        self.port = self.balancer.port
        try:
            self.all_up()
        except Broken:
            self.close()
            raise

    def statuses(self):
        """The column `status` of each node."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(os.path.join(self.balancer.directory, "haproxy.sock"))
            sock.sendall(b"show stat nodes 4 -1\n")
            text = b"".join(iter(lambda: sock.recv(65536), b"")).decode("ascii")
        names, *rows = [line.split(",") for line in text.splitlines() if line]
        return [row[names.index("status")] for row in rows]

    def all_up(self):
        until("HAProxy finds all nodes", lambda: self.statuses() == ["UP"] * len(self.nodes))

    def rolling_restart(self, number):
        for node in self.nodes:
            node.stop_and_start(number)
            self.all_up()

    def close(self):
        self.balancer.close()
        for node in self.nodes:
            node.close()
