"""How each attack on loiter must end, and by how much it may grow."""

CALM = "GOAWAY ENHANCE_YOUR_CALM"
SILENT = "it does not answer"

# Those that are not here end by themselves: all is taken, at the cost of what is sent.
ENDS = {
    "Rapid Reset": CALM,
    "MadeYouReset": CALM,
    "CONTINUATION": CALM,
    "empty CONTINUATION": CALM,
    "HPACK bomb": "201 × responses",
    "cookie crumbs": "201 × responses",
    "empty HEADERS": CALM,
    "SETTINGS": CALM,
    "long SETTINGS": CALM,
    "PING": CALM,
    "empty DATA": CALM,
    "padding alone": CALM,
    "unfinished bodies": "RST_STREAM REFUSED_STREAM",
    "zero window": CALM,
    "PRIORITY": CALM,
    "PRIORITY_UPDATE": CALM,
    "heads of delayed streams": CALM,
    "delayed streams": CALM,
    "TLS renegotiation": "refused",
    "half handshakes": "1,000 of 1,000 closed",
    "bad records": "500 of 500 closed",
    "tiny records": "nothing of",
}

MOST = 16 << 20  # bytes
# A connection keeps as much of its requests' bodies as of a single one: --max-body-size.
GROWTH = {"unfinished bodies": 72 << 20}


def wrong(name, outcome, grown):
    """What is wrong with this end; None if it is right."""
    if outcome == SILENT:
        return outcome
    if grown > GROWTH.get(name, MOST):
        return f"it grew by {grown / 1e6:.0f} MB"
    wanted = ENDS.get(name, "")
    return None if wanted in outcome else f"not {wanted}"
