#!/usr/bin/env bash
# curl: HTTP/2 with prior knowledge, by ALPN and by Upgrade. Takes the server's URL.
set -euo pipefail

url=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
claims=0
failed=0

if [[ $url == https:* ]]; then
  version=(--http2)
else
  version=(--http2-prior-knowledge)
fi

ask() { curl --silent --show-error --insecure --max-time 15 "$@"; }

# has TEXT WHAT ARGUMENTS…: curl's output for these arguments must contain TEXT.
has() {
  local text=$1 what=$2
  shift 2
  claims=$((claims + 1))
  local said
  said=$(ask "$@" 2>&1 | tr -d '\r\0') || true
  if [[ $said != *"$text"* ]]; then
    failed=$((failed + 1))
    printf '%s does not hold: no %q in\n%.600s\n' "$what" "$text" "$said"
  fi
}

written=(--output /dev/null --write-out 'HTTP/%{http_version} %{http_code} %{size_download}\n')
h2() { has "$1" "$2" "${version[@]}" "${@:3}"; }

head -c 3000000 /dev/zero > "$folder/big"

h2 'HTTP/2 200' 'the version' "${written[@]}" "$url/get"
h2 '"a": "1"' 'a query' "$url/get?a=1"
h2 '"Host": "x.example"' 'another host' --header 'Host: x.example' "$url/headers"
h2 '"a": "1"' 'a form' --data a=1 "$url/post"
h2 'content-length' 'a head' --head "$url/get"
h2 '200 3000000' 'a big echo' "${written[@]}" --data-binary "@$folder/big" "$url/echo"
h2 '200 3000000' 'a body of unknown length' "${written[@]}" --request POST \
  --upload-file - "$url/echo" < "$folder/big"
h2 'HTTP/2 100' 'a body that asks first' --include --header 'Expect: 100-continue' \
  --data-binary "@$folder/big" "${written[@]}" --dump-header - "$url/echo"
h2 'HTTP/2 103' 'a hint' --include "$url/get?~hint=x"
h2 'HTTP/2 418' 'a status' --include "$url/status/418"
h2 '"gzipped": true' 'gzip' --compressed "$url/gzip"
h2 'INTERNAL_ERROR' 'a stream that is reset' "$url/get?~fault=reset"
h2 'timed out' 'a stream that hangs' --max-time 0.3 "$url/get?~fault=hang"
h2 'HTTP/2 200' 'several requests at once' --parallel --parallel-immediate \
  "${written[@]}" "$url/get?n=[1-20]"

has 'HTTP/1.1 200' 'HTTP/1.1 on the same port' --http1.1 "${written[@]}" "$url/get"
if [[ $url == http:* ]]; then
  # Without --http2-upgrade the request to upgrade is ignored (RFC 9113 has no Upgrade any more).
  has 'HTTP/1.1 200' 'a request to upgrade' --http2 "${written[@]}" "$url/get"
else
  # Not with prior knowledge: curl 7.88 fails the second request on such a connection.
  h2 '"a": "1"' 'a cookie set' --location --cookie-jar "$folder/jar" --cookie "$folder/jar" \
    "$url/cookies/set?a=1"
  h2 '"authenticated": true' 'digest' --digest --user u:p "$url/digest-auth/auth/u/p/MD5"
  h2 '200 2' 'redirects' --location --output /dev/null \
    --write-out '%{http_code} %{num_redirects}\n' "$url/redirect/2"
  has 'HTTP/1.1 200' 'no h2 by ALPN' --no-alpn "${written[@]}" "$url/get"
fi

printf 'curl, %s: %d claims, %d do not hold\n' "${url%%:*}" "$claims" "$failed"
exit $((failed > 0))
