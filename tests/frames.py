"""HTTP/2 frames made by hand (RFC 9113), for what a client library refuses to send.

Field blocks are HPACK literals without indexing and without Huffman (RFC 7541, 6.2.2), so a block
means the same at any place in a connection.
"""

import socket
import ssl
import struct
import time
from typing import NamedTuple

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE = range(6)
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(6, 10)
KINDS = (
    "DATA HEADERS PRIORITY RST_STREAM SETTINGS PUSH_PROMISE PING GOAWAY WINDOW_UPDATE CONTINUATION"
).split()

END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
WITH_PRIORITY = 0x20
WHOLE = END_STREAM | END_HEADERS

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_STREAMS, INITIAL_WINDOW, MAX_FRAME, MAX_LIST = range(1, 7)
ENABLE_CONNECT = 8

ERRORS = (
    "NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED "
    "FRAME_SIZE_ERROR REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM "
    "INADEQUATE_SECURITY HTTP_1_1_REQUIRED"
).split()


class Frame(NamedTuple):
    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def code(self):
        """The error code of a RST_STREAM or GOAWAY."""
        at = 4 if self.kind == GOAWAY else 0
        return struct.unpack_from(">I", self.payload, at)[0]

    def __str__(self):
        name = KINDS[self.kind] if self.kind < len(KINDS) else hex(self.kind)
        if self.kind in (RST_STREAM, GOAWAY):
            code = self.code
            name += f" {ERRORS[code] if code < len(ERRORS) else code}"
        return f"{name} on {self.stream}, flags {self.flags:#x}, {len(self.payload)} B"


CLOSED = "closed"
QUIET = "nothing within the time"


def frame(kind, flags, stream, payload=b""):
    """A frame; `stream` may have its reserved bit set."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def headers(stream, block, flags=WHOLE):
    return frame(HEADERS, flags, stream, block)


def data(stream, payload=b"test", flags=END_STREAM):
    return frame(DATA, flags, stream, payload)


def priority(depends_on=0, weight=255, exclusive=False):
    """The five octets of a PRIORITY frame (RFC 7540, 6.3)."""
    return struct.pack(">IB", depends_on | (exclusive << 31), weight)


def reset(stream, code=8):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def window_update(stream, by):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", by))


def ping(text=b"12345678", flags=0, stream=0):
    return frame(PING, flags, stream, text)


def goaway(last=0, code=0, stream=0):
    return frame(GOAWAY, 0, stream, struct.pack(">II", last, code))


def number(value, prefix, first=0):
    """An integer with a prefix of so many bits (RFC 7541, 5.1)."""
    most = (1 << prefix) - 1
    if value < most:
        return bytes([first | value])
    out = bytearray([first | most])
    value -= most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return number(len(value), 7) + value


def field(name, value, first=0x00):
    """A literal with a new name; `first` is 0x40 with indexing, 0x10 never indexed."""
    return bytes([first]) + text(name) + text(value)


def fields(*pairs):
    return b"".join(field(*pair) for pair in pairs)


def request(method="GET", path="/", *more, scheme="http", authority="localhost"):
    """The block of a request."""
    pseudo = ((":method", method), (":scheme", scheme), (":path", path), (":authority", authority))
    return fields(*pseudo, *more)


def split(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)


def tls_context(protocols=("h2",)):
    """Trusts everything: these checks are not about certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    return context


class Connection:
    """A connection to `host:port`, with prior knowledge or, over TLS, by ALPN."""

    def __init__(self, address, tls=False, timeout=2.0):
        self.socket = socket.create_connection(split(address), 5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls_context().wrap_socket(self.socket, server_hostname="localhost")
            assert self.socket.selected_alpn_protocol() == "h2", "no h2 by ALPN"
        self.timeout = timeout
        self.unread = b""
        self.ended = False
        self.settings = {}
        self.window_updates = True
        self.window = 65535  # what the server lets us send on the connection
        self.received = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *frames):
        """Sends; a connection that the server has closed shows when it is read."""
        self.socket.settimeout(10)
        try:
            self.socket.sendall(b"".join(frames))
        except OSError:
            return False
        return True

    def handshake(self, *pairs):
        """Sends the preface and settings; waits for the server's, and for its acknowledgement."""
        self.send(PREFACE, settings(*(pairs or [(INITIAL_WINDOW, 65535)])))
        own = known = False
        while not (own and known):
            got = self.next()
            if isinstance(got, str):
                raise ConnectionError(f"during the handshake: {got}")
            if got.kind != SETTINGS:
                continue
            if got.flags & ACK:
                known = True
                continue
            own = True
            for at in range(0, len(got.payload), 6):
                name, value = struct.unpack_from(">HI", got.payload, at)
                self.settings[name] = value
            self.send(frame(SETTINGS, ACK, 0))
        return self

    def next(self, within=None):
        """The next frame, CLOSED or QUIET; windows are kept open unless `window_updates` is off."""
        end = time.monotonic() + (self.timeout if within is None else within)
        while True:
            whole = self._whole()
            if whole:
                self._open_windows(whole)
                if whole.kind == WINDOW_UPDATE and whole.stream == 0:
                    self.window += struct.unpack(">I", whole.payload)[0]
                return whole
            if self.ended:
                return CLOSED
            left = end - time.monotonic()
            if left <= 0:
                return QUIET
            self._read(left)

    def _whole(self):
        if len(self.unread) < 9:
            return None
        length = int.from_bytes(self.unread[:3], "big")
        if len(self.unread) < 9 + length:
            return None
        kind, flags, stream = struct.unpack_from(">BBI", self.unread, 3)
        payload = self.unread[9 : 9 + length]
        self.unread = self.unread[9 + length :]
        return Frame(kind, flags, stream & 0x7FFFFFFF, payload)

    def _read(self, within):
        self.socket.settimeout(within)
        try:
            got = self.socket.recv(1 << 18)
        except TimeoutError:
            return
        except OSError:
            got = b""
        self.unread += got
        self.ended = not got

    def _open_windows(self, got):
        if got.kind != DATA or not self.window_updates:
            return
        for stream in (0, got.stream):
            self.received[stream] = self.received.get(stream, 0) + len(got.payload)
            if self.received[stream] >= 32768:
                self.send(window_update(stream, self.received[stream]))
                self.received[stream] = 0
