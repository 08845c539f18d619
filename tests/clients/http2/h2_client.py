"""A client with many streams on one connection, over Python's h2; it notes what comes, and when."""

import json
import socket
import ssl
import time
import urllib.parse

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions


class Stream:
    """What has come on a stream."""

    def __init__(self):
        self.started = time.monotonic()
        self.informational = []
        self.head = []
        self.body = b""
        self.pieces = []
        self.trailers = None
        self.reset = None
        self.ended = None

    @property
    def status(self):
        return int(self["status"]) if self.head else None

    @property
    def took(self):
        return self.ended - self.started

    @property
    def over(self):
        return self.ended is not None

    def __getitem__(self, name):
        """The first value of a field, or of a pseudo-field; empty if there is none."""
        names = (name, f":{name}")
        return next((value for key, value in self.head if key in names), "")

    def json(self):
        return json.loads(self.body)


class Client:
    """A connection to `http://host:port` (prior knowledge) or `https://host:port` (ALPN)."""

    def __init__(self, url, validate=True, **settings):
        parts = urllib.parse.urlsplit(url)
        self.scheme, self.authority = parts.scheme, parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port), 5)
        if parts.scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(["h2", "http/1.1"])
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
            assert self.socket.selected_alpn_protocol() == "h2"
        config = h2.config.H2Configuration(
            header_encoding="utf-8", validate_inbound_headers=validate
        )
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        if settings:
            self.h2.update_settings({int(code): value for code, value in settings.items()})
        self.streams = {}
        self.goaways = []
        self.pings = 0
        self.closed = False
        self.broken = None
        self.open_windows = True
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.settimeout(10)
        try:
            self.socket.sendall(self.h2.data_to_send())
        except OSError:
            self.closed = True

    def ask(self, path, method="GET", fields=(), body=None, end=True):
        """Sends a request; a body that fits into the windows goes with it."""
        number = self.h2.get_next_available_stream_id()
        pseudo = [
            (":method", method),
            (":scheme", self.scheme),
            (":authority", self.authority),
            (":path", path),
        ]
        self.h2.send_headers(number, [*pseudo, *fields], end_stream=end and body is None)
        if body is not None:
            self.h2.send_data(number, body, end_stream=end)
        self.streams[number] = Stream()
        self.flush()
        return number

    def get(self, path, **more):
        """A request and its response."""
        number = self.ask(path, **more)
        self.until(lambda: self.streams[number].over)
        return self.streams[number]

    def until(self, done, within=30):
        """Receives until `done`, or for so many seconds; returns whether it is."""
        end = time.monotonic() + within
        while not done() and not self.closed and self.broken is None:
            left = end - time.monotonic()
            if left <= 0:
                break
            self.receive(left)
        return done()

    def receive(self, within):
        self.socket.settimeout(max(within, 0.001))
        try:
            got = self.socket.recv(1 << 18)
        except TimeoutError:
            return
        except OSError:
            got = b""
            self.broken = "reset"
        if not got:
            self.closed = True
            return
        try:
            events = self.h2.receive_data(got)
        except h2.exceptions.ProtocolError as error:
            self.broken = type(error).__name__
            return
        for event in events:
            self.note(event, time.monotonic())
        self.flush()

    def note(self, event, now):
        stream = self.streams.get(getattr(event, "stream_id", None))
        match event:
            case h2.events.InformationalResponseReceived():
                stream.informational.append(event.headers)
            case h2.events.ResponseReceived():
                stream.head = list(event.headers)
            case h2.events.DataReceived():
                stream.body += event.data
                stream.pieces.append((len(event.data), now))
                if self.open_windows and event.flow_controlled_length:
                    self.h2.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
            case h2.events.TrailersReceived():
                stream.trailers = list(event.headers)
            case h2.events.StreamEnded():
                stream.ended = now
            case h2.events.StreamReset():
                stream.reset, stream.ended = event.error_code, now
            case h2.events.ConnectionTerminated():
                self.goaways.append((event.last_stream_id, event.error_code))
            case h2.events.PingReceived():
                self.pings += 1
