#!/usr/bin/env bash
# Claim: one read and one write per keep-alive request.
#
# strace counts the server's system calls while one connection sends 1,000 requests, each after the
# previous answer. Exit status 1: more than 1.02 reads or writes per request.
. "$(dirname "$0")/serve.sh"
need strace "apt-get install strace"
REQUESTS=${REQUESTS:-1000}
serve --workers 1

counts=$(mktemp)
timeout 60 strace -f -c -o "$counts" -p "$PID" 2>/dev/null &
tracer=$!
for _ in $(seq 100); do
    grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$PID/status" && break
    kill -0 "$tracer" 2>/dev/null || { echo "strace is not permitted to trace here" >&2; exit 2; }
    sleep 0.1
done
# the other threads are attached after the first
for task in /proc/"$PID"/task/*; do
    for _ in $(seq 100); do
        grep -q '^TracerPid:[[:space:]]*[1-9]' "$task/status" && break
        sleep 0.1
    done
done
status=0
timeout 50 python3 - "$URL" "$REQUESTS" <<'PY' || status=2
import socket, sys
from urllib.parse import urlsplit
url = urlsplit(sys.argv[1])
request = f"GET /status/200 HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode()
with socket.create_connection((url.hostname, url.port), 5) as sock:
    for _ in range(int(sys.argv[2])):
        sock.sendall(request)
        if not sock.recv(4096).startswith(b"HTTP/1.1 200 "):
            sys.exit("not a 200")
PY
kill -INT "$tracer" 2>/dev/null || true
wait "$tracer" || true
[ "$status" = 0 ] && python3 - "$counts" "$REQUESTS" <<'PY' || status=$((status ? status : 1))
import sys
requests, calls = int(sys.argv[2]), {}
for line in open(sys.argv[1]):
    words = line.split()
    if len(words) >= 5 and words[0][0].isdigit() and words[-1] != "total":
        calls[words[-1]] = int(words[3])
reads = sum(calls.get(name, 0) for name in ("read", "readv", "recvfrom", "recvmsg"))
writes = sum(calls.get(name, 0) for name in ("write", "writev", "sendto", "sendmsg"))
print("per request: " + ", ".join(f"{name} {n / requests:.3f}" for name, n in sorted(calls.items(), key=lambda c: -c[1])))
holds = all(requests <= n <= 1.02 * requests for n in (reads, writes))
print(f"reads {reads / requests:.3f}, writes {writes / requests:.3f} per request over {requests} requests: {'holds' if holds else 'MISSED'}")
sys.exit(not holds)
PY
rm -f "$counts"
exit $status
