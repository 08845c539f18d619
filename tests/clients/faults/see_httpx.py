"""httpx: what it reports of each URL, given as SECONDS PATH after the server's URL."""

import httpx
import report

client = httpx.Client()


def size(url, seconds):
    answer = client.get(url, timeout=seconds)
    return answer.status_code, len(answer.content)


report.each(size)
