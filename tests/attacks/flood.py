"""Sends many frames within bounds of count and time, and says what ended it."""

import collections
import select
import struct
import time

import frames
from frames import ERRORS, GOAWAY, HEADERS, RST_STREAM, WINDOW_UPDATE

PATIENCE = 2.0  # seconds without progress after which the server counts as no longer reading


class Flood:
    """An attack's connection. `read` says whether the answers are read."""

    def __init__(self, address, read=True, seconds=8.0, **settings):
        self.conn = frames.Connection(address)
        self.conn.window_updates = False
        self.conn.handshake(*settings.get("pairs", []))
        self.socket = self.conn.socket
        self.socket.setblocking(False)
        self.read = read
        self.end = time.monotonic() + seconds
        self.sent = 0
        self.answers = collections.Counter()
        self.ended = None

    def close(self):
        self.socket.close()

    def send(self, payload, count=1):
        """Sends these bytes, which are so many frames or requests; returns whether to go on."""
        view, last = memoryview(payload), time.monotonic()
        while view and not self.ended:
            now = time.monotonic()
            if now > self.end:
                self.ended = "the time is over"
            elif now - last > PATIENCE:
                self.ended = "it stops reading"
            else:
                readers = [self.socket] if self.read else []
                ready, writable, _ = select.select(readers, [self.socket], [], 0.1)
                if ready:
                    self.take()
                if writable and not self.ended:
                    try:
                        view = view[self.socket.send(view) :]
                        last = now
                    except BlockingIOError:
                        continue
                    except OSError:
                        self.lost()
        if not self.ended:
            self.sent += count
        return not self.ended

    def lost(self):
        """The server has closed the connection: what did it say?"""
        self.read = True
        self.take()
        self.ended = self.ended or "closed"

    def take(self):
        """Takes what has come."""
        try:
            while got := self.socket.recv(1 << 18):
                self.conn.unread += got
                if len(self.conn.unread) > 1 << 22:
                    break
            else:
                self.ended = self.ended or "closed"
        except BlockingIOError:
            pass
        except OSError:
            self.ended = self.ended or "closed"
        while whole := self.conn._whole():
            if whole.kind == GOAWAY and whole.code:
                self.ended = f"GOAWAY {ERRORS[whole.code]}"
            elif whole.kind == RST_STREAM:
                self.answers[f"RST_STREAM {ERRORS[whole.code]}"] += 1
            elif whole.kind == HEADERS:
                self.answers["responses"] += 1
            elif whole.kind == WINDOW_UPDATE and whole.stream == 0:
                self.conn.window += struct.unpack(">I", whole.payload)[0]

    def room(self, octets):
        """Waits until the connection's window has room; takes it."""
        end = time.monotonic() + PATIENCE
        while self.conn.window < octets and not self.ended:
            if time.monotonic() > end:
                self.ended = "it opens no window"
            elif select.select([self.socket], [], [], 0.1)[0]:
                self.take()
        self.conn.window -= octets

    def settle(self, seconds=1.0):
        """Waits for what is still to come."""
        self.read = True
        end = time.monotonic() + seconds
        while not self.ended and time.monotonic() < end:
            ready, _, _ = select.select([self.socket], [], [], max(0.0, end - time.monotonic()))
            if ready:
                self.take()

    def outcome(self):
        what = self.ended or "nothing"
        if self.ended and self.sent:
            what += f" after {self.sent:,}"
        elif self.sent:
            what += f" of {self.sent:,}"
        if self.answers:
            counted = ", ".join(f"{n:,} × {name}" for name, n in self.answers.most_common(2))
            what += f" ({counted})"
        return what
