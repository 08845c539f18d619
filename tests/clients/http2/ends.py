"""How connections end: a drain, the most requests, silence; each on a server of its own."""

import pathlib
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent)]
sys.dont_write_bytecode = True

import checks  # noqa: E402
import claims  # noqa: E402
from h2_client import Client  # noqa: E402

MOST = (1 << 31) - 1


def a_drain_in_two_steps(listen):
    """GOAWAY with the highest stream first, so that what is on its way is still answered."""
    with checks.listening([listen]) as (process, [url]), Client(url) as c:
        number = c.ask("/delay/1")
        assert c.get("/get").status == 200
        process.send_signal(signal.SIGTERM)
        assert c.until(lambda: c.goaways, 3), "no GOAWAY"
        assert c.goaways[0] == (MOST, 0), c.goaways
        late = c.ask("/get") if not c.broken else None
        stream = c.streams[number]
        c.until(lambda: stream.over, 5)
        assert stream.status == 200 and stream.took >= 1, (stream.status, stream.reset)
        c.until(lambda: c.closed, 5)
        last, code = c.goaways[-1]
        assert code == 0 and last >= number and last != MOST, c.goaways
        assert late is None or c.streams[late].status == 200 or late > last, "one was lost"
        assert process.wait(10) == 0


def a_drain_of_an_idle_connection(listen):
    with checks.listening([listen]) as (process, [url]), Client(url) as c:
        assert c.get("/get").status == 200
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        c.until(lambda: c.closed, 5)
        assert c.closed and c.goaways, c.goaways
        assert process.wait(10) == 0 and time.monotonic() - start < 4


def a_connection_of_at_most_so_many_requests(listen):
    with checks.listening([listen], "--max-requests", "5") as (_, [url]), Client(url) as c:
        assert [c.get("/get").status for _ in range(5)] == [200] * 5
        c.until(lambda: c.closed, 3)
        assert c.closed and c.goaways and c.goaways[-1][0] >= 9, c.goaways


def a_silent_connection(listen):
    settings = ("--keep-alive-timeout", "300ms")
    with checks.listening([listen], *settings) as (_, [url]), Client(url) as c:
        assert c.get("/delay/0.6").status == 200, "a waiting stream is no silence"
        start = time.monotonic()
        c.until(lambda: c.closed, 5)
        assert c.closed and c.goaways and time.monotonic() - start >= 0.29, c.goaways


def a_limit_of_delayed_streams(listen):
    settings = ("--max-delayed", "3", "--workers", "1")
    with checks.listening([listen], *settings) as (_, [url]), Client(url) as c:
        asked = [c.ask("/delay/0.5") for _ in range(5)]
        c.until(lambda: all(c.streams[n].over for n in asked))
        assert sorted(c.streams[n].status for n in asked) == [200] * 3 + [503] * 2
        again = [c.ask("/delay/5") for _ in range(3)]
        for number in again:
            c.h2.reset_stream(number)
        c.flush()
        assert c.get("/delay/0.1").status == 200, "a reset stream keeps its place"


def a_body_above_the_limit(listen):
    with checks.listening([listen], "--max-body-size", "1KiB") as (_, [url]), Client(url) as c:
        got = c.get("/post", method="POST", body=bytes(2000))
        assert got.status == 413 or got.reset is not None
        assert c.get("/get").status == 200


if __name__ == "__main__":
    claims.check(sys.modules[__name__], sys.argv[1])
