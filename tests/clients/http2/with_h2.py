"""Python h2: requests, bodies, many streams at once, faults on a stream, GOAWAY, WebSocket."""

import hashlib
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
sys.dont_write_bytecode = True

import claims  # noqa: E402
import h2.errors  # noqa: E402
import wsproto.events as ws  # noqa: E402
from h2_client import Client, Stream  # noqa: E402
from wsproto import ConnectionType  # noqa: E402
from wsproto.connection import Connection as Frames  # noqa: E402

BIG = 5_000_000  # octets: many times the windows
FORBIDDEN = {"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"}


def fresh(url):
    return Client(url)


def a_get(url):
    with fresh(url) as c:
        got = c.get("/get?a=1")
        assert got.status == 200 and got.json()["args"] == {"a": "1"}
        assert got.json()["url"] == f"{url}/get?a=1", got.json()["url"]
        assert int(got["content-length"]) == len(got.body)


def a_head(url):
    with fresh(url) as c:
        got = c.get("/get", method="HEAD")
        assert got.status == 200 and not got.body and int(got["content-length"]) > 0


def a_post(url):
    with fresh(url) as c:
        got = c.get("/post", method="POST", body=b'{"a":[1]}',
                    fields=[("content-type", "application/json")])
        assert got.status == 200 and got.json()["json"] == {"a": [1]}


def a_body_without_length_that_is_empty(url):
    with fresh(url) as c:
        assert c.get("/post", method="POST", body=b"").json()["data"] == ""


def a_wrong_method_and_an_unknown_path(url):
    with fresh(url) as c:
        assert c.get("/get", method="POST", body=b"x").status == 405
        assert c.get("/nowhere").status == 404
        assert c.get("/status/418").status == 418


def a_head_that_names_no_connection_field(url):
    paths = ("/get", "/stream/3", "/drip?numbytes=3&duration=0", "/trailers", "/status/204",
             "/redirect/1", "/gzip", "/sse?count=1", "/nowhere", "/get?~last")
    with fresh(url) as c:
        for path in paths:
            got = c.get(path)
            names = {name for name, _ in got.head}
            assert not names & FORBIDDEN, (path, names & FORBIDDEN)
            assert all(name == name.lower() for name in names), (path, names)
            if got.over and c.goaways:
                return


def a_big_download(url):
    with fresh(url) as c:
        got = c.get(f"/drip?numbytes={BIG}&duration=0")
        assert len(got.body) == BIG and got.reset is None


def a_big_upload_and_its_echo(url):
    """Both directions at once, each within its windows."""
    sent = hashlib.sha256()
    with fresh(url) as c:
        number = c.ask("/echo", method="POST", end=False)
        stream, left = c.streams[number], BIG
        while left:
            room = min(c.h2.local_flow_control_window(number), c.h2.max_outbound_frame_size, left)
            if not room:
                assert not stream.over, "it ended before the upload"
                before = len(stream.body)
                c.until(lambda: c.h2.local_flow_control_window(number) or stream.over, 5)
                assert c.h2.local_flow_control_window(number) or len(stream.body) > before, "stuck"
                continue
            piece = bytes([left % 251]) * room
            left -= room
            sent.update(piece)
            c.h2.send_data(number, piece, end_stream=not left)
            c.flush()
        c.until(lambda: stream.over)
        assert stream.status == 200 and len(stream.body) == BIG, (stream.status, len(stream.body))
        assert hashlib.sha256(stream.body).digest() == sent.digest()


def a_download_while_another_stream_is_blocked(url):
    """A stream whose window is not opened holds up no other."""
    with fresh(url) as c:
        c.open_windows = False
        blocked = c.ask(f"/drip?numbytes={BIG}&duration=0")
        c.until(lambda: len(c.streams[blocked].body) >= 60_000, 5)
        c.h2.increment_flow_control_window(1 << 20)
        c.flush()
        got = c.get("/get")
        assert got.status == 200 and got.over and not c.streams[blocked].over
        c.h2.reset_stream(blocked)
        c.flush()
        assert c.get("/get").status == 200


def a_hundred_delays_end_in_order_of_their_times(url):
    with fresh(url) as c:
        delays = [((n * 37) % 100) / 100 for n in range(100)]
        asked = [(delay, c.ask(f"/delay/{delay}")) for delay in delays]
        c.until(lambda: all(c.streams[number].over for _, number in asked))
        for delay, number in asked:
            stream = c.streams[number]
            assert stream.status == 200, (delay, stream.status)
            assert stream.took >= delay, f"{delay} s took {stream.took} s"
        by_end = sorted(asked, key=lambda one: c.streams[one[1]].ended)
        order = [delay for delay, _ in by_end]
        late = max(order[i] - min(order[i:]) for i in range(len(order)))
        assert late < 0.3, f"out of order by {late} s"


def a_delayed_stream_that_is_reset_frees_its_place(url):
    with fresh(url) as c:
        for _ in range(50):
            number = c.ask("/delay/10")
            c.h2.reset_stream(number)
        c.flush()
        assert c.get("/get").status == 200


def a_trailer(url):
    with fresh(url) as c:
        got = c.get("/trailers?a=1")
        assert got.status == 200 and got.trailers, got.trailers


def a_trailer_of_the_request(url):
    with fresh(url) as c:
        number = c.ask("/echo", method="POST", end=False)
        c.h2.send_data(number, b"abc")
        c.h2.send_headers(number, [("x-last", "1")], end_stream=True)
        c.flush()
        c.until(lambda: c.streams[number].over)
        assert c.streams[number].body == b"abc"


def a_hint_comes_before_the_answer(url):
    with fresh(url) as c:
        got = c.get("/get?~hint=<a>&~delay=200ms")
        assert got.status == 200 and got.took >= 0.2
        assert dict(got.informational[0])[":status"] == "103", got.informational
        assert dict(got.informational[0])["link"] == "<a>"


def a_body_that_waits_for_100(url):
    with fresh(url) as c:
        fields = [("expect", "100-continue"), ("content-length", "3")]
        number = c.ask("/post", method="POST", fields=fields, end=False)
        stream = c.streams[number]
        assert c.until(lambda: stream.informational, 3), "no 100"
        assert dict(stream.informational[0])[":status"] == "100"
        c.h2.send_data(number, b"abc", end_stream=True)
        c.flush()
        c.until(lambda: stream.over)
        assert stream.json()["data"] == "abc"


def a_refusal_before_the_body_is_sent(url):
    with fresh(url) as c:
        fields = [("expect", "100-continue"), ("content-length", "100000000000")]
        number = c.ask("/post", method="POST", fields=fields, end=False)
        stream = c.streams[number]
        c.until(lambda: stream.head or stream.reset is not None)
        assert stream.status == 413 and not stream.informational


def a_cookie_in_crumbs(url):
    with fresh(url) as c:
        got = c.get("/cookies", fields=[("cookie", "a=1"), ("cookie", "b=2")])
        assert got.json()["cookies"] == {"a": "1", "b": "2"}, got.body
        shown = c.get("/headers", fields=[("cookie", "a=1"), ("cookie", "b=2")]).json()
        assert shown["headers"]["Cookie"] == "a=1; b=2", shown


def a_host_of_the_authority(url):
    with fresh(url) as c:
        assert c.get("/headers").json()["headers"]["Host"] == c.authority


def a_raw_head_in_the_order_it_came(url):
    with fresh(url) as c:
        got = c.get("/raw", fields=[("x-b", "1"), ("x-a", "2")])
        lines = got.body.decode().split("\r\n")
        names = [line.rsplit(":", 1)[0] for line in lines if line]
        wanted = [":method", ":scheme", ":authority", ":path", "x-b", "x-a"]
        places = [next(n for n, line in enumerate(lines) if line.startswith(f"{name}:"))
                  for name in wanted]
        assert places == sorted(places), names


def a_fault_reset_ends_its_stream_alone(url):
    with fresh(url) as c:
        other = c.ask("/delay/0.3")
        got = c.get("/get?~fault=reset")
        assert got.reset is not None and got.reset != h2.errors.ErrorCodes.NO_ERROR, got.reset
        assert not got.head
        assert c.until(lambda: c.streams[other].over) and c.streams[other].status == 200
        half = c.get("/bytes/1000?~fault=reset:500&~body=50ms")
        assert half.reset is not None and len(half.body) <= 500 and half.status == 200
        assert c.get("/get").status == 200 and not c.goaways


def a_fault_abort_resets_the_connection(url):
    with fresh(url) as c:
        c.ask("/get?~fault=abort")
        c.until(lambda: c.closed, 3)
        assert c.closed and not c.goaways, "no abort"


def a_fault_close_says_goaway(url):
    with fresh(url) as c:
        number = c.ask("/get?~fault=close")
        c.until(lambda: c.closed, 3)
        assert c.closed and c.goaways and not c.streams[number].head, c.goaways


def a_fault_hang_holds_its_stream_alone(url):
    with fresh(url) as c:
        number = c.ask("/get?~fault=hang")
        assert c.get("/get").status == 200 and c.get("/delay/0.1").status == 200
        stream = c.streams[number]
        assert not stream.over and not stream.head
        c.h2.reset_stream(number)
        c.flush()
        assert c.get("/get").status == 200


def a_fault_stall_stops_in_mid_body(url):
    with fresh(url) as c:
        number = c.ask("/bytes/1000?~fault=stall:500")
        c.until(lambda: len(c.streams[number].body) >= 500, 3)
        assert c.get("/get").status == 200
        assert len(c.streams[number].body) == 500 and not c.streams[number].over


def a_fault_truncate_ends_the_stream_early(url):
    """h2 compares the length with Content-Length, and takes the difference for an error."""
    with fresh(url) as c:
        number = c.ask("/bytes/1000?~fault=truncate:500")
        c.until(lambda: c.streams[number].over, 3)
        assert c.broken == "InvalidBodyLengthError", (c.broken, len(c.streams[number].body))


def a_fault_garbage_breaks_a_frame(url):
    with fresh(url) as c:
        c.ask("/get?~fault=garbage&~seed=1")
        c.until(lambda: c.closed or c.broken, 3)
        assert c.broken or c.closed, "nothing broke"


def a_modifier_that_http2_cannot_have_is_refused(url):
    with fresh(url) as c:
        for modifier in ("head=1s", "frame=chunked", "frame=close", "fault=bad-head",
                         "fault=bad-chunk", "fault=dup-length", "fault=extra:9"):
            got = c.get(f"/get?~{modifier}")
            assert got.status == 400, (modifier, got.status, got.reset)


def a_modifier_of_every_other_kind(url):
    with fresh(url) as c:
        assert c.get("/get?~status=503").status == 503
        assert c.get("/get?~header=X-A:1")["x-a"] == "1"
        assert c.get("/get?~text=hi").body == b"hi"
        assert sum(len(n) + len(v) for n, v in c.get("/get?~pad=8KiB").head) >= 8192
        assert c.get("/get?~delay=100ms").took >= 0.1
        assert c.get("/bytes/10?~body=100ms").took >= 0.1
        assert c.get("/bytes/10?~end=100ms").took >= 0.1
        paced = c.get("/bytes/1000?~rate=5000")
        assert paced.took >= 0.15 and len(paced.body) == 1000, paced.took
        gaps = c.get("/bytes/100?~gap=20ms&~piece=20")
        assert gaps.took >= 0.08, gaps.took
        assert [size for size, _ in gaps.pieces if size] == [20] * 5, gaps.pieces
        assert c.get("/get?~status=102").informational


def a_last_answer_says_goaway(url):
    with fresh(url) as c:
        assert c.get("/get?~last").status == 200
        c.until(lambda: c.closed, 3)
        assert c.closed and c.goaways and c.goaways[-1][1] == 0, c.goaways


def a_slow_reader_gets_no_window(url):
    with fresh(url) as c:
        number = c.ask("/post?~read=hang", method="POST", end=False)
        c.until(lambda: False, 0.2)
        room = c.h2.local_flow_control_window(number)
        sent = 0
        while room:
            piece = min(room, c.h2.max_outbound_frame_size)
            c.h2.send_data(number, bytes(piece))
            c.flush()
            sent += piece
            c.until(lambda: False, 0.05)
            room = c.h2.local_flow_control_window(number)
            assert sent < 4 << 20, "the window was opened"
        assert c.get("/get").status == 200


def a_paced_body_beside_a_big_one(url):
    with fresh(url) as c:
        big = c.ask(f"/drip?numbytes={BIG}&duration=0")
        slow = c.ask("/drip?numbytes=5&duration=0.3")
        c.until(lambda: c.streams[big].over and c.streams[slow].over)
        assert len(c.streams[slow].body) == 5 and c.streams[slow].took >= 0.2


def a_more_urgent_answer(url):
    """RFC 9218: urgency 0 goes before urgency 7, wherever both are ready."""
    with fresh(url) as c:
        c.open_windows = False
        late = c.ask(f"/drip?numbytes={BIG}&duration=0", fields=[("priority", "u=7")])
        c.until(lambda: len(c.streams[late].body) >= 60_000, 3)
        soon = c.ask("/bytes/60000", fields=[("priority", "u=0")])
        c.until(lambda: c.streams[soon].head, 3)
        c.open_windows = True
        c.h2.increment_flow_control_window(1 << 20, late)
        c.h2.increment_flow_control_window(1 << 20)
        c.flush()
        before = len(c.streams[late].body)
        c.until(lambda: c.streams[soon].over, 5)
        assert c.streams[soon].over
        assert len(c.streams[late].body) - before < 1 << 20, "the urgent one came last"


def a_websocket(url):
    """RFC 8441."""
    with fresh(url) as c:
        c.until(lambda: c.h2.remote_settings.enable_connect_protocol, 3)
        assert c.h2.remote_settings.enable_connect_protocol == 1
        number = c.h2.get_next_available_stream_id()
        c.h2.send_headers(number, [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", c.scheme),
            (":authority", c.authority), (":path", "/websocket/echo"),
            ("sec-websocket-version", "13"), ("origin", url),
        ])
        c.flush()
        stream = c.streams[number] = Stream()
        assert c.until(lambda: stream.head, 3) and stream.status == 200, stream.head
        names = {name for name, _ in stream.head}
        assert not names & {"sec-websocket-accept", "upgrade", "connection"}, names

        frames, heard, taken = Frames(ConnectionType.CLIENT), [], 0

        def hear():
            nonlocal taken
            if taken == len(stream.body):
                return
            frames.receive_data(stream.body[taken:])
            taken = len(stream.body)
            heard.extend(frames.events())

        def say(*events):
            out = b"".join(frames.send(event) for event in events)
            while out:
                c.until(lambda: c.h2.local_flow_control_window(number), 3)
                room = min(c.h2.local_flow_control_window(number), c.h2.max_outbound_frame_size)
                assert room, "no window"
                c.h2.send_data(number, out[:room])
                out = out[room:]
                c.flush()

        def comes(kind):
            found = []

            def one():
                hear()
                found.extend(event for event in heard if isinstance(event, kind))
                return found

            c.until(one, 5)
            assert found, f"no {kind.__name__}: {heard}"
            return found[0]

        say(ws.TextMessage(data="hello"))
        assert comes(ws.TextMessage).data == "hello"
        say(ws.Ping(payload=b"p"))
        assert bytes(comes(ws.Pong).payload) == b"p"
        heard.clear()
        say(ws.BytesMessage(data=bytes(300_000)))

        def size():
            hear()
            return sum(len(e.data) for e in heard if isinstance(e, ws.BytesMessage)) == 300_000

        assert c.until(size, 10), "the long message did not come back"
        other = c.get("/get")
        assert other.status == 200
        say(ws.CloseConnection(code=1000, reason="bye"))
        assert comes(ws.CloseConnection).code == 1000
        if stream.reset is None:
            c.h2.end_stream(number)
            c.flush()
        c.until(lambda: stream.over, 3)
        assert stream.over and stream.reset in (None, h2.errors.ErrorCodes.NO_ERROR)


def a_websocket_elsewhere_is_refused(url):
    with fresh(url) as c:
        c.until(lambda: c.h2.remote_settings.enable_connect_protocol, 3)
        number = c.h2.get_next_available_stream_id()
        c.h2.send_headers(number, [
            (":method", "CONNECT"), (":protocol", "nonsense"), (":scheme", c.scheme),
            (":authority", c.authority), (":path", "/websocket/echo"),
        ])
        stream = c.streams[number] = Stream()
        c.flush()
        c.until(lambda: stream.head or stream.over, 3)
        assert stream.reset is not None or stream.status >= 400, stream.head


def a_thousand_requests_on_one_connection(url):
    with fresh(url) as c:
        start = time.monotonic()
        for _ in range(10):
            asked = [c.ask(f"/get?n={n}") for n in range(100)]
            c.until(lambda asked=asked: all(c.streams[n].over for n in asked))
            assert all(c.streams[n].status == 200 for n in asked)
        assert time.monotonic() - start < 60


if __name__ == "__main__":
    claims.check(sys.modules[__name__], sys.argv[1])
