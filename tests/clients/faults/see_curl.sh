#!/usr/bin/env bash
# curl: what it reports of each URL, given as SECONDS PATH after the server's URL.
set -euo pipefail

server=$1
shift
for case in "$@"; do
  read -r seconds path <<< "$case"
  write=(--output /dev/null --write-out '%{http_code} %{size_download}')
  if said=$(curl --silent --max-time "$seconds" "${write[@]}" "$server$path"); then
    echo "$said"
  else
    echo "exit $?"
  fi
done
