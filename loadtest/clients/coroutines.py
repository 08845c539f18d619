#!/usr/bin/env python3
"""Lesson 4: coroutines. Each reads like lesson 1; all share one select loop: COUNT waits take the time of one.

usage: coroutines.py [URL] [DELAY] [COUNT]
"""
import asyncio
import resource
import sys
import time
from urllib.parse import urlsplit

url = urlsplit(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080")
delay = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
count = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
request = f"GET /delay/{delay:g} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n"
SLACK = 1.0  # seconds after the last answer is due within which all must arrive

# a connection is a descriptor, and the usual soft limit is 1024
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def one():
    """One delayed request; at every `await` the others may run."""
    reader, writer = await asyncio.open_connection(url.hostname, url.port or 80)
    sent = time.monotonic()
    writer.write(request.encode())
    status = await reader.readline()
    waited = time.monotonic() - sent
    await reader.read()
    writer.close()
    return sent, waited, status


async def main():
    """All of them at once; none may fail."""
    tasks = asyncio.gather(*(one() for _ in range(count)))
    return await asyncio.wait_for(tasks, delay + 30)


answers = asyncio.run(main())
done = time.monotonic()
after_last = done - max(sent for sent, _, _ in answers)
good = sum(b" 200 " in status for _, _, status in answers)
early = sum(waited < delay for _, waited, _ in answers)
print(f"{count} requests of {delay:g} s each: {good} answered 200, {early} early")
print(f"all done {after_last:.3f} s after the last was sent; one by one: {count * delay:g} s")
if good != count or early:
    sys.exit("not every answer was a 200 and in time")
if after_last > delay + SLACK:
    sys.exit(f"the waits were not concurrent: more than {delay + SLACK:g} s")
