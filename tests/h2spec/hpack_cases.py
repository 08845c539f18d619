"""Errors in field blocks: 8 cases (h2spec's group "hpack"; sections of RFC 7541)."""

from expect import COMPRESSION, connection_error
from frames import headers, number, request, text

GET = request()
ERROR = connection_error(COMPRESSION)
VALUE = bytes.fromhex("25a849e95bb8e8b4bf")  # "custom-value", RFC 7541, C.4.3
KEY = bytes.fromhex("25a849e95ba97d7f")  # "custom-key", which ends with 7 bits of padding
NAME = b"\x00\x88" + KEY


def with_value(value):
    """A literal whose value has the given Huffman code."""
    return [headers(1, GET + NAME + number(len(value), 7, 0x80) + value)]


CASES = [
    ("h2.3.3/1", "index beyond the tables", [headers(1, GET + number(70, 7, 0x80))], ERROR),
    ("h2.3.3/2", "name with an index beyond the tables",
     [headers(1, GET + number(70, 6, 0x40) + text("x"))], ERROR),
    ("h4.2/1", "table size update at the end", [headers(1, GET + b"\x21")], ERROR),
    ("h5.2/1", "Huffman padding longer than 7 bits", with_value(VALUE + b"\xff"), ERROR),
    ("h5.2/2", "Huffman padding of zeros", with_value(KEY[:-1] + b"\x00"), ERROR),
    ("h5.2/3", "Huffman code of EOS", with_value(b"\xff\xff\xff\xff"), ERROR),
    ("h6.1/1", "index 0", [headers(1, GET + b"\x80")], ERROR),
    ("h6.3/1", "table size above the setting",
     [headers(1, number(4097, 5, 0x20) + GET)], ERROR),
]
assert len(CASES) == 8
