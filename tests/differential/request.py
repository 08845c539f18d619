"""The notation of the requests: one line each, as in `cases/README.md`."""

import base64
import dataclasses
import hashlib
import itertools
import re

HOST = "test.example"
CHUNK = 5


@dataclasses.dataclass
class Request:
    """A request: its bytes, and facts for messages and comparison."""

    text: str
    method: str
    target: str
    sent: bytes
    marks: set

    @property
    def line(self):
        return f"{self.method} {self.target}"


def read(path):
    """Every request in a file; an indented line continues the line before."""
    lines = []
    for line in path.read_text().splitlines():
        if line.startswith(" "):
            lines[-1] += line.strip()
        elif line and not line.startswith("#"):
            lines.append(line)
    return [request(text) for line in lines for text in spread(line)]


def spread(line):
    """`a «b c» d` is two lines, `a b d` and `a c d`; two spaces give an empty choice."""
    parts = re.split("«(.*?)»", line)
    choices = [part.split(" ") if at % 2 else [part] for at, part in enumerate(parts)]
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def request(text):
    head, mark, body = split_body(text)
    first, *fields = [part.strip() for part in head.split(" | ")]
    method, target, version = (first + " HTTP/1.1").split(" ")[:3]
    marks = {field for field in fields if field.startswith("@")}
    fields = [macro(field, method, target) for field in fields if field not in marks]
    named = {field.split(":")[0].strip().lower() for field in fields}
    if version == "HTTP/1.1" and not named & {"host", "-host"}:
        fields.insert(0, f"Host: {HOST}")
    fields = [field for field in fields if field != "-Host"]
    body = raw(body)
    if mark == ">>":
        fields.append("Transfer-Encoding: chunked")
        body = chunked(body)
    elif mark == ">" and not named & {"content-length", "transfer-encoding"}:
        fields.append(f"Content-Length: {len(body)}")
    lines = [f"{method} {target} {version}", *fields]
    sent = b"".join(raw(line) + b"\r\n" for line in lines) + b"\r\n" + body
    return Request(text, method, target, sent, marks)


def split_body(text):
    """The head, how the body is sent, and the body."""
    found = re.match(r"(.*?) (>>|>)(?: (.*))?$", text, re.S)
    return (found[1], found[2], found[3] or "") if found else (text, "", "")


def raw(text):
    """The bytes of a text; other escapes are literal."""
    plain = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
    found = re.split(r"\\(x[0-9a-fA-F]{2}|[rnt0\\])", text)
    parts = [part.encode() for part in found]
    for at in range(1, len(found), 2):
        code = found[at]
        parts[at] = plain.get(code) or bytes([int(code[1:], 16)])
    return b"".join(parts)


def chunked(body):
    pieces = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def macro(field, method, target):
    """Inserts credentials into a field: `$(basic u:p)`, `$(digest u p MD5 auth nonce)`."""
    def filled(found):
        kind, *words = found[1].split(" ")
        if kind == "basic":
            return "Basic " + base64.b64encode(raw(" ".join(words))).decode()
        return digest(method, target, *words)
    return re.sub(r"\$\((.*?)\)", filled, field)


def digest(method, target, user, password, algorithm="MD5", qop="auth", nonce="6ac39136"):
    """Digest credentials for a challenge (RFC 7616)."""
    names = {"MD5": "md5", "SHA-256": "sha256", "SHA-512": "sha512"}

    def hashed(*parts):
        return hashlib.new(names[algorithm], ":".join(parts).encode()).hexdigest()

    realm, count, cnonce = "me@kennethreitz.com", "00000001", "0a4f113b"
    entity = [hashed("")] if qop == "auth-int" else []
    secret, asked = hashed(user, realm, password), hashed(method, target, *entity)
    middle = [nonce] if qop == "none" else [nonce, count, cnonce, qop]
    response = hashed(secret, *middle, asked)
    value = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{target}", '
    value += f'response="{response}", opaque="c3d4", algorithm={algorithm}'
    return value if qop == "none" else value + f', qop={qop}, nc={count}, cnonce="{cnonce}"'
