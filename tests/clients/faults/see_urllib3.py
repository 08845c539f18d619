"""urllib3: what it reports of each URL, given as SECONDS PATH after the server's URL."""

import report
import urllib3

pool = urllib3.PoolManager(retries=False)


def size(url, seconds):
    answer = pool.request("GET", url, timeout=urllib3.Timeout(seconds))
    return answer.status, len(answer.data)


report.each(size)
