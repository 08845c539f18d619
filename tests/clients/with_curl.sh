#!/usr/bin/env bash
# curl: typical uses of httpbin. Takes the server's URL.
set -euo pipefail

url=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
claims=0
failed=0

ask() { curl --silent --show-error --max-time 15 "$@"; }

# has TEXT WHAT ARGUMENTS…: curl's output for these arguments must contain TEXT.
has() {
  local text=$1 what=$2
  shift 2
  claims=$((claims + 1))
  local said
  said=$(ask "$@" 2>&1 | tr -d '\r\0') || true
  if [[ $said != *"$text"* ]]; then
    failed=$((failed + 1))
    printf '%s does not hold: no %q in\n%s\n' "$what" "$text" "$said"
  fi
}

printf 'file' > "$folder/a.txt"
status=(--output /dev/null --write-out '%{http_code} %{num_redirects} %{size_download}')

has '"a": "1"' 'a query' "$url/get?a=1"
has '"a": "1 2"' 'an encoded query' --get --data-urlencode 'a=1 2' "$url/get"
has '"a": "1"' 'a form' --data a=1 "$url/post"
has '"json": {' 'JSON' --header 'Content-Type: application/json' --data '{"a":1}' "$url/post"
has '"f": "file"' 'a file' --form "f=@$folder/a.txt" --form k=v "$url/post"
has '"k": "v"' 'a field beside a file' --form "f=@$folder/a.txt" --form k=v "$url/post"
has '"data": "file"' 'a body with PUT' --upload-file "$folder/a.txt" "$url/put"
has '"Transfer-Encoding": "chunked"' 'a body of unknown length' \
  --upload-file - "$url/put" < "$folder/a.txt"
has '"data": "file"' 'that body itself' --upload-file - "$url/put" < "$folder/a.txt"
has '"Expect"' 'a body that asks first' --header 'Expect: 100-continue' \
  --data-binary "@$folder/a.txt" "$url/post"

has 'klmno' 'a range' --range 10-14 "$url/range/26"
has 'Content-Range: bytes 10-14/26' 'the head of a range' --include --range 10-14 "$url/range/26"
has '206' 'the status of a range' --range 20- "${status[@]}" "$url/range/26"
has '416' 'a range beyond the end' --range 99- "${status[@]}" "$url/range/26"

has '"gzipped": true' 'gzip' --compressed "$url/gzip"
has '"deflated": true' 'deflate' --compressed "$url/deflate"
if curl --version | grep -q brotli; then
  has '"brotli": true' 'brotli' --compressed "$url/brotli"
fi

has '200 3 ' 'redirects' --location "${status[@]}" "$url/redirect/3"
has '200 2 ' 'absolute redirects' --location "${status[@]}" "$url/absolute-redirect/2"
has '200 2 ' 'relative redirects' --location "${status[@]}" "$url/relative-redirect/2"
has 'Maximum (2) redirects' 'too many redirects' --location --max-redirs 2 "$url/redirect/3"
has '"data": "kept"' 'a body that is sent again' --location --header 'Content-Type: text/plain' \
  --data kept "$url/redirect-to?url=/post&status_code=307"

jar=(--cookie-jar "$folder/jar" --cookie "$folder/jar")
has '"a": "1"' 'a cookie set' --location "${jar[@]}" "$url/cookies/set?a=1"
has '"a": "1"' 'a cookie kept' "${jar[@]}" "$url/cookies"
has '"cookies": {}' 'a cookie removed' --location "${jar[@]}" "$url/cookies/delete?a"
has '"b": "2"' 'a cookie given' --cookie 'a=1; b=2' "$url/cookies"

has '"authenticated": true' 'basic' --user u:p "$url/basic-auth/u/p"
has '401 ' 'basic with a wrong password' --user u:x "${status[@]}" "$url/basic-auth/u/p"
has '"authenticated": true' 'any' --anyauth --user u:p "$url/basic-auth/u/p"
for algorithm in MD5 SHA-256; do
  path=digest-auth/auth/u/p/$algorithm
  has '"authenticated": true' "digest $algorithm" --digest --user u:p "$url/$path"
  has '401 ' "digest $algorithm, wrong" --digest --user u:x "${status[@]}" "$url/$path"
done
has '"token": "t"' 'bearer' --oauth2-bearer t "$url/bearer"

has 'HTTP/1.0 200' 'HTTP/1.0' --http1.0 --include "$url/get"
has '"id": 1' 'a stream over HTTP/1.0' --http1.0 "$url/stream/2"
has 'Content-Length' 'a head' --head "$url/get"
has 'Allow:' 'options' --include --request OPTIONS "$url/get"
has '200 0 5' 'a drip' "${status[@]}" "$url/drip?numbytes=5&duration=0.2"
has '"id": 2' 'a stream' --no-buffer "$url/stream/3"
has 'timed out' 'a delay beyond patience' --max-time 0.3 "$url/delay/3"
has '304' 'an ETag known' --header 'If-None-Match: "x"' "${status[@]}" "$url/etag/x"
has '304' 'a cache still good' "${status[@]}" \
  --time-cond 'Sun, 06 Nov 1994 08:49:37 GMT' "$url/cache"
has '"Host": "x.example"' 'another host' --header 'Host: x.example' "$url/headers"
has 'X-A: 1' 'headers asked for' --include "$url/response-headers?X-A=1"
has 'teapot' 'the teapot' "$url/status/418"
has '503' 'a failure' --fail --retry 0 "$url/status/503"

printf 'curl: %d claims, %d do not hold\n' "$claims" "$failed"
exit $((failed > 0))
