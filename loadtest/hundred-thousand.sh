#!/usr/bin/env bash
# Claim: 100,000 delayed requests at once in one process (descriptor tables of their own for >= 6
# workers, a hard limit of 20,000 or so for each): 0 failed, 0 early.
#
# The load comes from several processes, since each of them has that limit too. Exit status 1: missed.
# CONNECTIONS, WORKERS, PROCESSES, RAMP change it; delay 10 s is the longest that loiter grants unasked.
. "$(dirname "$0")/serve.sh"
need "$HOLD" "cargo build --release --examples, or set HOLD"
SERVER_CORE=${CORES:-0-$(($(nproc) - 1))}
serve --workers "${WORKERS:-7}"

status=0
report=$("$HOLD" "$URL" --json --pid "$PID" --connections "${CONNECTIONS:-100000}" --delay "${DELAY:-10}" \
    --ramp "${RAMP:-12500}" --processes "${PROCESSES:-7}" --timeout 120) || status=$?
[ "$status" -le 1 ] || exit 2
python3 - "$report" "$(ulimit -Hn)" <<'PY'
import json, sys
report, limit = json.loads(sys.argv[1]), sys.argv[2]
print(f"{report['connections']} x /delay/{report['delay_s']:g} in {report['took_s']:.1f} s, {report['waiting']} waiting"
      f" at the same time; hard descriptor limit {limit}")
print(f"failed {report['failed']} {report['failures']}, early {report['early']}, answered {report['answered']}")
print("lateness in ms: " + ", ".join(f"{name} {(us or 0) / 1000:.3f}" for name, us in report["lateness_us"].items()))
print(f"server memory: {report['memory']['bytes_per_connection'] or 0:.1f} B for each that waits")
together = report["waiting"] == report["connections"]
if not together:
    print("not all at the same time: a faster ramp is needed (RAMP)")
holds = together and not report["failed"] and not report["early"]
print("holds" if holds else "MISSED: all at once, 0 failed, 0 early")
sys.exit(not holds)
PY
