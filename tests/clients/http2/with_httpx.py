"""httpx with HTTP/2: the version is negotiated, and streams share a connection (only https)."""

import asyncio
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.dont_write_bytecode = True

import claims  # noqa: E402
import httpx  # noqa: E402


def client(url):
    return httpx.AsyncClient(http2=True, verify=False, base_url=url, timeout=10)


def a_negotiated_version(url):
    async def one():
        async with client(url) as c:
            got = await c.get("/get")
            assert got.http_version == "HTTP/2" and got.status_code == 200

    asyncio.run(one())


def a_few_delays_at_once(url):
    async def several():
        async with client(url) as c:
            await c.get("/get")
            start = time.monotonic()
            got = await asyncio.gather(*[c.get("/delay/0.3") for _ in range(20)])
            took = time.monotonic() - start
            assert all(one.status_code == 200 for one in got)
            assert 0.3 <= took < 6, took

    asyncio.run(several())


def a_form_and_a_cookie(url):
    async def both():
        async with client(url) as c:
            assert (await c.post("/post", data={"a": "1"})).json()["form"] == {"a": "1"}
            await c.get("/cookies/set?b=2", follow_redirects=True)
            assert (await c.get("/cookies")).json()["cookies"] == {"b": "2"}

    asyncio.run(both())


def a_reset(url):
    async def reset():
        async with client(url) as c:
            try:
                await c.get("/get?~fault=reset")
            except httpx.RemoteProtocolError:
                pass
            else:
                raise AssertionError("no error")

    asyncio.run(reset())


if __name__ == "__main__":
    claims.check(sys.modules[__name__], sys.argv[1])
