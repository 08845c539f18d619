# Sourced by the scripts beside it: starts loiter, and ends it with the script, by its pid.
#
#   serve ARGUMENT...     sets URL and PID; on core $SERVER_CORE, by the words in $BEFORE (such as chrt -r 10)
#
# LOITER and HOLD name the programs, else it is the release build of this tree; LOITER_ARGS are added.
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
    echo "$1 is not there: $2" >&2
    exit 2
}

# Real-time priority for both sides, where it is allowed: otherwise other processes are measured too.
real_time() {
    if chrt -r 10 true 2>/dev/null; then
        BEFORE=(chrt -r 10)
    else
        echo "note: chrt -r 10 is not permitted here, measured without: other processes are in the figures" >&2
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
    local said line
    said=$(mktemp)
    # The server would take the variable for a misspelt setting.
    # shellcheck disable=SC2086 # LOITER_ARGS is several words
    "${BEFORE[@]}" env -u LOITER_ARGS taskset -c "$SERVER_CORE" "$LOITER" --listen 127.0.0.1:0 "$@" ${LOITER_ARGS:-} >"$said" 2>/dev/null &
    PID=$!
    trap end_server EXIT
    URL=
    for _ in $(seq 100); do
        line=$(grep -m1 '^listening http://' "$said" || true)
        URL=${line#listening }
        [ -z "$URL" ] || break
        kill -0 "$PID" 2>/dev/null || break
        sleep 0.1
    done
    rm -f "$said"
    [ -n "$URL" ] && return
    echo "$LOITER did not say that it listens" >&2
    exit 2
}
