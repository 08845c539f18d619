#!/usr/bin/env bash
# Claim: 18,000 concurrent /delay/5, ramp 10,000/s: 0 failed, 0 early, p50 <= 0.2 ms, p99 <= 2 ms.
#
# Both sides run under chrt -r 10, each on its own core, with one worker. Exit status 1: claim missed.
# CONNECTIONS, DELAY and RAMP set the load.
. "$(dirname "$0")/serve.sh"
need "$HOLD" "cargo build --release --examples, or set HOLD"
real_time
serve --workers 1

status=0
report=$("${BEFORE[@]}" taskset -c "$LOAD_CORE" "$HOLD" "$URL" --json --pid "$PID" \
    --connections "${CONNECTIONS:-18000}" --delay "${DELAY:-5}" --ramp "${RAMP:-10000}" --timeout 60) || status=$?
[ "$status" -le 1 ] || exit 2
python3 - "$report" <<'PY'
import json, sys
report = json.loads(sys.argv[1])
late = {name: us / 1000 if us is not None else float("nan") for name, us in report["lateness_us"].items()}
print(f"{report['connections']} x /delay/{report['delay_s']:g}, ramp {report['ramp_per_s']:g}/s,"
      f" {report['waiting']} waiting at the same time")
print(f"failed {report['failed']} {report['failures']}, early {report['early']}")
print("lateness in ms: " + ", ".join(f"{name} {late[name]:.3f}" for name in ("min", "p50", "p90", "p99", "p99.9", "max")))
holds = not report["failed"] and not report["early"] and late["p50"] <= 0.2 and late["p99"] <= 2
print("holds" if holds else "MISSED: 0 failed, 0 early, p50 <= 0.2 ms, p99 <= 2 ms")
sys.exit(not holds)
PY
