"""A Docker engine of its own, in a network namespace, with the image of a binary that is already built."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import network

LONGEST = 300  # seconds of one command
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
INTERPRETER = 3  # PT_INTERP of ELF


def is_static(path):
    """Whether a 64-bit little-endian ELF file needs no dynamic linker, which the image does not have."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        return False
    number = lambda at, size: int.from_bytes(data[at : at + size], "little")
    first, size, count = number(32, 8), number(54, 2), number(56, 2)
    return all(number(first + size * one, 4) != INTERPRETER for one in range(count))


class Engine:
    """dockerd with its bridge, its rules and its data apart from the machine's."""

    def __init__(self, *options):
        self.options = options  # of dockerd

    def __enter__(self):
        network.needs("ip", "nsenter", "docker", "dockerd")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="loiter-engine-", dir="/var/tmp"))
        self.space = f"loiter{os.getpid()}-engine"
        self.process = None
        self.host = f"unix://{self.directory}/docker.sock"
        with contextlib.ExitStack() as stack:
            stack.callback(self.__exit__)
            self._start()
            stack.pop_all()
        return self

    def _start(self):
        network.ip("netns", "add", self.space)
        network.ip("-n", self.space, "link", "set", "lo", "up")
        command = ["nsenter", f"--net=/run/netns/{self.space}", "dockerd", "-H", self.host]
        command += ["--data-root", self.directory / "data", "--exec-root", self.directory / "exec"]
        # TEST-NET-1 (RFC 5737): nothing outside can be hit
        command += ["--pidfile", self.directory / "pid", "--bip", "192.0.2.129/25", *self.options]
        with open(self.directory / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            network.until("dockerd answers", lambda: self.tried("info") and self.process.poll() is None)
        except TimeoutError:
            last = (self.directory / "log").read_text(errors="replace").splitlines()[-1:]
            raise network.Skipped(f"dockerd does not start here: {last}") from None

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        subprocess.run(["ip", "netns", "del", self.space], check=False, timeout=60)
        shutil.rmtree(self.directory, ignore_errors=True)

    def environment(self):
        return os.environ | {"DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0"}

    def tried(self, *words):
        """Whether a docker command succeeds."""
        command = ["docker", *map(str, words)]
        done = subprocess.run(command, env=self.environment(), capture_output=True, timeout=LONGEST, check=False)
        return done.returncode == 0

    def docker(self, *words):
        """The output of a docker command, which must succeed."""
        command = ["docker", *map(str, words)]
        done = subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, timeout=LONGEST, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def build(self, binary, *tags, platform=None):
        """Images of the binary by the second half of the Dockerfile; the version is the tag's."""
        folder = self.directory / "image"
        folder.mkdir(exist_ok=True)
        shutil.copy(binary, folder / "loiter")
        text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
        text = text[text.index("FROM scratch") :].replace("COPY --from=build /loiter", "COPY loiter")
        (folder / "Dockerfile").write_text(text, encoding="utf-8")
        for tag in tags:
            version = tag.partition(":")[2]
            words = ["--platform", platform] if platform else []
            self.docker("build", *words, "--quiet", "--build-arg", f"VERSION={version}", "--tag", tag, folder)
