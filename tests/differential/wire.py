"""One HTTP exchange over its own socket: the request is sent byte for byte, and the answer is kept as it
comes. Nothing is followed, normalised or retried.
"""

import dataclasses
import socket
import time

PATIENCE = 20.0


@dataclasses.dataclass
class Answer:
    """An answer. `status` is 0 if there was no valid answer."""

    status: int = 0
    reason: str = ""
    version: str = ""
    headers: list = dataclasses.field(default_factory=list)
    body: bytes = b""
    interim: list = dataclasses.field(default_factory=list)
    # The framing of the body (length, chunked, close or none), and whether it was complete.
    framing: str = "none"
    end: str = "whole"
    trailers: list = dataclasses.field(default_factory=list)

    def values(self, name):
        return [value for field, value in self.headers if field.lower() == name]


class Reader:
    """The bytes of a connection, as lines and counts, up to a deadline."""

    def __init__(self, connection):
        self.connection = connection
        self.kept = b""
        self.deadline = time.monotonic() + PATIENCE

    def more(self):
        self.connection.settimeout(max(0.001, self.deadline - time.monotonic()))
        got = self.connection.recv(65536)
        if not got:
            raise EOFError
        self.kept += got

    def line(self):
        while b"\r\n" not in self.kept:
            self.more()
        line, self.kept = self.kept.split(b"\r\n", 1)
        return line

    def exactly(self, count):
        while len(self.kept) < count:
            self.more()
        taken, self.kept = self.kept[:count], self.kept[count:]
        return taken

    def fields(self):
        found = []
        while line := self.line():
            name, _, value = line.decode("latin-1").partition(":")
            found.append((name, value.strip()))
        return found


def exchange(address, sent, method):
    """Sends the bytes on a new connection, reads one final answer, and closes the connection."""
    answer = Answer()
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), PATIENCE) as connection:
            connection.sendall(sent)
            reader = Reader(connection)
            read_head(reader, answer)
            read_body(reader, answer, method)
    except (EOFError, ConnectionError):
        answer.end = "cut"
    except TimeoutError:
        answer.end = "late"
    except ValueError as error:
        answer.end = f"garbled: {error}"
    return answer


def read_head(reader, answer):
    while True:
        version, status, reason = (reader.line().decode("latin-1") + " ").split(" ", 2)
        fields = reader.fields()
        if not status.startswith("1") or status == "101":
            break
        answer.interim.append(int(status))
    answer.version, answer.status, answer.reason = version, int(status), reason.strip()
    answer.headers = fields


def read_body(reader, answer, method):
    coding, length = answer.values("transfer-encoding"), answer.values("content-length")
    if coding:
        answer.framing = "chunked"
    elif length:
        answer.framing = "length"
    elif answer.status not in (101, 204, 304):
        answer.framing = "close"
    if method == "HEAD" or answer.status in (101, 204, 304):
        return
    if coding:
        while size := int(reader.line().split(b";")[0], 16):
            answer.body += reader.exactly(size)
            reader.line()
        answer.trailers = reader.fields()
    elif length:
        wanted = int(length[0])
        try:
            answer.body = reader.exactly(wanted)
        except EOFError:
            answer.body = reader.kept
            raise
    else:
        read_until_closed(reader, answer)


def read_until_closed(reader, answer):
    try:
        while True:
            reader.more()
    except EOFError:
        answer.body = reader.kept
