"""What h2spec does not ask: RFC 9113's rules for fields, CONNECT, and RFC 8441."""

import frames
from expect import (
    PROTOCOL, SIZE, answered, connection_error, no_error, pong, refused, stream_error,
)
from frames import (
    END_HEADERS, ENABLE_CONNECT, MAX_FRAME, WHOLE, data, field, fields, frame, headers, priority,
    request, settings, window_update,
)

GET = request()
MALFORMED = stream_error(PROTOCOL)


def with_field(name, value):
    return [headers(1, GET + field(name, value))]


def connect_is_offered(conn):
    """RFC 8441, 3."""
    return None if conn.settings.get(ENABLE_CONNECT) == 1 else f"settings {conn.settings}"


def host(pseudo, value):
    pseudo_fields = [(":method", "GET"), (":scheme", "http"), (":path", "/get")]
    authority = [(":authority", pseudo)] if pseudo is not None else []
    return [headers(1, fields(*pseudo_fields, *authority, ("host", value)))]


CONNECT = (":method", "CONNECT")
SOCKET = (":protocol", "websocket")
PLACE = [(":scheme", "http"), (":path", "/websocket/echo"), (":authority", "localhost")]
VERSION = ("sec-websocket-version", "13")

CASES = [
    ("8.2.1/1", "space in a name", with_field("a b", "c"), MALFORMED),
    ("8.2.1/2", "control in a name", with_field("a\x01", "c"), MALFORMED),
    ("8.2.1/3", "DEL in a name", with_field("a\x7f", "c"), MALFORMED),
    ("8.2.1/4", "octet above 127 in a name", with_field("a\xe9", "c"), MALFORMED),
    ("8.2.1/5", "colon in a name", with_field("a:b", "c"), MALFORMED),
    ("8.2.1/6", "empty name", with_field("", "c"), MALFORMED),
    ("8.2.1/7", "LF in a value", with_field("a", "b\nc"), MALFORMED),
    ("8.2.1/8", "CR in a value", with_field("a", "b\rc"), MALFORMED),
    ("8.2.1/9", "NUL in a value", with_field("a", "b\0c"), MALFORMED),
    ("8.2.1/10", "space before a value", with_field("a", " b"), MALFORMED),
    ("8.2.1/11", "tab after a value", with_field("a", "b\t"), MALFORMED),
    ("8.2.1/12", "LF in :path", [headers(1, request("GET", "/a\nb"))], MALFORMED),
    ("8.2.1/13", "space in :path", [headers(1, request("GET", "/a b"))], refused),
    ("8.2.1/14", "space in :method", [headers(1, request("GE T"))], refused),
    ("8.2.2/1", "Proxy-Connection", with_field("proxy-connection", "close"), MALFORMED),
    ("8.2.2/2", "Keep-Alive", with_field("keep-alive", "5"), MALFORMED),
    ("8.2.2/3", "Transfer-Encoding", with_field("transfer-encoding", "chunked"), MALFORMED),
    ("8.2.2/4", "Upgrade", with_field("upgrade", "h2c"), MALFORMED),
    ("8.2.2/5", "TE: trailers", with_field("te", "trailers"), no_error),
    ("8.3.1/1", "two :path", [headers(1, GET + field(":path", "/"))], MALFORMED),
    ("8.3.1/2", "two :authority", [headers(1, GET + field(":authority", "b"))], MALFORMED),
    ("8.3.1/3", "Host alone", host(None, "localhost"), no_error),
    ("8.3.1/4", "Host like :authority", host("localhost", "localhost"), no_error),
    ("8.3.1/5", "Host unlike :authority", host("localhost", "other"), refused),
    ("8.3.1/6", "two Host", [headers(1, GET + field("host", "a") + field("host", "b"))],
     refused),
    ("8.3.1/7", "relative :path", [headers(1, request("GET", "get"))], refused),
    ("8.3.1/8", "* with OPTIONS", [headers(1, request("OPTIONS", "*"))], no_error),
    ("8.1.1/1", "Content-Length without a body",
     [headers(1, request("POST", "/post", ("content-length", "3")))], MALFORMED),
    ("8.1.1/2", "Content-Length of no number",
     [headers(1, request("POST", "/post", ("content-length", "x")), END_HEADERS), data(1)],
     refused),
    ("8.1.1/3", "two Content-Length that differ",
     [headers(1, request("POST", "/post", ("content-length", "4"), ("content-length", "5")),
              END_HEADERS), data(1)], refused),
    ("8.5/1", "CONNECT with :scheme",
     [headers(1, fields(CONNECT, (":scheme", "http"), (":authority", "a:1")))], MALFORMED),
    ("8.5/2", "CONNECT with :path",
     [headers(1, fields(CONNECT, (":path", "/"), (":authority", "a:1")))], MALFORMED),
    ("8.5/3", "CONNECT without :authority", [headers(1, fields(CONNECT))], MALFORMED),
    ("8441/1", "extended CONNECT is offered", [connect_is_offered], pong()),
    ("8441/2", "WebSocket", [headers(1, fields(CONNECT, SOCKET, *PLACE, VERSION), END_HEADERS)],
     no_error),
    ("8441/3", ":protocol without CONNECT",
     [headers(1, GET + field(":protocol", "websocket"))], MALFORMED),
    ("8441/4", ":protocol without :path",
     [headers(1, fields(CONNECT, SOCKET, (":authority", "localhost")), END_HEADERS)], MALFORMED),
    ("8441/5", "ENABLE_CONNECT_PROTOCOL of a client", [settings((ENABLE_CONNECT, 1))], pong()),
    ("6.5.2/6", "ENABLE_PUSH of 1 from a client", [settings((2, 1))], pong()),
    ("6.9/4", "WINDOW_UPDATE on a closed stream",
     [headers(1, GET), no_error, window_update(1, 1)], pong()),
    ("6.3/3", "PRIORITY of 4 octets on a closed stream",
     [headers(1, request("GET", "/status/204")), no_error, frame(frames.PRIORITY, 0, 1, bytes(4))],
     stream_error(SIZE)),
    ("6.2/5", "HEADERS with priority, too short",
     [headers(1, priority()[:3], WHOLE | frames.WITH_PRIORITY)], connection_error(SIZE, PROTOCOL)),
    ("4.2/4", "unknown frame above the maximum",
     [lambda conn: conn.send(frame(0xFF, 0, 0, bytes(conn.settings.get(MAX_FRAME, 16384) + 1)))
      and None], connection_error(SIZE)),
    ("6.8/2", "a request after the client's GOAWAY",
     [frames.goaway(), headers(1, GET)], answered),
]
