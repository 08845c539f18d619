"""Network namespaces on a switch of their own: nothing in them reaches the machine, and the reverse.

Addresses are from TEST-NET-1 (RFC 5737). Needs root and iproute2.
"""

import os
import pathlib
import shutil
import subprocess
import time

LONGEST = 60  # seconds of one command


class Skipped(Exception):
    """It cannot be tested here; the message says why."""


def ip(*words):
    subprocess.run(["ip", *words], check=True, timeout=LONGEST, capture_output=True)


def needs(*programs):
    """Skips without root or without one of the programs."""
    if os.geteuid() != 0:
        raise Skipped("needs root")
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    os.environ["PATH"] = path
    if missing := [one for one in programs if not shutil.which(one)]:
        raise Skipped(f"{', '.join(missing)} missing")


class Network:
    """A switch in a namespace, and a namespace for each name, with addresses 192.0.2.1 and on."""

    def __init__(self, *names):
        self.prefix = f"loiter{os.getpid()}"
        self.names = names
        self.addresses = {name: f"192.0.2.{number}" for number, name in enumerate(names, 1)}

    def namespace(self, name):
        return f"{self.prefix}-{name}"

    def __enter__(self):
        try:
            switch = self.namespace("switch")
            ip("netns", "add", switch)
            ip("-n", switch, "link", "add", "switch", "type", "bridge")
            ip("-n", switch, "link", "set", "switch", "up")
            for name in self.names:
                self._plug(name, switch)
        except subprocess.CalledProcessError as error:
            self.__exit__()
            raise Skipped(f"{' '.join(error.cmd)}: {error.stderr.decode().strip()}") from None
        return self

    def _plug(self, name, switch):
        space = self.namespace(name)
        ip("netns", "add", space)
        ip("-n", space, "link", "add", "eth0", "type", "veth", "peer", "name", name, "netns", switch)
        ip("-n", switch, "link", "set", name, "master", "switch", "up")
        ip("-n", space, "addr", "add", f"{self.addresses[name]}/24", "dev", "eth0")
        ip("-n", space, "link", "set", "eth0", "up")
        ip("-n", space, "link", "set", "lo", "up")

    def __exit__(self, *_):
        for name in (*self.names, "switch"):
            if pathlib.Path("/run/netns", self.namespace(name)).exists():
                ip("netns", "del", self.namespace(name))

    def command(self, name, *words):
        """A command that runs in the namespace; its process is the program itself."""
        return ["nsenter", f"--net=/run/netns/{self.namespace(name)}", *map(str, words)]

    def cable(self, name, state):
        """Plugs a namespace's cable in (`up`) or out (`down`), on the switch's side."""
        ip("-n", self.namespace("switch"), "link", "set", name, state)


def until(what, condition, seconds=30):
    """Waits for a true value of the condition, and returns it."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
    return value
