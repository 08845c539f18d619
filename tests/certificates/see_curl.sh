#!/usr/bin/env bash
# curl: what it reports of each URL, given as URL CA CRL CERTIFICATE; - is none.
set -euo pipefail

for case in "$@"; do
  read -r url ca crl certificate <<< "$case"
  options=(--silent --show-error --max-time 20 --cacert "$ca" --output /dev/null)
  [[ $crl == - ]] || options+=(--crlfile "$crl")
  [[ $certificate == - ]] || options+=(--cert "$certificate")
  if said=$(curl "${options[@]}" --write-out '%{http_code}' "$url" 2>&1); then
    echo "$said"
  else
    code=$?
    # What is after the last colon, without OpenSSL's numbers, and without curl's advice.
    said=$(grep --max-count 1 '^curl:' <<< "$said" | sed 's/.*: //; s/, errno.*//')
    # curl's own sentence has the port in it.
    [[ $code != 60 || $said != *"target host name"* ]] || said="no alternative name matches"
    echo "exit $code, $said"
  fi
done
