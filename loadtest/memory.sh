#!/usr/bin/env bash
# Claim: user-space growth <= 256 B per waiting /delay request and <= 128 B per idle keep-alive
# connection, at 18,000 connections.
#
# A new server with one worker for each. The growth is that of the Anonymous pages in smaps_rollup,
# counted from after one warm-up request. Exit status 1: claim missed, a connection failed, or not all
# requests waited at the same time.
. "$(dirname "$0")/serve.sh"
need "$HOLD" "cargo build --release --examples, or set HOLD"
CONNECTIONS=${CONNECTIONS:-18000}
missed=0

# measure NAME LIMIT ARGUMENT...
measure() {
    local name=$1 bound=$2 report status=0
    shift 2
    serve --workers 1
    report=$(taskset -c "$LOAD_CORE" "$HOLD" "$URL" --json --pid "$PID" --connections "$CONNECTIONS" --timeout 60 "$@") || status=$?
    end_server
    [ "$status" -le 1 ] || exit 2
    python3 - "$name" "$bound" "$report" <<'PY' || missed=1
import json, sys
name, bound, report = sys.argv[1], float(sys.argv[2]), json.loads(sys.argv[3])
memory = report["memory"]
each = memory["bytes_per_connection"]
holds = each is not None and each <= bound and not report["failed"] and report["waiting"] == report["connections"]
print(f"{name}: {memory['before_bytes']} B after one request, {memory['waiting_bytes']} B with {report['waiting']} of"
      f" {report['connections']}, failed {report['failed']} {report['failures']}")
each = float("nan") if each is None else each
print(f"  {each:.1f} B each, at most {bound:g}: {'holds' if holds else 'MISSED'}")
sys.exit(not holds)
PY
}

measure "waiting /delay requests" 256 --delay 8 --ramp 5000
measure "idle keep-alive connections" 128 --idle --ramp 5000
exit $missed
