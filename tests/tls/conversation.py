"""TLS conversations: records, padding, key updates, spoiled messages (RFC 8446, RFC 5246)."""

import pathlib
import socket
import ssl
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "clients")]
sys.dont_write_bytecode = True

import claims  # noqa: E402
import frames  # noqa: E402
from peer import (  # noqa: E402
    ALERT, CHANGE, DATA, HANDSHAKE, TLS12, TLS13, Peer, alerts, client_hello, first_answer, record,
)
from tlslite.errors import TLSError, TLSRemoteAlert  # noqa: E402

LARGEST = 1 << 14
BIG = 300_000


class Sink:
    """Keeps what would be sent."""

    def __init__(self):
        self.kept = bytearray()

    def send(self, data):
        self.kept += data
        return len(data)


def a_conversation_in_each_version(at):
    for version in (TLS12, TLS13):
        with Peer(at, version) as peer:
            for _ in range(3):
                peer.serves()
            assert peer.tls.version == version


def a_conversation_with_each_suite(at):
    for version, names in ((TLS13, ("aes128gcm", "aes256gcm", "chacha20-poly1305")),
                           (TLS12, ("aes128gcm", "aes256gcm", "chacha20-poly1305"))):
        for name in names:
            with Peer(at, version, cipherNames=[name]) as peer:
                peer.serves()


def a_conversation_with_each_group(at):
    for group in ("x25519", "secp256r1", "secp384r1"):
        with Peer(at, eccCurves=[group], keyShares=[group]) as peer:
            peer.serves()


def a_second_hello_for_another_group(at):
    """The first key share is of a group that the server has not: HelloRetryRequest."""
    with Peer(at, eccCurves=["secp521r1", "secp256r1"], keyShares=["secp521r1"]) as peer:
        peer.serves()


def a_suite_that_is_not_there(at):
    for names in (["aes128"], ["3des"], ["aes128ccm"]):
        try:
            Peer(at, TLS12, cipherNames=names)
        except TLSRemoteAlert as error:
            assert error.description == 40, error
        else:
            raise AssertionError(f"{names} was accepted")


def a_version_that_is_too_old(at):
    """rustls first asks for signature_algorithms, which a client of TLS 1.0 or 1.1 does not send."""
    refusals = ("protocol_version", "handshake_failure")
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        try:
            hello = client_hello(version, ciphers="ALL:@SECLEVEL=0")
        except ssl.SSLError:
            continue
        assert first_answer(at, record(HANDSHAKE, hello)) in refusals, version
    ssl3 = client_hello(ssl.TLSVersion.TLSv1_2)
    ssl3 = ssl3[:4] + b"\x03\x00" + ssl3[6:]
    assert first_answer(at, record(HANDSHAKE, ssl3)) == "protocol_version"


def alpn_of(at, names):
    with Peer(at, alpn=names) as peer:
        return peer.tls.session.appProto


def a_protocol_by_alpn(at):
    assert alpn_of(at, (b"h2", b"http/1.1")) == b"h2"
    assert alpn_of(at, (b"http/1.1",)) == b"http/1.1"
    assert not alpn_of(at, ())
    try:
        alpn_of(at, (b"spdy/3",))
    except TLSRemoteAlert as error:
        assert error.description == 120, error
    else:
        raise AssertionError("an unknown protocol was accepted")


def a_hello_in_small_records(at):
    hello = client_hello()
    for size in (1, 2, 3, 7, 100):
        cut = [record(HANDSHAKE, hello[n : n + size]) for n in range(0, len(hello), size)]
        assert first_answer(at, *cut) == "ServerHello", size
        assert first_answer(at, b"".join(cut)) == "ServerHello", size


def a_hello_byte_by_byte(at):
    whole = record(HANDSHAKE, client_hello())
    assert first_answer(at, *[whole[n : n + 1] for n in range(len(whole))]) == "ServerHello"


def a_spoiled_hello(at):
    hello = client_hello()
    cases = {
        "cut": hello[:1] + (len(hello) - 24).to_bytes(3, "big") + hello[4:-20],
        "with more behind": hello[:1] + (len(hello)).to_bytes(3, "big") + hello[4:] + bytes(4),
        "no hello": b"\x02" + hello[1:],
        "a Finished": b"\x14\0\0\x20" + bytes(32),
        "an empty one": b"\x01\0\0\0",
    }
    for name, spoiled in cases.items():
        got = first_answer(at, record(HANDSHAKE, spoiled))
        assert got in ("decode_error", "unexpected_message", "illegal_parameter"), (name, got)


def a_wrong_first_record(at):
    """What does not begin as a handshake does is no TLS, and gets a plain 400."""
    with socket.create_connection(frames.split(at), 5) as raw:
        raw.sendall(record(DATA, b"hello"))
        assert raw.recv(4096).startswith(b"HTTP/1.1 400")
    cases = {
        "no version": (record(HANDSHAKE, client_hello(), 0x0005),
                       ("protocol_version", "decode_error", "closed")),
        "too long": (b"\x16\x03\x01\x50\x00" + bytes(0x5000), ("record_overflow", "decode_error",
                                                              "closed")),
    }
    for name, (spoiled, right) in cases.items():
        got = first_answer(at, spoiled)
        assert got in right, (name, got)


def a_plain_request_gets_a_plain_400(at):
    with socket.create_connection(frames.split(at), 5) as raw:
        raw.settimeout(5)
        raw.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        got = raw.recv(4096)
        assert got.startswith(b"HTTP/1.1 400") and b"HTTPS" in got.upper(), got


def a_key_update(at):
    with Peer(at) as peer:
        peer.serves()
        for ask in (False, True, False, True):
            peer.key_update(ask)
            peer.serves()


def a_key_update_in_every_place(at):
    """Between the requests of one connection, and several in a row."""
    with Peer(at) as peer:
        for _ in range(5):
            for _ in range(4):
                peer.key_update(True)
            status, body = peer.request("/echo", "POST", b"x" * 50_000)
            assert status == 200 and len(body) == 50_000


def a_key_update_in_mid_body(at):
    with Peer(at) as peer:
        peer.tls.write(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n")
        for n in range(3):
            peer.key_update(n % 2 == 0)
            peer.tls.write(b"y" * 10_000)
        assert peer.response() == (200, b"y" * 30_000)


def a_flood_of_key_updates(at):
    """More than a thousand at once that are answered, or an alert: never silence."""
    with Peer(at) as peer:
        try:
            for _ in range(2000):
                peer.key_update(True)
            peer.serves()
        except (TLSError, OSError):
            return


def a_spoiled_key_update(at):
    cases = {
        "an unknown value": b"\x18\0\0\x01\x02",
        "no value": b"\x18\0\0\0",
        "two values": b"\x18\0\0\x02\0\0",
    }
    for name, message in cases.items():
        with Peer(at) as peer:
            peer.record(HANDSHAKE, message)
            got = peer.alert()
            assert got in ("illegal_parameter", "decode_error"), (name, got)


def a_key_update_with_more_behind(at):
    """It must be the last of its record (RFC 8446, 5.1)."""
    with Peer(at) as peer:
        peer.record(HANDSHAKE, b"\x18\0\0\x01\0" * 2)
        alerts(peer, "unexpected_message")


def a_key_update_in_tls_1_2(at):
    with Peer(at, TLS12) as peer:
        peer.record(HANDSHAKE, b"\x18\0\0\x01\0")
        alerts(peer, "unexpected_message", "no_renegotiation")


def a_padded_record(at):
    for octets in (1, 255, 1000, 16_000):
        with Peer(at) as peer:
            peer.pad(octets)
            peer.serves()


def a_record_that_padding_makes_the_largest(at):
    with Peer(at) as peer:
        head = b"POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
        peer.pad(LARGEST - len(head))
        peer.record(DATA, head)
        assert peer.response()[0] == 200


def a_record_that_padding_makes_too_large(at):
    with Peer(at) as peer:
        peer.pad(LARGEST + 300)
        peer.record(DATA, b"GET /get HTTP/1.1\r\nHost: a\r\n\r\n")
        alerts(peer, "record_overflow")


def a_record_of_padding_alone(at):
    """A type of 0 is none: there is nothing but padding."""
    with Peer(at) as peer:
        peer.pad(100)
        peer.record(0, b"")
        # rustls closes without an alert.
        alerts(peer, "unexpected_message", "closed")


def a_record_of_the_largest_size(at):
    with Peer(at) as peer:
        head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % LARGEST
        peer.record(DATA, head)
        peer.record(DATA, b"z" * LARGEST)
        assert peer.response() == (200, b"z" * LARGEST)


def a_record_above_the_largest_size(at):
    for version in (TLS12, TLS13):
        with Peer(at, version) as peer:
            peer.tls._recordLayer.send_record_limit = 1 << 15
            peer.record(DATA, b"z" * (LARGEST + 1))
            alerts(peer, "record_overflow")


def a_record_without_data(at):
    for version in (TLS12, TLS13):
        with Peer(at, version) as peer:
            for _ in range(20):
                peer.record(DATA, b"")
            peer.serves()


def a_handshake_record_without_data(at):
    """RFC 8446, 5.1 forbids it; rustls ignores it."""
    with Peer(at) as peer:
        peer.record(HANDSHAKE, b"")
        try:
            peer.serves()
        except TLSRemoteAlert as error:
            assert error.description in (10, 50), error


def a_request_in_records_of_one_octet(at):
    for version in (TLS12, TLS13):
        with Peer(at, version) as peer:
            for octet in b"GET /get?a=1 HTTP/1.1\r\nHost: a\r\n\r\n":
                peer.record(DATA, bytes([octet]))
            assert peer.response()[0] == 200


def a_record_of_another_type(at):
    with Peer(at) as peer:
        peer.record(99, b"what")
        alerts(peer, "unexpected_message", "decode_error")


def a_change_of_ciphers_after_the_handshake(at):
    with Peer(at) as peer:
        peer.record(CHANGE, b"\x01")
        alerts(peer, "unexpected_message")


def a_record_that_was_changed(at):
    for version in (TLS12, TLS13):
        with Peer(at, version) as peer:
            sink = peer.tls._recordLayer._recordSocket.sock = Sink()
            peer.record(DATA, b"GET /get HTTP/1.1\r\nHost: a\r\n\r\n")
            peer.tls._recordLayer._recordSocket.sock = peer.socket
            sink.kept[-1] ^= 1
            peer.socket.sendall(sink.kept)
            alerts(peer, "bad_record_mac")


def a_message_that_only_a_server_sends(at):
    with Peer(at) as peer:
        peer.record(HANDSHAKE, b"\x04\0\0\x0d" + bytes(4) + bytes(4) + b"\0\0\x01a\0\0")
        alerts(peer, "unexpected_message", "decode_error")


def a_second_hello_after_the_handshake(at):
    for version in (TLS12, TLS13):
        with Peer(at, version) as peer:
            peer.record(HANDSHAKE, client_hello())
            got = peer.alert()
            assert got in ("unexpected_message", "no_renegotiation", "closed"), got


def a_big_body_both_ways(at):
    for version in (TLS12, TLS13):
        with Peer(at, version) as peer:
            body = bytes(range(256)) * (BIG // 256)
            assert peer.request("/echo", "POST", body) == (200, body)


def a_close_that_is_announced(at):
    for version in (TLS12, TLS13):
        with Peer(at, version) as peer:
            peer.serves()
            peer.record(ALERT, b"\x01\x00")
            alerts(peer, "close_notify")


def a_close_by_the_server_is_announced(at):
    with Peer(at) as peer:
        peer.tls.write(b"GET /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        peer.response()
        alerts(peer, "close_notify")


def a_close_that_is_not_announced(at):
    """It is tolerated: the next connection is served."""
    with Peer(at) as peer:
        peer.serves()
        peer.socket.shutdown(socket.SHUT_WR)
        peer.alert()
    with Peer(at) as peer:
        peer.serves()


def a_warning_is_ignored_and_a_fatal_alert_ends_it(at):
    with Peer(at, TLS12) as peer:
        peer.record(ALERT, b"\x01\x5a")
        peer.serves()
        peer.record(ALERT, b"\x02\x28")
        assert peer.alert() in ("closed", "close_notify")


def a_session_that_is_resumed(at):
    for version in (TLS12, TLS13):
        with Peer(at, version) as peer:
            peer.serves()
            session = peer.tls.session
        with Peer(at, version, session) as again:
            again.serves()
            assert again.tls.resumed, version


def a_row_of_handshakes(at):
    for n in range(20):
        with Peer(at, (TLS12, TLS13)[n % 2]) as peer:
            peer.serves()


if __name__ == "__main__":
    claims.check(sys.modules[__name__], sys.argv[1])
