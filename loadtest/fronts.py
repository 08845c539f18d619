#!/usr/bin/env python3
"""Proxies in front of loiter, many kinds of clients, and a soak test.

usage: fronts.py [CHECK]... [--seconds N]      (wrk, curl, and where found: ab, h2load, oha, haproxy, nginx)

soak     wrk on /get and /delay/0.05 for --seconds: no errors, descriptors and memory flat
clients  ab, oha, h2load --h1 and unusual curl options, each with the output that is expected
haproxy, nginx   in front, keep-alive on both sides: wrk, /delay, chunked in both directions, HEAD, 1 MiB
         in both directions, an error, a WebSocket handshake
Default: all; missing programs are reported and skipped. Exit status 1: a check failed.
"""
import argparse
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import servers
from servers import anonymous, descriptors

HAPROXY = """
global
    maxconn 2000
defaults
    mode http
    option http-keep-alive
    http-reuse always
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend in
    bind 127.0.0.1:{port}
    default_backend out
backend out
    server one 127.0.0.1:{behind} maxconn 1000
"""
NGINX = """
daemon off; worker_processes 1; pid nginx.pid; error_log error.log warn;
events {{ worker_connections 4000; }}
http {{
    access_log off; client_max_body_size 10m; keepalive_requests 1000000;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    map $http_upgrade $hop {{ default upgrade; '' ''; }}
    upstream out {{ server 127.0.0.1:{behind}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://out; proxy_http_version 1.1; proxy_set_header Host $host;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $hop;
        }}
    }}
}}
"""
MEGABYTE = f"{tempfile.gettempdir()}/loiter-megabyte"
# curl's arguments, with {} for the base URL, and the statuses it must print.
CURLS = [
    ("--http1.0 {}/get", "200"),
    ("--http1.0 -H Connection:keep-alive {}/get {}/status/204", "200 204"),
    ("--tcp-nodelay --no-keepalive {}/get", "200"),
    ("--limit-rate 500k {}/bytes/102400", "200"),
    ("-T - -H Transfer-Encoding:chunked {}/put", "200"),
    ("--data-binary @{file} -H Transfer-Encoding:chunked {}/post", "200"),
    ("--data-binary @{file} -H Expect:100-continue --expect100-timeout 5 {}/post", "200"),
    ("--data-binary @{file} -H Expect:something {}/post", "417"),
    ("-H Content-Length:9 --data-binary 123456789 {}/post", "200"),
    ("--path-as-is {}/anything/../get", "200"),
    ("--path-as-is {}/../../etc/passwd", "404"),
    ("-X OPTIONS --request-target * {}/", "200"),
    ("--request-target http://other.example/get {}/", "200"),
    ("-I {}/get", "200"), ("-X TRACE {}/get", "405"), ("-X get {}/get", "501"),
    ("-r 0-9 {}/range/100", "206"), ("--compressed {}/brotli {}/gzip {}/deflate", "200 200 200"),
    ("-L --max-redirs 5 {}/redirect/3", "200"), ("-Z {}/delay/0.1 {}/delay/0.1 {}/get", "200 200 200"),
    ("-F a=b -F c=@{file} {}/post", "413"), ("--http2 {}/get", "200"), ("--http2-prior-knowledge {}/get", "000"),
    ("-u user:pw {}/basic-auth/user/pw", "200"), ("--digest -u user:pw {}/digest-auth/auth/user/pw", "200"),
    ("-N {}/drip?duration=0.2&numbytes=5", "200"), ("-e {}/ -A odd -b a=b {}/cookies", "200"),
]


def run(command, seconds=60, data=None):
    done = subprocess.run(command, input=data, capture_output=True, timeout=seconds, check=False)
    return done.stdout.decode("latin-1")


def expect(name, good, detail=""):
    print(f"  {'ok' if good else 'FAILED'} {name} {detail}", flush=True)
    return bool(good)


def curl(url, arguments, wanted):
    words = [word.replace("{file}", MEGABYTE).replace("{}", url) for word in arguments.split()]
    count = len([word for word in words if word.startswith(url)]) - words.count("-e")
    silent = [word for _ in range(count) for word in ("-o", "/dev/null")]
    out = run(["curl", "-s", "-m", "10", *silent, "-w", "%{http_code} ", *words], 30, b"piped in")
    got = out.split()
    return expect("curl " + arguments, sorted(got) == sorted(wanted.split()), out.strip()[:60])


def wrk(url, seconds, *more):
    out = run(["wrk", "-t1", "-c50", f"-d{seconds}s", "--timeout", "5s", *more, url], seconds + 20)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    bad = re.search(r"Socket errors: .*|Non-2xx.*", out)
    return expect(f"wrk {url}", rate and not bad, f"{rate[1] if rate else out}/s {bad[0] if bad else ''}")


def soak(server, url, seconds):
    wrk(url + "/get", 2)
    time.sleep(1)
    base, seen = (descriptors(server.pid), anonymous(server.pid)), []
    loads = [subprocess.Popen(["wrk", "-t1", "-c100", f"-d{seconds}s", "--timeout", "5s", url + path],
                              stdout=subprocess.PIPE, text=True) for path in ("/get", "/delay/0.05")]
    for _ in range(10):
        time.sleep(seconds / 11)
        seen.append((descriptors(server.pid), anonymous(server.pid) >> 10))
    errors = [re.findall(r"Socket errors.*|Non-2xx.*", load.communicate(timeout=seconds + 60)[0]) for load in loads]
    time.sleep(1)
    after = descriptors(server.pid), anonymous(server.pid)
    detail = f"descriptors and KiB {base[0]}, {base[1] >> 10}; {seen}; {after[0]}, {after[1] >> 10}; {errors}"
    flat = len({fds for fds, _ in seen[1:]}) == 1 and seen[-1][1] <= seen[1][1] + 512
    return expect("soak", not any(errors) and flat and after[0] <= base[0] and after[1] <= base[1] + (4 << 20), detail)


def clients(_server, url, _seconds):
    well = [curl(url, arguments, wanted) for arguments, wanted in CURLS]
    tools = {"ab": "-n 5000 -c 50 -k {}/get", "ab ": "-n 5000 -c 50 {}/get", "ab  ": "-n 500 -c 50 -p {file} {}/post",
             "h2load": "--h1 -n 5000 -c 50 {}/get", "oha": "--no-tui -n 5000 -c 50 {}/get",
             "oha ": "--no-tui -n 2000 -c 50 --disable-keepalive {}/get"}
    for name, arguments in tools.items():
        binary = shutil.which(name.strip()) or os.environ.get("OHA", "/opt/oha/bin/oha") * (name.strip() == "oha")
        if not binary or not os.path.exists(binary):
            print(f"  {name} is not installed")
            continue
        out = run([binary, *[w.replace("{}", url).replace("{file}", MEGABYTE) for w in arguments.split()]])
        good = {"ab": r"Failed requests:\s+0\n", "h2load": r" 5000 succeeded, 0 failed", "oha": r"Success rate:\s+100"}
        well.append(expect(f"{name.strip()} {arguments}", re.search(good[name.strip()], out) and "Non-2xx" not in out))
    return all(well)


def front(command, text):
    def check(server, _url, _seconds):
        if not (binary := shutil.which(command[0]) or shutil.which(command[0], path="/usr/sbin")):
            print(f"  {command[0]} is not installed")
            return True
        directory, port = tempfile.mkdtemp(prefix="loadtest-front-"), servers.free_port()
        os.chmod(directory, 0o755)
        pathlib.Path(directory, "conf").write_text(text.format(port=port, behind=server.port), encoding="ascii")
        words = [word.replace("{dir}", directory) for word in command[1:]]
        with servers.Server(command[0], [binary, *words], 1, port=port, directory=directory):
            url = f"http://127.0.0.1:{port}"
            well = [wrk(url + "/get", 3), wrk(url + "/delay/0.1", 3), wrk(url + "/stream/5", 3),
                    wrk(url + "/get", 3, "-H", "Connection: close"), wrk(url + "/bytes/102400", 3)]
            cases = [("-I {}/get", "200"), ("--data-binary @{file} {}/post", "200"), ("-T - {}/put", "200"),
                     ("--data-binary @{file} -H Transfer-Encoding:chunked {}/post", "200"), ("{}/status/418", "418"),
                     ("{}/delay/1 {}/get", "200 200"), ("{}/stream-bytes/100000", "200"), ("{}/status/304", "304"),
                     ("-N {}/drip?duration=0.2&numbytes=5", "200"), ("--data-binary @{file} {}/status/200 {}/anything", "200 200")]
            well += [curl(url, arguments, wanted) for arguments, wanted in cases]
            with socket.create_connection(("127.0.0.1", port), 5) as sock:
                sock.sendall(b"GET /websocket/echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
                opening = sock.recv(4096)
                sock.sendall(b"\x81\x82\x00\x00\x00\x00hi")
                well.append(expect("websocket", opening[9:12] == b"101" and sock.recv(99) == b"\x81\x02hi", opening[:30]))
        return all(well)
    return check


def main():
    checks = {"soak": soak, "clients": clients, "haproxy": front(["haproxy", "-db", "-f", "{dir}/conf"], HAPROXY),
              "nginx": front(["nginx", "-p", "{dir}", "-c", "conf", "-e", "error.log"], NGINX)}
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("check", nargs="*", help=", ".join(checks))
    parser.add_argument("--seconds", type=int, default=120, help="duration of the soak test")
    chosen = parser.parse_args()
    pathlib.Path(MEGABYTE).write_bytes(b"m" * (1 << 20))
    failed = []
    for name in chosen.check or checks:
        print(f"{name}:", flush=True)
        with servers.loiter(0) as server:
            if not checks[name](server, f"http://127.0.0.1:{server.port}", chosen.seconds):
                failed.append(name)
            server.process.terminate()
            well = server.process.wait(15) == 0
            failed += [] if expect("ends with status 0", well) else [name]
    print("FAILED " + ", ".join(failed) if failed else "ok")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
