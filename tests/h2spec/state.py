"""What must stay right over many frames: the table of fields, the windows, the order of frames."""

import struct

import frames
from expect import (
    FLOW, PROTOCOL, STREAM_CLOSED, connection_error, kind, pong, response, stream_end, stream_error,
)
from frames import (
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, INITIAL_WINDOW, RST_STREAM,
    WINDOW_UPDATE, data, field, frame, headers, request, reset, settings, window_update,
)

GET = request()
POST = request("POST", "/post")
KEPT = field("x-kept", "in the table", 0x40)
NEWEST = b"\xbe"  # index 62 (RFC 7541, 2.3.3)
SHOW = request("GET", "/headers")
MOST = (1 << 31) - 1
TOO_LONG = request("POST", "/post", ("content-length", "100000000000"))


def frames_until(conn, stop):
    """What comes until a frame is the last one; an ended connection ends it too."""
    seen = []
    while True:
        got = conn.next()
        if isinstance(got, str):
            return seen, got
        seen.append(got)
        if stop(got):
            return seen, None


def body_of(conn, stream):
    """The body of a response; None if the stream is reset or the connection ends."""
    seen, ended = frames_until(
        conn, lambda got: got.stream == stream and (got.kind == RST_STREAM or got.flags & END_STREAM)
        and got.kind in (DATA, HEADERS, RST_STREAM) or got.kind == GOAWAY,
    )
    if ended or seen[-1].kind in (RST_STREAM, GOAWAY):
        return None
    return b"".join(got.payload for got in seen if got.kind == DATA and got.stream == stream)


def still_in_the_table(conn):
    """A later request that refers to the field shows it: the block before it was decoded."""
    conn.send(headers(9, SHOW + NEWEST))
    body = body_of(conn, 9)
    if body is None:
        return "the stream or the connection has ended"
    return None if b"in the table" in body else body[:80].decode(errors="replace")


def room(conn, octets):
    """Waits until the connection's window has room; what came instead."""
    while conn.window < octets:
        got = conn.next()
        if isinstance(got, str):
            return f"{got}, with a window of {conn.window}"
    return None


def uploads(conn, path, cancel=False):
    """Bodies of 40 KB use up the window, which must be given back whatever they meet."""
    missed = None
    for stream in range(1, 121, 2):
        conn.send(headers(stream, request("POST", path), END_HEADERS))
        for n in range(4):
            missed = missed or room(conn, 10_000)
            conn.send(data(stream, bytes(10_000), END_STREAM if n == 3 and not cancel else 0))
            conn.window -= 10_000
        if cancel:
            conn.send(reset(stream))
    return missed


def padding_counts(conn):
    """Padding uses up windows too, and must be given back (RFC 9113, 6.9.1)."""
    conn.send(headers(1, POST, END_HEADERS))
    own = 65535
    padded = frame(DATA, frames.PADDED, 1, b"\xff" + b"x" + bytes(255))
    for _ in range(6000):
        while min(conn.window, own) < 257:
            got = conn.next()
            if isinstance(got, str):
                return f"{got}, with windows of {conn.window} and {own}"
            if got.kind == WINDOW_UPDATE and got.stream == 1:
                own += struct.unpack(">I", got.payload)[0]
        conn.send(padded)
        conn.window, own = conn.window - 257, own - 257
    conn.send(data(1, b"", END_STREAM))
    return response()(conn)


def beyond_the_window(conn):
    """More than the windows of the stream and of the connection allow."""
    conn.send(headers(1, request("POST", "/post?~read=hang"), END_HEADERS))
    for _ in range(400):
        if not conn.send(data(1, bytes(16_384), 0)):
            break


def a_long_head(conn):
    """A response whose fields need several frames: CONTINUATION, and nothing between."""
    conn.send(headers(1, request("GET", "/get?~pad=100KiB")))
    conn.send(headers(3, GET))
    seen, ended = frames_until(
        conn, lambda got: got.stream == 1 and got.kind in (HEADERS, CONTINUATION)
        and got.flags & END_HEADERS,
    )
    if ended:
        return ended
    start = next(n for n, got in enumerate(seen) if got.stream == 1)
    block = seen[start:]
    wrong = [str(got) for got in block if len(got.payload) > 16_384 or got.stream != 1]
    kinds = [got.kind for got in block]
    if wrong or kinds != [HEADERS] + [CONTINUATION] * (len(block) - 1) or len(block) < 2:
        return f"{wrong or kinds}"
    return None


def no_body(path, method="GET"):
    """A response without a body ends with its HEADERS."""

    def step(conn):
        conn.send(headers(1, request(method, path)))
        seen, ended = frames_until(conn, lambda got: got.stream == 1)
        if ended or not seen[-1].flags & END_STREAM or seen[-1].kind != HEADERS:
            return ended or str(seen[-1])
        return None

    return step


def no_frame_above(conn):
    """No DATA frame is above the client's maximum, which is 16,384."""
    conn.send(window_update(0, 1 << 20), headers(1, request("GET", "/bytes/100000")))
    seen, ended = frames_until(conn, lambda got: got.kind == DATA and got.flags & END_STREAM)
    largest = max((len(got.payload) for got in seen), default=0)
    total = sum(len(got.payload) for got in seen if got.kind == DATA)
    return ended or (None if largest <= 16_384 and total == 100_000 else f"{largest} B, {total} B")


def never_above_the_window(conn):
    """No DATA beyond what the windows allow, however they are opened."""
    conn.window_updates = False
    conn.send(settings((INITIAL_WINDOW, 10)))
    conn.send(headers(1, request("GET", "/bytes/5000")))
    allowed = got_so_far = 0
    for by in (10, 1, 7, 100, 4882):
        if allowed:
            conn.send(window_update(1, by))
        allowed += by
        while got_so_far < allowed:
            got = conn.next()
            if isinstance(got, str):
                return f"{got} after {got_so_far} of {allowed}"
            got_so_far += len(got.payload) if got.kind == DATA else 0
        if got_so_far > allowed:
            return f"{got_so_far} of {allowed}"
    return None


def window_and_settings(conn):
    """INITIAL_WINDOW_SIZE moves a window that was opened above the maximum (RFC 9113, 6.9.2)."""
    conn.send(settings((INITIAL_WINDOW, 0)), headers(1, request("GET", "/delay/9")))
    conn.send(window_update(1, MOST))
    conn.send(settings((INITIAL_WINDOW, 1000)))


def piecemeal(*parts):
    """Sends byte by byte."""

    def step(conn):
        whole = b"".join(parts)
        for at in range(len(whole)):
            conn.send(whole[at : at + 1])

    return step


def early_answer(conn):
    """An answer before the body has come (RFC 9113, 8.1): 413 here."""
    conn.send(headers(1, TOO_LONG, END_HEADERS))
    return stream_end(conn)


def many_settings_in_order(conn):
    """Each SETTINGS frame is acknowledged, once."""
    conn.send(settings((INITIAL_WINDOW, 65535)) * 20, frames.ping())
    seen, ended = frames_until(conn, lambda got: got.kind == frames.PING)
    acks = sum(got.kind == frames.SETTINGS and got.flags & 1 for got in seen)
    return ended or (None if acks == 20 else f"{acks} acknowledgements")


CASES = [
    ("s1", "the table after a malformed request",
     [headers(1, GET + KEPT + field("UPPER", "x"))], still_in_the_table),
    ("s2", "the table after trailers",
     [headers(1, POST, END_HEADERS), data(1, flags=0), headers(1, KEPT)], still_in_the_table),
    ("s3", "the table after a head that is too long when it is decoded",
     [headers(1, GET + KEPT), headers(3, GET + field("x-long", "v" * 3900, 0x40) + NEWEST * 30),
      headers(5, GET + KEPT)], still_in_the_table),
    ("s4", "the table after a stream that was reset",
     [headers(1, POST + KEPT, END_HEADERS), reset(1)], still_in_the_table),
    ("s5", "the table after a delayed stream",
     [headers(1, request("GET", "/delay/9") + KEPT)], still_in_the_table),
    ("s6", "the table after a wrong CONNECT",
     [headers(1, frames.fields((":method", "CONNECT"), (":path", "/")) + KEPT)],
     still_in_the_table),
    ("s7", "a new table size between blocks",
     [headers(1, GET + KEPT), headers(3, b"\x20" + frames.number(4096, 5, 0x20) + GET + KEPT)],
     still_in_the_table),
    ("s8", "uploads to a path that does not exist", [lambda c: uploads(c, "/nowhere")], pong()),
    ("s9", "uploads to streams that are reset", [lambda c: uploads(c, "/post", True)], pong()),
    ("s10", "padding in the windows", [padding_counts], pong()),
    ("s11", "DATA beyond the window", [beyond_the_window], stream_error(FLOW)),
    ("s12", "a window that a setting moves above the maximum", [window_and_settings],
     connection_error(FLOW)),
    ("s13", "a long response head", [a_long_head], pong()),
    ("s14", "HEAD ends with HEADERS", [no_body("/get", "HEAD")], pong()),
    ("s15", "204 ends with HEADERS", [no_body("/status/204")], pong()),
    ("s16", "304 ends with HEADERS", [no_body("/status/304")], pong()),
    ("s17", "DATA of at most 16 KiB", [no_frame_above], pong()),
    ("s18", "DATA within the window", [never_above_the_window], pong()),
    ("s19", "a request byte by byte", [piecemeal(headers(1, GET), frames.ping(b"piecemea"))],
     response()),
    ("s20", "an answer before the body", [early_answer], pong()),
    ("s21", "each SETTINGS is acknowledged", [many_settings_in_order], pong()),
    ("s22", "a stream that is reset twice",
     [headers(1, request("GET", "/delay/9")), reset(1), reset(1)], pong()),
    ("s23", "WINDOW_UPDATE on a stream that was reset",
     [headers(1, request("GET", "/delay/9")), reset(1), window_update(1, 9)], pong()),
    ("s24", "DATA after an answer that came first",
     [early_answer, data(1, flags=0) * 200, data(1)], pong()),
    ("s29", "trailers after an answer that came first",
     [early_answer, data(1, flags=0), headers(1, KEPT)], still_in_the_table),
    ("s30", "many early answers", [lambda conn: conn.send(*[
        headers(n, TOO_LONG, END_HEADERS) + data(n, b"x", 0) * 10 for n in range(1, 601, 2)])
        and None], pong()),
    ("s25", "a gap in the stream numbers is closed",
     [headers(7, GET), kind(HEADERS, 7), data(5)], stream_error(STREAM_CLOSED, PROTOCOL)),
    ("s26", "the highest stream number", [headers(MOST, GET)], response(MOST)),
    ("s27", "a stream of the server's", [data(2)], connection_error(PROTOCOL)),
    ("s31", "WINDOW_UPDATE on a stream that waits",
     [headers(1, request("GET", "/delay/0.3")), pong(), window_update(1, 100)], response()),
    ("s32", "INITIAL_WINDOW_SIZE while a stream waits",
     [headers(1, request("GET", "/delay/0.3")), pong(), settings((INITIAL_WINDOW, 1)), pong(),
      settings((INITIAL_WINDOW, 65535))], stream_end),
    ("s28", "a request on two streams in one segment", [headers(1, GET) + headers(3, GET)],
     response(3)),
]
