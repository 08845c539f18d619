"""The paths of src/lib.rs in aiohttp. usage: aiohttp_peer.py PORT"""
import asyncio
import sys

from aiohttp import web

MOST = 1 << 21
FILLER = b"x" * MOST
HTML = "text/html; charset=utf-8"


async def nothing(_request):
    return web.Response(headers={"Content-Type": HTML})


async def text(_request):
    return web.Response(text="Hello, World!", content_type="text/html")


async def some_bytes(request):
    return web.Response(body=FILLER[: int(request.match_info["count"])])


async def delay(request):
    await asyncio.sleep(float(request.match_info["seconds"]))
    return web.Response(headers={"Content-Type": HTML})


async def echo(request):
    return web.Response(body=await request.read())


app = web.Application(client_max_size=MOST)
app.add_routes([
    web.get("/status/200", nothing),
    web.get("/text", text),
    web.get("/bytes/{count}", some_bytes),
    web.get("/delay/{seconds}", delay),
    web.post("/echo", echo),
])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None,
            keepalive_timeout=300, backlog=4096)
