"""What every server must accept: 44 cases (h2spec's group "generic")."""

import frames
from expect import kind, pong, pong_or_close, response, stream_end
from frames import (
    CONTINUATION, DATA, END_HEADERS, END_STREAM, INITIAL_WINDOW,
    PADDED, PRIORITY, SETTINGS, WHOLE, WITH_PRIORITY, data, field, fields, frame, headers,
    number, priority, request, reset, settings, window_update,
)

GET = request()
POST = request("POST")
NO_WINDOW = settings((INITIAL_WINDOW, 0))

# RFC 7541, C.4.3: Huffman codes of "custom-key" and "custom-value".
NAME = b"\x88" + bytes.fromhex("25a849e95ba97d7f")
VALUE = b"\x89" + bytes.fromhex("25a849e95bb8e8b4bf")
# Index 58 of the static table is user-agent.
AGENT = {first: number(58, bits, first) for first, bits in ((0x40, 6), (0x00, 4), (0x10, 4))}


def literals(first, name):
    """The four spellings of a literal: known or new name, plain or Huffman."""
    return [
        (f"{name}, indexed name", AGENT[first] + frames.text("agent")),
        (f"{name}, indexed name, Huffman", AGENT[first] + VALUE),
        (f"{name}, new name", field("custom-key", "custom-value", first)),
        (f"{name}, new name, Huffman", bytes([first]) + NAME + VALUE),
    ]


LITERALS = [
    *literals(0x40, "literal with indexing"),
    *literals(0x00, "literal without indexing"),
    *literals(0x10, "literal never indexed"),
]
THREE = fields((":method", "GET"), (":scheme", "http"), (":path", "/"))
AUTHORITY = field(":authority", "localhost", 0x40)
NEWEST = b"\xbe"  # index 62: the newest entry of the dynamic table

CASES = [
    ("g1/1", "connection preface", [], kind(SETTINGS)),
    ("g2/1", "PRIORITY on an idle stream", [frame(PRIORITY, 0, 1, priority())], pong()),
    ("g2/2", "WINDOW_UPDATE on a half-closed stream",
     [NO_WINDOW, headers(1, GET), window_update(1, 1)], kind(DATA)),
    ("g2/3", "PRIORITY on a half-closed stream",
     [NO_WINDOW, headers(1, GET), frame(PRIORITY, 0, 1, priority()), window_update(1, 1)],
     kind(DATA)),
    ("g2/4", "RST_STREAM on a half-closed stream", [headers(1, GET), reset(1)], pong_or_close),
    ("g2/5", "PRIORITY on a closed stream",
     [headers(1, GET), stream_end, frame(PRIORITY, 0, 1, priority())], pong()),
    ("g3.1/1", "DATA", [headers(1, POST, END_HEADERS), data(1)], response()),
    ("g3.1/2", "several DATA",
     [headers(1, POST, END_HEADERS), data(1, flags=0), data(1)], response()),
    ("g3.1/3", "padded DATA",
     [headers(1, POST, END_HEADERS), data(1, b"\x06test" + bytes(6), END_STREAM | PADDED)],
     response()),
    ("g3.2/1", "HEADERS", [headers(1, GET)], response()),
    ("g3.2/2", "padded HEADERS",
     [headers(1, b"\x08" + GET + bytes(8), WHOLE | PADDED)], response()),
    ("g3.2/3", "HEADERS with priority",
     [headers(1, priority() + GET, WHOLE | WITH_PRIORITY)], response()),
    ("g3.3/1", "PRIORITY, weight 1",
     [frame(PRIORITY, 0, 1, priority(weight=0)), headers(1, GET)], response()),
    ("g3.3/2", "PRIORITY, weight 256",
     [frame(PRIORITY, 0, 1, priority()), headers(1, GET)], response()),
    ("g3.3/3", "PRIORITY with a dependency",
     [frame(PRIORITY, 0, 3, priority(1, 0)), headers(1, GET)], response()),
    ("g3.3/4", "exclusive PRIORITY",
     [frame(PRIORITY, 0, 1, priority(0, 0, True)), headers(1, GET)], response()),
    ("g3.3/5", "PRIORITY, then HEADERS on a lower stream",
     [frame(PRIORITY, 0, 3, priority()), headers(1, GET)], response()),
    ("g3.4/1", "RST_STREAM", [headers(1, POST, END_HEADERS), reset(1)], pong()),
    ("g3.5/1", "SETTINGS", [settings((INITIAL_WINDOW, 65535))], pong()),
    ("g3.7/1", "PING", [], pong(b"loiter\0\0")),
    ("g3.8/1", "GOAWAY", [frames.goaway()], pong_or_close),
    ("g3.9/1", "WINDOW_UPDATE on the connection", [window_update(0, 1)], pong()),
    ("g3.9/2", "WINDOW_UPDATE on a stream", [headers(1, GET), window_update(1, 1)], response()),
    ("g3.10/1", "CONTINUATION",
     [headers(1, GET, END_STREAM), frame(CONTINUATION, END_HEADERS, 1, field("x-a", "b"))],
     response()),
    ("g3.10/2", "several CONTINUATION",
     [headers(1, GET, END_STREAM), frame(CONTINUATION, 0, 1, field("x-a", "b")),
      frame(CONTINUATION, END_HEADERS, 1, field("x-c", "d"))], response()),
    ("g4/1", "GET", [headers(1, GET)], response()),
    ("g4/2", "HEAD", [headers(1, request("HEAD"))], response()),
    ("g4/3", "POST", [headers(1, POST, END_HEADERS), data(1)], response()),
    ("g4/4", "POST with trailers",
     [headers(1, request("POST", "/", ("trailer", "x-test")), END_HEADERS), data(1, flags=0),
      headers(1, field("x-test", "ok"))], response()),
    ("g5/1", "indexed field", [headers(1, THREE + AUTHORITY), headers(3, THREE + NEWEST)],
     response(3)),
    *[(f"g5/{n}", name, [headers(1, GET + literal)], response())
      for n, (name, literal) in enumerate(LITERALS, 2)],
    ("g5/14", "table size update", [headers(1, b"\x20" + GET)], response()),
    ("g5/15", "several table size updates",
     [headers(1, b"\x20" + number(4096, 5, 0x20) + GET)], response()),
]
assert len(CASES) == 44
