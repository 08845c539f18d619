"""What a case may expect of the server; each returns None, or what came instead."""

import frames
from frames import ACK, CLOSED, DATA, END_STREAM, GOAWAY, HEADERS, PING, QUIET, RST_STREAM, SETTINGS

PROTOCOL, FLOW, STREAM_CLOSED, SIZE, REFUSED, COMPRESSION = 1, 3, 5, 6, 7, 9


def _is(got, *kinds):
    return not isinstance(got, str) and got.kind in kinds


def _until(conn, wanted):
    """Reads until a frame is wanted; what came last otherwise."""
    last = None
    while True:
        got = conn.next()
        if wanted(got):
            return None
        if got in (CLOSED, QUIET):
            return f"{got}, after {last}" if last else got
        last = got


def _error(kinds, codes):
    """Such a frame with one of the codes, or the end of the connection; noted if that is all."""

    def expectation(conn):
        seen = []

        def wanted(got):
            if _is(got, *kinds):
                seen.append(got.code)
            return got == CLOSED or (_is(got, *kinds) and got.code in codes)

        missed = _until(conn, wanted)
        if missed is None and not set(seen) & set(codes):
            came = ", ".join(frames.ERRORS[code] for code in seen) or "no error code"
            conn.loose = f"closed with {came} instead of {frames.ERRORS[codes[0]]}"
        return missed

    return expectation


def connection_error(*codes):
    return _error((GOAWAY,), codes)


def stream_error(*codes):
    return _error((RST_STREAM, GOAWAY), codes)


def closed(conn):
    return _until(conn, lambda got: got == CLOSED)


def goaway(conn):
    return _until(conn, lambda got: _is(got, GOAWAY))


def kind(wanted, stream=None, length=None):
    """A frame of the kind; its stream and length if they are given."""

    def expectation(conn):
        seen = []

        def right(got):
            if not _is(got, wanted) or stream not in (None, got.stream):
                return False
            seen.append(got)
            return True

        missed = _until(conn, right)
        if missed is None and length not in (None, len(seen[0].payload)):
            return str(seen[0])
        return missed

    return expectation


def response(stream=1):
    return kind(HEADERS, stream)


def stream_end(conn):
    return _until(conn, lambda got: _is(got, DATA, HEADERS) and got.flags & END_STREAM)


def settings_ack(conn):
    return _until(conn, lambda got: _is(got, SETTINGS) and got.flags & ACK)


def pong(text=b"12345678", ask=True):
    """The answer to a PING, which a step has sent already if `ask` is False."""

    def expectation(conn):
        if ask:
            conn.send(frames.ping(text))
        return _until(conn, lambda got: _is(got, PING) and got.flags & ACK and got.payload == text)

    return expectation


def pong_or_close(conn):
    conn.send(frames.ping())
    return _until(conn, lambda got: got == CLOSED or _is(got, PING))


def no_error(conn):
    """A response, and no complaint before it."""
    complaints = []

    def wanted(got):
        if _is(got, RST_STREAM, GOAWAY):
            complaints.append(str(got))
        return _is(got, HEADERS) or bool(complaints)

    return _until(conn, wanted) or (complaints[0] if complaints else None)


def refused(conn):
    """A stream error, or a response with the status 400: index 12 of the static table."""

    def wanted(got):
        if _is(got, HEADERS):
            # A table size update may come first (RFC 7541, 4.2).
            return got.payload.lstrip(b"\x20").startswith(b"\x8c")
        return got == CLOSED or (_is(got, RST_STREAM, GOAWAY) and got.code != 0)

    return _until(conn, wanted)


def answered(conn):
    """A response, or the end of the connection."""
    return _until(conn, lambda got: got == CLOSED or _is(got, HEADERS))
