#!/usr/bin/env bash
# Claim: under an open load at a fixed rate, every answer is a 200 and none comes before its delay.
#
# oha sends at RATE/s regardless of the answers, and with --latency-correction includes the time that a
# request waited to be sent. So it detects a server that stalls, where a closed loop would wait with it.
# oha: cargo install oha (1.x), or set OHA.  Exit status 1: an error, another status, or an early answer.
. "$(dirname "$0")/serve.sh"
OHA=${OHA:-oha}
need "$OHA" "cargo install oha, or set OHA to the program"
DELAY=${DELAY:-0.1}
serve --workers 1

status=0
report=$(mktemp)
timeout 90 taskset -c "$LOAD_CORE" "$OHA" --no-tui --output-format json --latency-correction \
    -c "${CONNECTIONS:-500}" -q "${RATE:-2000}" -z "${DURATION:-10}s" -w "$URL/delay/$DELAY" >"$report" || status=$?
[ "$status" = 0 ] && python3 - "$report" "$DELAY" <<'PY' || status=1
import json, sys
report, delay = json.load(open(sys.argv[1])), float(sys.argv[2])
summary, late = report["summary"], report["latencyPercentiles"]
print(f"{sum(report['statusCodeDistribution'].values())} answers, {summary['requestsPerSec']:.0f}/s,"
      f" statuses {report['statusCodeDistribution']}, errors {report['errorDistribution']}")
print("beyond the delay, in ms: " + ", ".join(f"{name} {(late[name] - delay) * 1000:.3f}" for name in ("p50", "p90", "p99", "p99.9"))
      + f", slowest {(summary['slowest'] - delay) * 1000:.3f}")
holds = (set(report["statusCodeDistribution"]) == {"200"} and not report["errorDistribution"]
         and summary["fastest"] >= delay)
print("holds" if holds else "MISSED: all 200, no error, none early")
sys.exit(not holds)
PY
rm -f "$report"
exit $status
