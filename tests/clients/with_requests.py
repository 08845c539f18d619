"""requests: typical uses of httpbin."""

import sys
import time

import requests
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

import claims

URL = sys.argv[1]
PATIENCE = 10


class Session(requests.Session):
    """A session with a base URL and a timeout."""

    def request(self, method, path, **options):
        options.setdefault("timeout", PATIENCE)
        return super().request(method, path if "://" in path else URL + path, **options)


def a_query_comes_back(session):
    said = session.get("/get", params={"a": ["1", "2"], "é": "ü &"}).json()
    assert said["args"] == {"a": ["1", "2"], "é": "ü &"}
    assert said["headers"]["User-Agent"].startswith("python-requests/")


def a_body_comes_back(session):
    assert session.post("/post", data={"a": "1"}).json()["form"] == {"a": "1"}
    assert session.put("/put", json={"a": [1, None, "é"]}).json()["json"] == {"a": [1, None, "é"]}
    assert session.patch("/patch", data="é".encode()).json()["data"] == "é"
    assert session.delete("/delete", data=b"\xff").json()["data"].endswith("base64,/w==")


def a_generator_is_sent_in_chunks(session):
    said = session.post("/post", data=(piece for piece in [b"one ", b"two"])).json()
    assert said["data"] == "one two" and said["headers"]["Transfer-Encoding"] == "chunked"


def a_file_is_uploaded(session):
    files = {"f": ("x.txt", b"text", "text/plain"), "g": ("x.bin", b"\xff\x00", "image/png")}
    said = session.post("/post", data={"k": "v"}, files=files).json()
    assert said["form"] == {"k": "v"}
    assert said["files"] == {"f": "text", "g": "data:image/png;base64,/wA="}


def a_session_keeps_cookies(session):
    assert session.get("/cookies/set", params={"a": "1", "b": "x y"}).json() == {
        "cookies": {"a": "1", "b": "x y"}
    }
    assert session.cookies["a"] == "1"
    session.get("/cookies/set/c/3")
    session.get("/cookies/delete?a")
    assert session.get("/cookies").json() == {"cookies": {"b": "x y", "c": "3"}}
    session.cookies.clear()


def a_redirect_leaves_its_history(session):
    for path, status in [("/redirect/3", 302), ("/relative-redirect/3", 302),
                         ("/absolute-redirect/3", 302)]:
        answer = session.get(path)
        assert [each.status_code for each in answer.history] == [status] * 3, path
        assert answer.json()["url"] == f"{URL}/get"
    to = session.post("/redirect-to", params={"url": "/post", "status_code": 307}, data=b"kept")
    assert to.json()["data"] == "kept" and len(to.history) == 1
    assert session.post("/redirect-to?url=/get&status_code=303").request.method == "GET"
    assert session.get("/status/302", allow_redirects=False).headers["Location"] == "/redirect/1"


def a_redirect_has_an_end(session):
    session.max_redirects = 4
    try:
        session.get("/redirect/6")
        raise AssertionError("6 redirects are more than 4")
    except requests.TooManyRedirects:
        pass
    finally:
        session.max_redirects = 30


def a_password_opens(session):
    right, wrong = HTTPBasicAuth("u", "p:q"), HTTPBasicAuth("u", "x")
    said = session.get("/basic-auth/u/p:q", auth=right).json()
    assert said == {"authenticated": True, "user": "u"}
    assert session.get("/basic-auth/u/p:q", auth=wrong).status_code == 401
    assert session.get("/hidden-basic-auth/u/p", auth=wrong).status_code == 404
    token = {"Authorization": "Bearer abc"}
    assert session.get("/bearer", headers=token).json()["token"] == "abc"
    assert session.get("/bearer").headers["WWW-Authenticate"] == "Bearer"


def a_digest_opens(session):
    for algorithm in ["MD5", "SHA-256", "SHA-512"]:
        path = f"/digest-auth/auth/u/p/{algorithm}"
        answer = session.get(path, auth=HTTPDigestAuth("u", "p"))
        assert answer.json() == {"authenticated": True, "user": "u"}, algorithm
        assert [each.status_code for each in answer.history] == [401]
        assert session.get(path, auth=HTTPDigestAuth("u", "x")).status_code == 401
    session.cookies.clear()


def a_coded_body_is_decoded(session):
    for path, flag in [("/gzip", "gzipped"), ("/deflate", "deflated"), ("/brotli", "brotli")]:
        assert session.get(path).json()[flag] is True, path


def a_stream_comes_line_by_line(session):
    lines = session.get("/stream/5", stream=True).iter_lines()
    assert len(list(lines)) == 5


def a_drip_comes_byte_by_byte(session):
    start = time.monotonic()
    answer = session.get("/drip?numbytes=4&duration=0.4", stream=True)
    pieces = list(answer.iter_content(1))
    assert b"".join(pieces) == b"****" and time.monotonic() - start >= 0.3


def a_wait_ends_in_a_timeout(session):
    try:
        session.get("/delay/3", timeout=(PATIENCE, 0.3))
        raise AssertionError("3 seconds are more than 0.3")
    except requests.ReadTimeout:
        pass
    start = time.monotonic()
    assert session.get("/delay/0.3").status_code == 200
    assert time.monotonic() - start >= 0.3


def a_status_is_raised(session):
    for status in [400, 404, 418, 429, 500, 503]:
        try:
            session.get(f"/status/{status}").raise_for_status()
            raise AssertionError(f"{status} is an error")
        except requests.HTTPError as error:
            assert error.response.status_code == status
    assert session.get("/status/204").content == b""


def a_cache_is_asked_again(session):
    first = session.get("/cache")
    again = {"If-None-Match": first.headers["ETag"]}
    again["If-Modified-Since"] = first.headers["Last-Modified"]
    assert session.get("/cache", headers=again).status_code == 304
    assert session.get("/etag/x", headers={"If-None-Match": '"x"'}).status_code == 304
    assert session.get("/etag/x", headers={"If-Match": '"y"'}).status_code == 412
    assert session.get("/cache/60").headers["Cache-Control"] == "public, max-age=60"


def a_range_is_cut_out(session):
    answer = session.get("/range/26", headers={"Range": "bytes=10-14"})
    assert (answer.status_code, answer.content) == (206, b"klmno")
    assert answer.headers["Content-Range"] == "bytes 10-14/26"


def a_seed_gives_its_bytes(session):
    for path in ["/bytes/10?seed=0", "/stream-bytes/10?seed=0&chunk_size=3"]:
        assert session.get(path).content.hex() == "c5d71484f8cf9bf4b76f", path


def a_response_has_the_headers_asked_for(session):
    answer = session.get("/response-headers", params={"X-A": ["1", "2"], "X-B": "3"})
    assert answer.headers["X-A"] == "1, 2" and answer.json()["X-B"] == "3"


def a_picture_has_its_type(session):
    starts = {"png": b"\x89PNG", "jpeg": b"\xff\xd8\xff", "webp": b"RIFF"}
    for kind, start in starts.items():
        answer = session.get("/image", headers={"Accept": f"image/{kind}"})
        assert answer.headers["Content-Type"] == f"image/{kind}"
        assert answer.content.startswith(start)
    assert session.get("/image/svg").headers["Content-Type"] == "image/svg+xml"


def a_text_has_its_encoding(session):
    assert "κόσμε" in session.get("/encoding/utf8").text
    assert session.get("/json").json()["slideshow"]["author"] == "Yours Truly"
    assert session.get("/base64/4pyT").text == "✓"


claims.check(sys.modules[__name__], Session())
