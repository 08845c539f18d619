"""Prints what a Python client reports: one line per URL."""

import sys


def each(size):
    """Calls `size(url, seconds)`, which returns the status and the length of the body."""
    server, *cases = sys.argv[1:]
    for case in cases:
        seconds, path = case.split(" ")
        try:
            status, length = size(server + path, float(seconds))
            print(status, length)
        except Exception as error:
            print(type(error).__name__)
        # Whatever happened, the next request must succeed. What follows an answer that is whole may
        # come only once the connection is used again, which ends that request.
        try:
            answer = size(server + "/status/200", 10)
        except Exception:
            if "/~fault=extra" not in path:
                raise
            answer = size(server + "/status/200", 10)
        assert answer == (200, 0), f"after {path}"
