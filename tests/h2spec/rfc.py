"""What RFC 7540 and 9113 forbid, and how the server must answer: 95 cases (h2spec's group "http2").

The sections are RFC 7540's, as in h2spec; a case's number is h2spec's.
"""

import frames
from expect import (
    COMPRESSION, FLOW, PROTOCOL, REFUSED, SIZE, STREAM_CLOSED, closed, connection_error, goaway,
    kind, pong, pong_or_close, response, settings_ack, stream_end, stream_error,
)
from frames import (
    ACK, CONTINUATION, DATA, ENABLE_PUSH, END_HEADERS, END_STREAM, INITIAL_WINDOW, MAX_FRAME,
    MAX_STREAMS, PADDED, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WHOLE, WINDOW_UPDATE,
    WITH_PRIORITY, data, field, fields, frame, headers, ping, priority, request, reset, settings,
    window_update,
)

GET = request()
POST = request("POST")
MORE = field("x-dummy0", "x" * 4000)
WRONG = connection_error(PROTOCOL)
WRONG_SIZE = connection_error(SIZE)
MALFORMED = stream_error(PROTOCOL)
OPEN = headers(1, POST, END_HEADERS)
MOST = (1 << 31) - 1
BAD_PING = ping(stream=3)


def window(size):
    return settings((INITIAL_WINDOW, size))


def one_octet(*steps):
    """A DATA frame of one octet, which is all that the window has room for."""
    return [*steps, headers(1, GET)], kind(DATA, 1, 1)


def largest(conn):
    conn.send(data(1, bytes(conn.settings.get(MAX_FRAME, 16384))))


def too_large(conn):
    conn.send(data(1, bytes(conn.settings.get(MAX_FRAME, 16384) + 1)))


def too_large_head(conn):
    count = conn.settings.get(MAX_FRAME, 16384) // 4000 + 1
    conn.send(headers(1, GET + MORE * count))


def one_stream_too_many(conn):
    """As many requests as the server allows and one more; none may end for want of a window."""
    most = conn.settings.get(MAX_STREAMS)
    if most is None:
        return "skipped"
    conn.send(window(0))
    for first in range(0, most + 1, 1000):
        last = min(first + 1000, most + 1)
        conn.send(*[headers(2 * n + 1, GET) for n in range(first, last)])


def malformed(*pairs):
    return [headers(1, fields(*pairs))]


METHOD, SCHEME, PATH, HOST = (
    (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "localhost"),
)

STATES = [
    ("5.1/1", "idle: DATA", [data(1)], WRONG),
    ("5.1/2", "idle: RST_STREAM", [reset(1)], WRONG),
    ("5.1/3", "idle: WINDOW_UPDATE", [window_update(1, 100)], WRONG),
    ("5.1/4", "idle: CONTINUATION", [frame(CONTINUATION, END_HEADERS, 1, GET)], WRONG),
    ("5.1/5", "half-closed: DATA", [headers(1, GET), data(1)], stream_error(STREAM_CLOSED)),
    ("5.1/6", "half-closed: HEADERS", [headers(1, GET) * 2], stream_error(STREAM_CLOSED)),
    ("5.1/7", "half-closed: CONTINUATION",
     [headers(1, GET), frame(CONTINUATION, END_HEADERS, 1, GET)],
     stream_error(STREAM_CLOSED, PROTOCOL)),
    ("5.1/8", "reset: DATA", [OPEN, reset(1), data(1)], stream_error(STREAM_CLOSED)),
    ("5.1/9", "reset: HEADERS", [OPEN, reset(1), headers(1, GET)], stream_error(STREAM_CLOSED)),
    ("5.1/10", "reset: CONTINUATION",
     [OPEN, reset(1), frame(CONTINUATION, END_HEADERS, 1, MORE)],
     stream_error(STREAM_CLOSED, PROTOCOL)),
    ("5.1/11", "closed: DATA", [headers(1, GET), stream_end, data(1)],
     connection_error(STREAM_CLOSED)),
    ("5.1/12", "closed: HEADERS", [headers(1, GET), stream_end, headers(1, GET)],
     connection_error(STREAM_CLOSED)),
    ("5.1/13", "closed: CONTINUATION",
     [headers(1, GET), stream_end, frame(CONTINUATION, END_HEADERS, 1, MORE)],
     connection_error(STREAM_CLOSED, PROTOCOL)),
    ("5.1.1/1", "even stream", [headers(2, GET)], WRONG),
    ("5.1.1/2", "lower stream", [headers(5, GET), headers(3, GET)], WRONG),
    ("5.1.2/1", "one stream too many", [one_stream_too_many], stream_error(PROTOCOL, REFUSED)),
    ("5.3.1/1", "HEADERS that depends on itself",
     [headers(1, priority(1) + GET, WHOLE | WITH_PRIORITY)], MALFORMED),
    ("5.3.1/2", "PRIORITY that depends on itself",
     [frame(PRIORITY, 0, 1, priority(1))], MALFORMED),
    ("5.4.1/1", "the connection closes after an error", [BAD_PING], closed),
    ("5.4.1/2", "GOAWAY comes before that", [BAD_PING], goaway),
    ("5.5/1", "unknown frame", [frame(0xFF, 0, 0, bytes(8))], pong()),
    ("5.5/2", "unknown frame inside a field block",
     [headers(1, GET, END_STREAM), frame(0xFF, 0, 0, bytes(8)),
      frame(CONTINUATION, END_HEADERS, 1, MORE)], WRONG),
]

BASICS = [
    ("3.5/1", "SETTINGS come first", None, None),
    ("3.5/2", "wrong preface", None, None),
    ("4.1/1", "unknown type", [frame(0xFF, 0, 0, bytes(8))], pong()),
    ("4.1/2", "undefined flags", [ping(flags=0x0E)], pong(ask=False)),
    ("4.1/3", "reserved bit", [ping(stream=1 << 31)], pong(ask=False)),
    ("4.2/1", "largest DATA", [OPEN, largest], response()),
    ("4.2/2", "DATA above the maximum", [OPEN, too_large], stream_error(SIZE)),
    ("4.2/3", "HEADERS above the maximum", [too_large_head], WRONG_SIZE),
    ("4.3/1", "invalid field block", [headers(1, b"\x40\x01")], connection_error(COMPRESSION)),
    ("4.3/2", "PRIORITY inside a field block",
     [headers(1, GET, 0), frame(PRIORITY, 0, 1, priority()),
      frame(CONTINUATION, END_HEADERS, 1, MORE)], WRONG),
    ("4.3/3", "HEADERS of another stream inside a field block",
     [headers(1, GET, 0), headers(3, GET), frame(CONTINUATION, END_HEADERS, 1, MORE)], WRONG),
]

FRAMES = [
    ("6.1/1", "DATA on stream 0", [data(0)], WRONG),
    ("6.1/2", "DATA on a half-closed stream", [headers(1, GET), data(1)],
     stream_error(STREAM_CLOSED)),
    ("6.1/3", "DATA, padding too long",
     [OPEN, data(1, b"\x06test", PADDED | END_STREAM)], WRONG),
    ("6.2/1", "PRIORITY inside a field block",
     [headers(1, GET, 0), frame(PRIORITY, 0, 1, priority()),
      frame(CONTINUATION, END_HEADERS, 1, MORE)], WRONG),
    ("6.2/2", "HEADERS inside a field block",
     [headers(1, GET, 0), headers(3, GET), frame(CONTINUATION, END_HEADERS, 1, MORE)], WRONG),
    ("6.2/3", "HEADERS on stream 0", [headers(0, GET)], WRONG),
    ("6.2/4", "HEADERS, padding too long",
     [headers(1, bytes([len(GET) + 2]) + GET, WHOLE | PADDED)], MALFORMED),
    ("6.3/1", "PRIORITY on stream 0", [frame(PRIORITY, 0, 0, priority())], WRONG),
    ("6.3/2", "PRIORITY of 4 octets", [headers(1, GET), frame(PRIORITY, 0, 1, b"\x80\0\0\1")],
     stream_error(SIZE)),
    ("6.4/1", "RST_STREAM on stream 0", [reset(0)], WRONG),
    ("6.4/2", "RST_STREAM on an idle stream", [reset(1)], WRONG),
    ("6.4/3", "RST_STREAM of 3 octets", [OPEN, frame(RST_STREAM, 0, 1, bytes(3))], WRONG_SIZE),
    ("6.5/1", "SETTINGS, ACK with a payload", [frame(SETTINGS, ACK, 0, b"\0")], WRONG_SIZE),
    ("6.5/2", "SETTINGS on a stream", [frame(SETTINGS, 0, 1, b"\0\3\0\0\0\x64")], WRONG),
    ("6.5/3", "SETTINGS of 3 octets", [frame(SETTINGS, 0, 0, b"\0\3\0")], WRONG_SIZE),
    ("6.5.2/1", "ENABLE_PUSH of 2", [settings((ENABLE_PUSH, 2))], WRONG),
    ("6.5.2/2", "INITIAL_WINDOW_SIZE above the maximum", [window(1 << 31)],
     connection_error(FLOW)),
    ("6.5.2/3", "MAX_FRAME_SIZE below the minimum", [settings((MAX_FRAME, 16383))], WRONG),
    ("6.5.2/4", "MAX_FRAME_SIZE above the maximum", [settings((MAX_FRAME, 1 << 24))], WRONG),
    ("6.5.2/5", "unknown setting", [settings((0xFF, 1))], pong()),
    ("6.5.3/1", "the last INITIAL_WINDOW_SIZE counts",
     *one_octet(settings((INITIAL_WINDOW, 100), (INITIAL_WINDOW, 1)), settings_ack)),
    ("6.5.3/2", "SETTINGS are acknowledged", [settings((ENABLE_PUSH, 0))], settings_ack),
    ("6.7/1", "PING", [], pong(b"12345678")),
    ("6.7/2", "PING with ACK is not answered", [ping(b"not this", ACK)], pong(b"but this")),
    ("6.7/3", "PING on a stream", [ping(stream=1)], WRONG),
    ("6.7/4", "PING of 6 octets", [frame(PING, 0, 0, bytes(6))], WRONG_SIZE),
    ("6.8/1", "GOAWAY on a stream", [frames.goaway(stream=1)], WRONG),
    ("6.9/1", "WINDOW_UPDATE of 0", [window_update(0, 0)], WRONG),
    ("6.9/2", "WINDOW_UPDATE of 0 on a stream", [OPEN, window_update(1, 0)], MALFORMED),
    ("6.9/3", "WINDOW_UPDATE of 3 octets", [frame(WINDOW_UPDATE, 0, 0, b"\0\0\1")], WRONG_SIZE),
    ("6.9.1/1", "DATA of the window's size", *one_octet(window(1), settings_ack)),
    ("6.9.1/2", "the connection's window above the maximum",
     [window_update(0, MOST) * 2], connection_error(FLOW)),
    ("6.9.1/3", "a stream's window above the maximum",
     [OPEN, window_update(1, MOST) * 2], stream_error(FLOW)),
    ("6.9.2/1", "a new INITIAL_WINDOW_SIZE opens a stream",
     [window(0), settings_ack, headers(1, GET), window(1), settings_ack], kind(DATA, 1, 1)),
    ("6.9.2/2", "a window below 0",
     [window(3), settings_ack, headers(1, GET), kind(DATA), window(2), settings_ack,
      window_update(1, 2)], kind(DATA, 1, 1)),
    ("6.9.2/3", "INITIAL_WINDOW_SIZE above the maximum", [window(1 << 31)],
     connection_error(FLOW)),
    ("6.10/1", "several CONTINUATION",
     [headers(1, GET, END_STREAM), frame(CONTINUATION, 0, 1, MORE),
      frame(CONTINUATION, END_HEADERS, 1, MORE)], response()),
    ("6.10/2", "DATA after CONTINUATION",
     [headers(1, POST, 0), frame(CONTINUATION, 0, 1, MORE), data(1)], WRONG),
    ("6.10/3", "CONTINUATION on stream 0",
     [headers(1, GET, END_STREAM), frame(CONTINUATION, END_HEADERS, 0, MORE)], WRONG),
    ("6.10/4", "CONTINUATION after END_HEADERS",
     [headers(1, GET), frame(CONTINUATION, END_HEADERS, 1, MORE)], WRONG),
    ("6.10/5", "CONTINUATION after CONTINUATION with END_HEADERS",
     [headers(1, GET, END_STREAM), frame(CONTINUATION, END_HEADERS, 1, MORE) * 2], WRONG),
    ("6.10/6", "CONTINUATION after DATA",
     [headers(1, POST, 0), data(1), frame(CONTINUATION, 0, 1, MORE)], WRONG),
]

MESSAGES = [
    ("7/1", "GOAWAY with an unknown code", [frames.goaway(code=0xFF)], pong_or_close),
    ("7/2", "RST_STREAM with an unknown code", [OPEN, reset(1, 0xFF)], pong()),
    ("8.1/1", "trailers without END_STREAM",
     [OPEN, data(1, flags=0), headers(1, field("x-test", "ok"), END_HEADERS)], MALFORMED),
    ("8.1.2/1", "upper case in a name", [headers(1, GET + field("X-TEST", "ok"))], MALFORMED),
    ("8.1.2.1/1", "unknown pseudo-field", [headers(1, GET + field(":test", "ok"))], MALFORMED),
    ("8.1.2.1/2", "a response's pseudo-field",
     [headers(1, GET + field(":status", "200"))], MALFORMED),
    ("8.1.2.1/3", "pseudo-field in trailers",
     [OPEN, data(1, flags=0), headers(1, field(":method", "POST"))], MALFORMED),
    ("8.1.2.1/4", "pseudo-field after a field",
     malformed(("x-test", "ok"), METHOD, SCHEME, PATH, HOST), MALFORMED),
    ("8.1.2.2/1", "Connection", [headers(1, GET + field("connection", "keep-alive"))], MALFORMED),
    ("8.1.2.2/2", "TE other than trailers",
     [headers(1, GET + field("trailers", "test") + field("te", "trailers, deflate"))],
     MALFORMED),
    ("8.1.2.3/1", "empty :path", malformed(METHOD, SCHEME, (":path", ""), HOST), MALFORMED),
    ("8.1.2.3/2", "no :method", malformed(SCHEME, PATH, HOST), MALFORMED),
    ("8.1.2.3/3", "no :scheme", malformed(METHOD, PATH, HOST), MALFORMED),
    ("8.1.2.3/4", "no :path", malformed(METHOD, SCHEME, HOST), MALFORMED),
    ("8.1.2.3/5", "two :method", malformed(METHOD, SCHEME, PATH, HOST, METHOD), MALFORMED),
    ("8.1.2.3/6", "two :scheme", malformed(METHOD, SCHEME, PATH, HOST, SCHEME), MALFORMED),
    ("8.1.2.3/7", "two :path", malformed(METHOD, SCHEME, PATH, HOST, PATH), MALFORMED),
    ("8.1.2.6/1", "Content-Length that one DATA contradicts",
     [headers(1, POST + field("content-length", "1"), END_HEADERS), data(1)], MALFORMED),
    ("8.1.2.6/2", "Content-Length that two DATA contradict",
     [headers(1, POST + field("content-length", "1"), END_HEADERS), data(1, flags=0), data(1)],
     MALFORMED),
    ("8.2/1", "PUSH_PROMISE", [headers(1, GET), frame(PUSH_PROMISE, END_HEADERS, 1,
                                                      b"\0\0\0\3" + GET)], WRONG),
]

CASES = [*BASICS, *STATES, *FRAMES, *MESSAGES]
assert len(CASES) == 95, len(CASES)
