"""Two answers to one request: their facts, the differences, and which of them are intended."""

import dataclasses
import email.utils
import re
import sys
import tomllib
import zlib

import brotlicffi

# Fields about the server, the time and the connection may differ.
NOT_COMPARED = {"server", "date", "connection", "keep-alive", "content-length", "transfer-encoding"}

# The media type of random bodies.
RANDOM = "application/octet-stream"

# Values that are new in every answer; their kind and length are compared.
GENERATED = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "<uuid>"),
    (r'(nonce|opaque)="([0-9a-f]+)"', None),
    (r"(last_nonce)=([0-9a-f]+)", None),
]


def facts(request, answer, address):
    """The facts of an answer, by name, without those that two servers may differ in."""
    found = {
        "status": str(answer.status),
        "reason": answer.reason,
        "version": answer.version,
        "framing": answer.framing,
        "end": answer.end,
        "interim": str(answer.interim),
        "content-length": length(request, answer),
    }
    for name in {name.lower() for name, _ in answer.headers} - NOT_COMPARED:
        values = [masked(value, address) for value in answer.values(name)]
        found[name] = " ⏎ ".join(usual(name, value) for value in values)
    body = decoded(answer)
    random = "@length" in request.marks and found.get("content-type") == RANDOM
    if random:
        found["body"] = f"{len(body)} bytes"
    else:
        found["body"] = masked(body.decode("latin-1"), address)
    return found


def length(request, answer):
    """The Content-Length; "the body's" if it is the length of the body, which is compared itself."""
    value = ", ".join(answer.values("content-length"))
    whole = request.method != "HEAD" and value == str(len(answer.body))
    return "the body's" if whole else value


def decoded(answer):
    """The body without its content coding, because the coded bytes may differ."""
    try:
        match answer.values("content-encoding"):
            case ["gzip"]:
                return zlib.decompress(answer.body, zlib.MAX_WBITS | 16)
            case ["deflate"]:
                return zlib.decompress(answer.body)
            case ["br"]:
                return brotlicffi.decompress(answer.body)
    except (zlib.error, brotlicffi.error) as error:
        return f"not decodable: {error}".encode()
    return answer.body


def masked(text, address):
    text = text.replace(address, "<server>")
    for pattern, name in GENERATED:
        text = re.sub(pattern, name or (lambda m: f"{m[1]}=<{len(m[2])} hex digits>"), text)
    return text


def usual(name, value):
    """A field value in a canonical form."""
    if name == "allow":
        return ", ".join(sorted(re.split(r",\s*", value)))
    if name == "last-modified" and value.endswith(" GMT") and email.utils.parsedate(value):
        return "<date>"
    if name == "etag" and re.fullmatch("[0-9a-f]{32}", value):
        return "<32 hex digits>"
    return value


def differences(theirs, ours):
    """The names of the facts in which two answers differ."""
    return {name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name)}


# Names for groups of facts.
GROUPS = {
    "answer": ["status", "reason", "body", "content-type"],
    "cors": ["access-control-allow-origin", "access-control-allow-credentials"],
}


@dataclasses.dataclass
class Departure:
    """An intended difference: for which requests, in which facts, and why.

    With `everywhere`, every answer must differ so.
    """

    request: str
    differs: list
    reason: str
    everywhere: bool = False
    theirs: dict = dataclasses.field(default_factory=dict)
    ours: dict = dataclasses.field(default_factory=dict)
    met: set = dataclasses.field(default_factory=set)

    @property
    def names(self):
        """Its facts, with groups resolved."""
        return {name for entry in self.differs for name in GROUPS.get(entry, [entry])}

    def __post_init__(self):
        """A departure that allows any status would explain too much."""
        unbound = "status" in self.names and "status" not in self.ours
        if unbound or not self.reason:
            sys.exit(f"the departure for {self.request} must give loiter's status and a reason")

    def explains(self, request, theirs, ours):
        """The facts that may differ in these answers to this request."""
        def fits(wanted, found):
            return all(re.search(f"^(?:{want})$", found.get(name, ""), re.S)
                       for name, want in wanted.items())

        matches = re.search(self.request, request.text)
        meant = matches and fits(self.theirs, theirs) and fits(self.ours, ours)
        return self.names if meant else set()


def departures(path):
    return [Departure(**table) for table in tomllib.loads(path.read_text())["departure"]]


def judge(request, theirs, ours, known):
    """The differences that no departure explains, and whether a departure other than `everywhere` was used."""
    left, special = differences(theirs, ours), False
    for departure in known:
        explained = left & departure.explains(request, theirs, ours)
        departure.met |= explained
        left -= explained
        if departure.everywhere and not explained:
            left |= departure.names
        special |= bool(explained) and not departure.everywhere
    return left, special


def stale(known):
    """The departures that no request used, in whole or in part."""
    for each in known:
        unmet = [entry for entry in each.differs if not each.met & set(GROUPS.get(entry, [entry]))]
        if unmet:
            yield each, unmet
