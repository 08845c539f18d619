# Sourced by the scripts in this folder: starts loiter, and ends it by its pid when the script exits.
#
#   serve ARGUMENT...     sets URL and PID; runs on core $SERVER_CORE with the prefix in $BEFORE (such as chrt -r 10)
#
# LOITER and HOLD name the programs (default: the release build of this tree); LOITER_ARGS are added.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
RELEASE=${CARGO_TARGET_DIR:-$ROOT/target}/release
LOITER=${LOITER:-$RELEASE/loiter}
HOLD=${HOLD:-$RELEASE/examples/hold}
SERVER_CORE=${SERVER_CORE:-0}
LOAD_CORE=${LOAD_CORE:-1}
BEFORE=()
PID=
ulimit -n "$(ulimit -Hn)"

need() {
    command -v "$1" >/dev/null && return
    echo "$1 is missing: $2" >&2
    exit 2
}

# Real-time priority for both sides, where permitted: otherwise other processes affect the figures.
real_time() {
    if chrt -r 10 true 2>/dev/null; then
        BEFORE=(chrt -r 10)
    else
        echo "note: chrt -r 10 is not permitted here; other processes affect the figures" >&2
    fi
}

end_server() {
    [ -n "$PID" ] || return 0
    kill "$PID" 2>/dev/null || true
    for _ in $(seq 50); do
        kill -0 "$PID" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$PID" 2>/dev/null || true
    wait "$PID" 2>/dev/null || true
    PID=
}

serve() {
    need "$LOITER" "cargo build --release --bins --examples, or set LOITER"
    local out line
    out=$(mktemp)
    # The server would report the variable as an unknown setting.
    # shellcheck disable=SC2086 # LOITER_ARGS is several words
    "${BEFORE[@]}" env -u LOITER_ARGS taskset -c "$SERVER_CORE" "$LOITER" --listen 127.0.0.1:0 "$@" ${LOITER_ARGS:-} >"$out" 2>/dev/null &
    PID=$!
    trap end_server EXIT
    URL=
    for _ in $(seq 100); do
        line=$(grep -m1 '^listening http://' "$out" || true)
        URL=${line#listening }
        [ -z "$URL" ] || break
        kill -0 "$PID" 2>/dev/null || break
        sleep 0.1
    done
    rm -f "$out"
    [ -n "$URL" ] && return
    echo "$LOITER did not print its address" >&2
    exit 2
}
