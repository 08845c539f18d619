"""How connections end: a drain, the most requests, silence; each on a server of its own.

Takes the path of loiter, and where it listens.
"""

import pathlib
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent)]
sys.dont_write_bytecode = True

import checks  # noqa: E402
import claims  # noqa: E402
import frames  # noqa: E402
from h2_client import Client  # noqa: E402

MOST = (1 << 31) - 1


def raw(url):
    """A connection made of frames: h2 takes a GOAWAY for the end, and every frame after it for an
    error, though the streams that it names go on."""
    scheme, address = url.split("://")
    return frames.Connection(address, scheme == "https", timeout=5.0)


def until(c, kind, stream):
    """The next frame of a kind, and what came before it."""
    before = []
    while not isinstance(got := c.next(), str):
        if (got.kind, got.stream) == (kind, stream):
            return got, before
        before.append(got)
    raise AssertionError(f"{got}, after {before}")


def last_stream(goaway):
    return int.from_bytes(goaway.payload[:4], "big")


def a_drain_in_two_steps(listen):
    """GOAWAY with the highest stream first, so that what is on its way is still answered."""
    with checks.listening([listen]) as (process, [url]), raw(url) as c:
        c.handshake()
        start = time.monotonic()
        c.send(frames.headers(1, frames.request(path="/delay/1")), frames.ping())
        until(c, frames.PING, 0)
        process.send_signal(signal.SIGTERM)
        first, _ = until(c, frames.GOAWAY, 0)
        assert (last_stream(first), first.code) == (MOST, 0), first
        ping, _ = until(c, frames.PING, 0)
        c.send(frames.headers(3, frames.request()), frames.ping(ping.payload, frames.ACK))
        second, before = until(c, frames.GOAWAY, 0)
        assert (last_stream(second), second.code) == (3, 0), second
        c.send(frames.headers(5, frames.request()))
        answered = [got.stream for got in before if got.kind == frames.HEADERS]
        if 3 not in answered:
            until(c, frames.HEADERS, 3)
        until(c, frames.HEADERS, 1)
        assert time.monotonic() - start >= 1
        while not isinstance(got := c.next(), str):
            assert got.stream != 5 or got.kind == frames.RST_STREAM, got
        assert got == frames.CLOSED and process.wait(10) == 0


def a_drain_of_an_idle_connection(listen):
    with checks.listening([listen]) as (process, [url]), raw(url) as c:
        c.handshake()
        c.send(frames.headers(1, frames.request()))
        until(c, frames.HEADERS, 1)
        process.send_signal(signal.SIGTERM)
        goaway, _ = until(c, frames.GOAWAY, 0)
        assert goaway.code == 0
        ping, _ = until(c, frames.PING, 0)
        c.send(frames.ping(ping.payload, frames.ACK))
        while not isinstance(got := c.next(), str):
            pass
        assert got == frames.CLOSED and process.wait(10) == 0


def a_drain_ends_what_is_silent(listen):
    """A hanging stream has nothing to finish."""
    with checks.listening([listen]) as (process, [url]), raw(url) as c:
        c.handshake()
        c.send(frames.headers(1, frames.request(path="/get?~fault=hang")))
        c.send(frames.headers(3, frames.request(path="/bytes/1000?~fault=stall")))
        until(c, frames.DATA, 3)
        process.send_signal(signal.SIGTERM)
        until(c, frames.GOAWAY, 0)
        while not isinstance(got := c.next(), str):
            pass
        assert got == frames.CLOSED and process.wait(10) == 0


def a_connection_of_at_most_so_many_requests(listen):
    with checks.listening([listen], "--max-requests", "5") as (_, [url]), raw(url) as c:
        c.handshake()
        goaways = []
        for stream in (1, 3, 5, 7, 9):
            c.send(frames.headers(stream, frames.request(path="/get")))
            _, before = until(c, frames.DATA, stream)
            goaways += [got for got in before if got.kind == frames.GOAWAY]
        while not isinstance(got := c.next(), str):
            goaways += [got] if got.kind == frames.GOAWAY else []
        assert got == frames.CLOSED
        assert [(last_stream(one), one.code) for one in goaways] == [(9, 0)], goaways


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


def a_change_from_http_1(listen):
    """Upgrade: h2c, which curl sends for http:// and --http2."""
    if listen.startswith("https"):
        return
    with checks.listening([listen], "--h2c-upgrade") as (_, [url]):
        command = ["curl", "--silent", "--http2", "--max-time", "5", "--output", "/dev/null"]
        command += ["--write-out", "%{http_version} %{http_code} %{size_download} "]
        # curl 7.88 takes at most 32 KiB together with the 101.
        for path, size in (("/bytes/20000", 20_000), ("/get?~delay=100ms", None)):
            said = subprocess.run([*command, url + path], capture_output=True, text=True,
                                  timeout=10, check=False).stdout.split()
            assert said[:2] == ["2", "200"] and size in (None, int(said[2])), said
        nghttp = ["nghttp", "--upgrade", "--null-out", "--verbose", url + "/bytes/100000"]
        said = subprocess.run(nghttp, capture_output=True, text=True, timeout=10, check=False)
        assert ":status: 200" in said.stdout and "END_STREAM" in said.stdout, said.stdout
        posted = subprocess.run([*command, "--data", "a=1", url + "/post"], capture_output=True,
                                text=True, timeout=10, check=False).stdout.split()
        assert posted[1] == "200", posted


def a_body_above_the_limit(listen):
    with checks.listening([listen], "--max-body-size", "1KiB") as (_, [url]), Client(url) as c:
        got = c.get("/post", method="POST", body=bytes(2000))
        assert got.status == 413 or got.reset is not None
        assert c.get("/get").status == 200


if __name__ == "__main__":
    claims.check(sys.modules[__name__], sys.argv[2])
