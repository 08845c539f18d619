"""httpx: typical uses of httpbin, sequential and concurrent."""

import asyncio
import sys
import time

import httpx

import claims

URL = sys.argv[1]


def a_query_comes_back(client):
    said = client.get("/get", params={"a": ["1", "2"], "b": ""}).json()
    assert said["args"] == {"a": ["1", "2"], "b": ""}
    assert said["headers"]["Accept-Encoding"] == "gzip, deflate, br, zstd"


def a_body_comes_back(client):
    assert client.post("/post", data={"a": ["1", "2"]}).json()["form"] == {"a": ["1", "2"]}
    assert client.put("/put", json={"a": 1.0}).json()["json"] == {"a": 1.0}
    assert client.patch("/patch", content=iter([b"one ", b"two"])).json()["data"] == "one two"
    assert client.request("DELETE", "/delete", content=b"x").json()["data"] == "x"
    assert client.request("TRACE", "/anything").json()["method"] == "TRACE"


def a_file_is_uploaded(client):
    files = {"f": ("é.txt", b"text", "text/plain"), "g": ("b", b"\x80")}
    said = client.post("/anything", files=files, data={"k": "v"}).json()
    assert said["files"]["f"] == "text" and said["files"]["g"].endswith("base64,gA==")
    assert said["form"] == {"k": "v"}


def a_coded_body_is_decoded(client):
    for path, flag in [("/gzip", "gzipped"), ("/deflate", "deflated"), ("/brotli", "brotli")]:
        assert client.get(path).json()[flag] is True, path


def a_zstd_answer_is_marked(client):
    """loiter only; httpbin answers 404."""
    answer = client.get("/zstd")
    assert answer.status_code == 404 or answer.json()["zstd"] is True


def a_redirect_leaves_its_history(client):
    answer = client.get("/redirect/3", follow_redirects=True)
    assert [each.status_code for each in answer.history] == [302, 302, 302]
    assert client.get("/redirect/1").next_request.url.path == "/get"
    absolute = client.get("/absolute-redirect/1")
    assert absolute.headers["Location"] == f"{URL}/get"
    kept = client.put("/redirect-to?url=/put&status_code=308", content=b"x", follow_redirects=True)
    assert kept.json()["data"] == "x"


def a_client_keeps_cookies(client):
    client.get("/cookies/set?a=1", follow_redirects=True)
    assert client.get("/cookies").json() == {"cookies": {"a": "1"}}
    client.get("/cookies/delete?a", follow_redirects=True)
    assert client.get("/cookies").json() == {"cookies": {}}


def a_password_opens(client):
    assert client.get("/basic-auth/u/p", auth=("u", "p")).json()["authenticated"] is True
    assert client.get("/basic-auth/u/p").headers["WWW-Authenticate"] == 'Basic realm="Fake Realm"'


def a_digest_opens(client):
    for algorithm in ["MD5", "SHA-256", "SHA-512"]:
        path = f"/digest-auth/auth/u/p/{algorithm}"
        assert client.get(path, auth=httpx.DigestAuth("u", "p")).status_code == 200, algorithm
        assert client.get(path, auth=httpx.DigestAuth("u", "x")).status_code == 401, algorithm
    client.cookies.clear()


def a_stream_comes_line_by_line(client):
    with client.stream("GET", "/stream/4") as answer:
        assert len(list(answer.iter_lines())) == 4


def a_drip_comes_byte_by_byte(client):
    start = time.monotonic()
    with client.stream("GET", "/drip?numbytes=4&duration=0.4&delay=0") as answer:
        assert answer.headers["Content-Length"] == "4"
        next(answer.iter_raw(1))
        assert time.monotonic() - start < 0.4
    with client.stream("GET", "/drip?numbytes=4&duration=0.2&code=206") as answer:
        assert answer.status_code == 206 and answer.read() == b"****"


def a_wait_ends_in_a_timeout(client):
    try:
        client.get("/delay/3", timeout=0.3)
        raise AssertionError("3 seconds are more than 0.3")
    except httpx.ReadTimeout:
        pass


def a_hundred_waits_take_as_long_as_a_few(client):
    async def ask():
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=URL, limits=limits, timeout=20) as many:
            return await asyncio.gather(*(many.get("/delay/0.5") for _ in range(100)))

    start = time.monotonic()
    assert {answer.status_code for answer in asyncio.run(ask())} == {200}
    assert 0.5 <= time.monotonic() - start < 50


def a_status_is_raised(client):
    for status in [404, 503]:
        answer = client.get(f"/status/{status}")
        assert answer.is_error and answer.content == b""
    teapot = client.get("/status/418")
    assert teapot.headers["x-more-info"] == "http://tools.ietf.org/html/rfc2324"
    assert client.head("/get").headers["Content-Length"].isdigit()
    assert "OPTIONS" in client.options("/get").headers["Allow"]


claims.check(sys.modules[__name__], httpx.Client(base_url=URL, timeout=10))
