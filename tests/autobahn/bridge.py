"""Carries a WebSocket client's connection over TLS, or on a stream of HTTP/2 (RFC 8441).

kosoku itself speaks plain TCP alone. A bridge listens on a free port of loopback; each connection
to it is one connection to the server.
"""

import asyncio
import base64
import contextlib
import hashlib
import ssl
import urllib.parse

import h2.config
import h2.connection
import h2.events

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
SIZE = 1 << 16


async def _open(url):
    """A connection to the URL's host; by TLS if it is https, whose certificate is not checked."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https":
        return await asyncio.open_connection(parts.hostname, parts.port)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return await asyncio.open_connection(
        parts.hostname, parts.port, ssl=context, server_hostname="localhost"
    )


async def _copy(reader, writer):
    with contextlib.suppress(OSError):
        while piece := await reader.read(SIZE):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


async def over_tls(url, reader, writer):
    far_reader, far_writer = await _open(url)
    await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


class Stream:
    """The only stream of an HTTP/2 connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        config = h2.config.H2Configuration(header_encoding="utf-8")
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.id = None
        self.status = None
        self.room = asyncio.Event()
        self.ended = False

    async def flush(self):
        self.writer.write(self.h2.data_to_send())
        await self.writer.drain()

    async def events(self):
        """What comes, until the stream or the connection ends."""
        while not self.ended:
            got = await self.reader.read(SIZE)
            if not got:
                break
            for event in self.h2.receive_data(got):
                if isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
                    self.ended = True
                yield event
            self.room.set()
            await self.flush()
        self.ended = True
        self.room.set()

    async def open(self, authority, path):
        """CONNECT with `:protocol`, once the server has said that it knows that; its status."""
        events = self.events()
        await self.flush()
        async for event in events:
            if isinstance(event, h2.events.RemoteSettingsChanged):
                break
        self.id = self.h2.get_next_available_stream_id()
        self.h2.send_headers(self.id, [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"),
            (":authority", authority), (":path", path), ("sec-websocket-version", "13"),
        ])
        await self.flush()
        async for event in self.events():
            if isinstance(event, h2.events.ResponseReceived):
                return dict(event.headers)[":status"]
        return "502"

    async def send(self, piece):
        while piece and not self.ended:
            most = self.h2.max_outbound_frame_size
            room = min(self.h2.local_flow_control_window(self.id), most, len(piece))
            if not room:
                self.room.clear()
                await self.room.wait()
                continue
            self.h2.send_data(self.id, piece[:room])
            piece = piece[room:]
            await self.flush()

    async def upload(self, reader):
        with contextlib.suppress(OSError):
            while piece := await reader.read(SIZE):
                await self.send(piece)
        if not self.ended:
            self.h2.reset_stream(self.id, 8)
            await self.flush()
            self.writer.close()

    async def download(self, writer):
        with contextlib.suppress(OSError):
            async for event in self.events():
                if isinstance(event, h2.events.DataReceived):
                    writer.write(event.data)
                    await writer.drain()
                    self.h2.acknowledge_received_data(event.flow_controlled_length, self.id)
        writer.close()


async def over_http2(url, reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lines = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
    key = next(value for name, value in lines if name.lower() == "sec-websocket-key")
    far_reader, far_writer = await _open(url)
    stream = Stream(far_reader, far_writer)
    status = await stream.open(urllib.parse.urlsplit(url).netloc, head.split()[1])
    if status != "200":
        writer.write(f"HTTP/1.1 {status} Refused\r\nContent-Length: 0\r\n\r\n".encode())
        return writer.close()
    accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
    writer.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    upload = asyncio.create_task(stream.upload(reader))
    await stream.download(writer)
    upload.cancel()
    far_writer.close()
    return None


@contextlib.asynccontextmanager
async def bridge(carry, url):
    """Yields the address of a bridge to the URL."""

    async def serve(reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await carry(url, reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield "127.0.0.1:%d" % server.sockets[0].getsockname()[1]
