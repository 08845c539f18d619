"""The faults that clients and proxies are shown."""

# How long a client or a proxy waits for an answer that comes, and for one that does not, in seconds.
PATIENT, IMPATIENT = 20, 1

# Modifiers, as segments of a path, and what they do.
COMES = {
    "~delay=50ms": "a short delay",
    "~frame=chunked": "no length, chunks",
    "~frame=close": "neither length nor chunks",
    "~hint=x": "a 103 before the answer",
    "~status=102": "a 102 before the answer",
    "~status=503": "an error",
    "~pad=200KiB": "200 KiB of header fields",
    "~fault=close": "FIN without an answer",
    "~fault=reset": "RST without an answer",
    # The pause lets a proxy pass on the head before it is broken.
    "~body=100ms/~fault=reset:0.5": "a head, then RST after half the body",
    "~fault=truncate": "FIN after half the body",
    "~frame=chunked/~fault=truncate": "the same, in chunks",
    "~frame=close/~fault=truncate": "the same, without a length",
    "~fault=garbage/~seed=1": "random bytes",
    "~fault=bad-head": "a malformed status line",
    "~fault=bad-chunk": "a malformed chunk size",
    "~fault=dup-length": "two lengths",
    "~fault=extra:10": "10 bytes too many",
}
HANGS = {
    "~delay=1m": "a delay of a minute",
    "~rate=500": "a body that takes 2 s",
    "~fault=hang": "no answer",
    "~fault=stall": "no second half of the body",
}
# What is asked for: a body whose length is known.
PATH, LENGTH = "/bytes/1000", 1000


def shown(said):
    """What a client said, as a cell of a table. Of `STATUS LENGTH`, the length if it is unexpected."""
    status, _, length = said.partition(" ")
    if status.isdigit():
        return status if length == str(LENGTH) else f"{status}, {length} B"
    return said
