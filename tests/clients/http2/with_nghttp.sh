#!/usr/bin/env bash
# nghttp and h2load: dependencies between streams, many at once, padding, small windows. Takes the URL.
set -euo pipefail

url=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
claims=0
failed=0

# has TEXT WHAT COMMAND…: the command's output must contain TEXT.
has() {
  local text=$1 what=$2
  shift 2
  claims=$((claims + 1))
  local said
  said=$(timeout 20 "$@" 2>&1 | tr -d '\r\0') || true
  if [[ $said != *"$text"* ]]; then
    failed=$((failed + 1))
    printf '%s does not hold: no %q in\n%.600s\n' "$what" "$text" "$said"
  fi
}

head -c 200000 /dev/zero > "$folder/body"
echo=("$url/echo" --data "$folder/body" --null-out --stat)

has ':status: 200' 'a GET' nghttp --verbose --null-out "$url/get"
has '195K' 'an upload' nghttp "${echo[@]}"
has '195K' 'small windows' nghttp --window-bits=14 --connection-window-bits=14 "${echo[@]}"
has ':status: 200' 'padding' nghttp --padding=200 --verbose --null-out "$url/get"
has ':status: 200' 'CONTINUATION' nghttp --continuation --verbose --null-out "$url/get"
has ':status: 200' 'no dependencies' nghttp --no-dep --verbose --null-out "$url/get"
has ':status: 200' 'trailers' nghttp --trailer='x-a: b' --data "$folder/body" --verbose \
  --null-out "$url/echo"
# Not /echo: its answer begins before the body, and nghttp then sends none.
has ':status: 100' 'Expect' nghttp --expect-continue --data "$folder/body" --verbose \
  --null-out "$url/post"
has ':status: 200' 'a small table' nghttp --header-table-size=0 --encoder-header-table-size=0 \
  --verbose --null-out "$url/get"
has '2000 succeeded, 0 failed, 0 errored' 'h2load' h2load --requests=2000 --clients=4 \
  --max-concurrent-streams=50 "$url/get"
has '400 succeeded, 0 failed, 0 errored' 'h2load, delays' h2load --requests=400 --clients=2 \
  --max-concurrent-streams=100 "$url/delay/0.2"
has '100 succeeded, 0 failed, 0 errored' 'h2load, bodies' h2load --requests=100 --clients=2 \
  --max-concurrent-streams=10 --data="$folder/body" "$url/echo"

printf 'nghttp and h2load, %s: %d claims, %d do not hold\n' "${url%%:*}" "$claims" "$failed"
exit $((failed > 0))
