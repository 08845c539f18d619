"""A TLS client whose records and messages can be spoiled, over tlslite-ng."""

import socket
import ssl
import struct

import frames
from tlslite.api import HandshakeSettings, TLSConnection
from tlslite.errors import TLSAbruptCloseError, TLSError, TLSRemoteAlert
from tlslite.messages import Message
import contextlib

TLS12, TLS13 = (3, 3), (3, 4)
CHANGE, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow",
    40: "handshake_failure", 47: "illegal_parameter", 50: "decode_error", 51: "decrypt_error",
    70: "protocol_version", 80: "internal_error", 100: "no_renegotiation",
    109: "missing_extension", 112: "unrecognized_name", 116: "certificate_required",
    120: "no_application_protocol",
}


class Peer:
    """A connection that has shaken hands."""

    def __init__(self, address, version=TLS13, session=None, alpn=(b"http/1.1",), **settings):
        self.socket = socket.create_connection(frames.split(address), 5)
        self.socket.settimeout(5)
        self.tls = TLSConnection(self.socket)
        choices = HandshakeSettings()
        choices.minVersion = choices.maxVersion = version
        for name, value in settings.items():
            setattr(choices, name, value)
        self.tls.handshakeClientCert(
            settings=choices, serverName="localhost", session=session,
            alpn=[bytearray(name) for name in alpn] or None,
        )
        self.heard = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def record(self, kind, payload):
        """Sends one record as it is."""
        for _ in self.tls._recordLayer.sendRecord(Message(kind, bytearray(payload))):
            pass

    def pad(self, octets):
        """From now on each record has so many octets of padding (RFC 8446, 5.4)."""
        self.tls._recordLayer.padding_cb = lambda length, kind, most: bytearray(octets)

    def key_update(self, ask):
        """Changes the keys that are sent with, and asks the server for the same."""
        for _ in self.tls.send_keyupdate_request(1 if ask else 0):
            pass

    def request(self, path="/get", method="GET", body=b""):
        """A request and its response; returns its status and body."""
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        self.tls.write(head.encode() + body)
        return self.response()

    def response(self):
        while b"\r\n\r\n" not in self.heard:
            self.hear()
        head, _, rest = bytes(self.heard).partition(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        lengths = [line for line in lines if line.startswith("content-length:")]
        length = int(lengths[0].split(":")[1])
        self.heard = bytearray(rest)
        while len(self.heard) < length:
            self.hear()
        body, self.heard = bytes(self.heard[:length]), self.heard[length:]
        return int(head.split()[1]), body

    def hear(self):
        got = self.tls.read(max=1 << 16, min=1)
        if not got:
            raise ConnectionError("closed")
        self.heard += got

    def serves(self):
        status, body = self.request()
        assert status == 200 and body, status

    def alert(self):
        """The alert that the server sends, by name; "closed" if it sends none."""
        try:
            while self.tls.read(max=1 << 16, min=1):
                pass
        except TLSRemoteAlert as error:
            return ALERTS.get(error.description, str(error.description))
        except (TLSAbruptCloseError, ConnectionError):
            return "closed"
        except (TLSError, TimeoutError) as error:
            return type(error).__name__
        return "close_notify"


def alerts(peer, *names):
    got = peer.alert()
    assert got in names, f"{got}, not {' or '.join(names)}"


def client_hello(version=None, **options):
    """The ClientHello message that OpenSSL makes, without its record header."""
    context = frames.tls_context(options.get("alpn", ("http/1.1",)))
    if version:
        context.minimum_version = context.maximum_version = version
    if "ciphers" in options:
        context.set_ciphers(options["ciphers"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        half.do_handshake()
    return outgoing.read()[5:]


def record(kind, payload, version=0x0301):
    return struct.pack(">BHH", kind, version, len(payload)) + payload


def first_answer(address, *records):
    """What a server says first to these records: an alert by name, "ServerHello" or "closed"."""
    with socket.create_connection(frames.split(address), 5) as raw:
        raw.settimeout(5)
        try:
            for one in records:
                raw.sendall(one)
            got = b""
            while len(got) < 7:
                more = raw.recv(4096)
                if not more:
                    return "closed"
                got += more
        except TimeoutError:
            return "nothing"
        except OSError:
            return "closed"
    if got[0] == ALERT:
        return ALERTS.get(got[6], str(got[6]))
    if got[0] == HANDSHAKE and got[5] == 2:
        return "ServerHello"
    return f"{got[:16]!r}"
