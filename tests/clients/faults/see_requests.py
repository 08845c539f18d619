"""requests: what it reports of each URL, given as SECONDS PATH after the server's URL."""

import report
import requests

session = requests.Session()


def size(url, seconds):
    answer = session.get(url, timeout=seconds)
    return answer.status_code, len(answer.content)


report.each(size)
