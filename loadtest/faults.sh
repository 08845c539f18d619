#!/usr/bin/env bash
# Failing system calls: strace makes some calls fail, and the server must continue, lose only the
# connections that failed, and release what they held.
# usage: faults.sh     (strace, curl; as root or with ptrace allowed)
# Then again in a network namespace of its own with send buffers of 4 KiB, where each answer is many
# partial writes (unshare, ip; as root).
set -euo pipefail
cd "$(dirname "$0")"
ROOT=$(cd .. && pwd)
LOITER=${LOITER:-$ROOT/target/release/loiter}
out=$(mktemp)
status=0
trap 'kill "${PID:-}" "${TRACER:-}" 2>/dev/null || true; rm -f "$out"' EXIT

start() {
    env -u LOITER_ARGS timeout 120 "$LOITER" --listen 127.0.0.1:0 --workers 1 --max-bytes 4MiB "$@" >"$out" 2>/dev/null &
    PID=$!
    for _ in $(seq 50); do grep -q listening "$out" && break; sleep 0.1; done
    URL=$(sed -n 's/^listening \(http:[^ ]*\).*/\1/p' "$out"); URL=${URL%/}
    PID=$(pgrep -P "$PID" || echo "$PID")
}
descriptors() { ls -d /proc/"$PID"/task/*/fd/* | wc -l; }

# fault CALL ERROR WHEN MINIMUM: 60 requests of two kinds while some calls of this kind fail
fault() {
    start
    curl -s -o /dev/null "$URL/get"
    sleep 0.2
    local base good=0
    base=$(descriptors)
    timeout 60 strace -f -qq -o /dev/null -e trace="$1" -e inject="$1:error=$2:when=$3" -p "$PID" 2>/dev/null &
    TRACER=$!
    sleep 0.5
    for _ in $(seq 30); do
        for path in /get /bytes/2097152; do
            [[ $(curl -s -m 5 -o /dev/null -w '%{http_code} %{size_download}' "$URL$path") =~ ^200\ (2097152|[0-9]{3})$ ]] &&
                good=$((good + 1))
        done
    done
    kill "$TRACER" 2>/dev/null || true
    wait "$TRACER" 2>/dev/null || true
    sleep 1
    local after again=no
    after=$(descriptors)
    curl -s -m 5 -f -o /dev/null "$URL/get" && again=yes
    kill "$PID"
    local verdict=ok
    if [[ $again != yes || $after -gt $base || $good -lt $4 ]]; then verdict=FAILED status=1; fi
    echo "$verdict $1 $2 ($3): $good of 60 whole, at least $4; descriptors $base then $after; serves on: $again"
}

small() {
    start
    for path in /bytes/2097152 /get /stream-bytes/100000 /delay/0.1; do
        timeout 60 curl -s -m 50 -o "$out.body" -w "$path %{http_code} %{size_download} %{time_total} s\n" "$URL$path" || status=1
    done
    head -c 1000000 /dev/urandom >"$out.sent"
    curl -s -m 50 --data-binary @"$out.sent" -H 'Expect:' -o "$out.body" "$URL/echo" || status=1
    cmp "$out.sent" "$out.body" && echo "ok 1 MB through /echo with 4 KiB buffers" || status=1
    strace -f -c -qq -o "$out.calls" -p "$PID" 2>/dev/null & TRACER=$!
    sleep 0.5; curl -s -m 20 -o /dev/null "$URL/bytes/2097152"; kill "$TRACER"; wait "$TRACER" 2>/dev/null || true
    echo "writes for 2 MiB: $(awk '$NF == "sendto" {print $4}' "$out.calls")"
    kill "$PID"; rm -f "$out".*
    exit "$status"
}
if [[ ${1:-} == small ]]; then small; fi

fault accept4 EMFILE 2+3 60
fault accept4 ENFILE 2+3 60
fault accept4 ENOBUFS 2+3 60
fault accept4 ECONNABORTED 2+3 60
fault accept4 EPROTO 2+3 60
fault accept4 EINTR 2+3 60
fault recvfrom EINTR 2+3 60
fault recvfrom EAGAIN 1000+1000 60
fault recvfrom ECONNRESET 5+5 30
fault sendto EINTR 2+3 60
fault sendto EPIPE 5+5 15
fault sendto ENOBUFS 5+5 15
fault epoll_wait EINTR 2+3 60
fault epoll_pwait2 EINTR 2+3 60
fault epoll_pwait2 ENOSYS 1+1 60
fault epoll_ctl ENOMEM 5+5 48

if unshare -n true 2>/dev/null; then
    unshare -n sh -c 'ip link set lo up; sysctl -qw net.ipv4.tcp_wmem="4096 4096 4096" net.ipv4.tcp_rmem="4096 4096 4096"; exec "$0" small' "./$(basename "$0")" || status=1
fi
exit "$status"
