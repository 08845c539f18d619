"""What the clients of nginx and HAProxy get when a server behind them has a fault."""

import concurrent.futures
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import cases
import checks

TITLE = "## What proxies make of a fault"
GOOD = "~header=Backend:second"

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout {patience}s;
  {upstreams}
  server {{ listen {port}; {locations} }}
}}
"""
NGINX_UPSTREAM = """
  upstream one{n} {{ server {bad} max_fails=0; }}
  upstream two{n} {{ server {bad} max_fails=0; server {good} backup; }}
"""
NGINX_LOCATION = """
    location /one{n}/ {{ proxy_pass http://one{n}/; }}
    location /two{n}/ {{ proxy_pass http://two{n}/; }}
    location /all{n}/ {{
      proxy_pass http://two{n}/;
      proxy_next_upstream error timeout invalid_header http_503;
    }}
"""

HAPROXY = """
global
  log {folder}/nowhere local0
defaults
  mode http
  timeout connect 10s
  timeout client 30s
  timeout server {patience}s
  retries 1
  option redispatch 1
frontend all
  bind {port}
  {rules}
{backends}
"""
HAPROXY_RULE = "use_backend %[path,field(2,/)]\n"
HAPROXY_BACKENDS = """
backend one{n}
  http-request replace-path /[^/]*(.*) \\1
  server bad {bad}
backend two{n}
  balance first
  http-request replace-path /[^/]*(.*) \\1
  server bad {bad}
  server good {good}
backend all{n}
  balance first
  retry-on all-retryable-errors
  http-request replace-path /[^/]*(.*) \\1
  server bad {bad}
  server good {good}
"""
# The columns: what is written above them, the proxy, and the name of its backend.
COLUMNS = {
    "{nginx}, one server": ("nginx", "one", "GET"),
    "two servers": ("nginx", "two", "GET"),
    "also invalid_header, http_503": ("nginx", "all", "GET"),
    "POST": ("nginx", "all", "POST"),
    "{haproxy}, one server": ("haproxy", "one", "GET"),
    "two servers ": ("haproxy", "two", "GET"),
    "retry-on all-retryable-errors": ("haproxy", "all", "GET"),
}


def seen():
    """The heading of the table, its head and its rows."""
    faults = cases.COMES | cases.HANGS
    columns = [[f"`{fault}`: {what}" for fault, what in faults.items()]]
    with contextlib.ExitStack() as stack:
        good, *bad = stack.enter_context(servers([GOOD, *faults]))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        ports = {
            "nginx": stack.enter_context(nginx(folder, good, bad)),
            "haproxy": stack.enter_context(haproxy(folder, good, bad)),
        }
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for proxy, backend, method in COLUMNS.values():
                names = [f"{backend}{n}" for n in range(len(faults))]
                said = pool.map(ask, [ports[proxy]] * len(names), names, [method] * len(names))
                columns.append(said)
            columns = [list(column) for column in columns]
    versions = {"nginx": version("nginx", "-v"), "haproxy": version("haproxy", "-v")}
    head = [each.strip().format(**versions) for each in COLUMNS]
    return TITLE, ["Fault", *head], [list(row) for row in zip(*columns)]


def ask(proxy, backend, method):
    """What a client of a proxy gets: a status, from the second server or not, or curl's exit code."""
    body = [] if method == "GET" else ["--data", "x" * cases.LENGTH]
    url = f"http://{proxy}/{backend}" + (cases.PATH if method == "GET" else "/echo")
    write = "%{http_code} %{size_download} %{exitcode} %header{backend}"
    command = ["curl", "--silent", "--max-time", str(cases.PATIENT), "--output", os.devnull]
    command += ["--write-out", write, *body, url]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    status, length, code, backend = (run.stdout + " ").split(" ")[:4]
    if code != "0":
        # How much of a broken body a proxy has passed on depends on the moment.
        return f"{status}, exit {code}" if status == "200" else f"exit {code}"
    said = cases.shown(f"{status} {length}") if status == "200" else status
    return f"{said} (second)" if backend else said


@contextlib.contextmanager
def servers(modifiers):
    """One loiter with a listener for each of these defaults; yields their addresses."""
    listeners = [f"--listen=http://127.0.0.1:0/{each}" for each in modifiers]
    command = [checks.loiter_path(), *listeners, "--log-level", "error"]
    with checks.ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
        lines = [process.stdout.readline() for _ in modifiers]
        yield [line.split("//")[1].strip() for line in lines]


@contextlib.contextmanager
def nginx(folder, good, bad):
    every = [{"n": n, "bad": address, "good": good} for n, address in enumerate(bad)]
    upstreams = "".join(NGINX_UPSTREAM.format(**each) for each in every)
    locations = "".join(NGINX_LOCATION.format(**each) for each in every)
    parts = {"upstreams": upstreams, "locations": locations}
    with started(["nginx", "-p", folder, "-c"], folder, "nginx.conf", NGINX, parts) as address:
        yield address


@contextlib.contextmanager
def haproxy(folder, good, bad):
    every = [{"n": n, "bad": address, "good": good} for n, address in enumerate(bad)]
    backends = "".join(HAPROXY_BACKENDS.format(**each) for each in every)
    parts = {"rules": HAPROXY_RULE, "backends": backends}
    with started(["haproxy", "-db", "-f"], folder, "haproxy.cfg", HAPROXY, parts) as address:
        yield address


@contextlib.contextmanager
def started(command, folder, name, text, parts):
    """Runs a proxy with this configuration on a free port; yields its address."""
    address = "127.0.0.1:%d" % checks.free_ports(1)[0]
    path = pathlib.Path(folder) / name
    path.write_text(text.format(folder=folder, port=address, patience=cases.IMPATIENT, **parts))
    log = open(pathlib.Path(folder) / f"{command[0]}.out", "w")
    process = subprocess.Popen([program(command[0]), *command[1:], path], stdout=log, stderr=log)
    with log, checks.ended(process):
        checks.wait_until_it_listens(process, address)
        yield address


def program(name):
    """Its path; Debian has it in a folder that only root's PATH has."""
    return shutil.which(name) or f"/usr/sbin/{name}"


def version(name, flag):
    """`nginx 1.22.1`, from `nginx version: nginx/1.22.1` or `HAProxy version 2.6.12-1+deb12u4 …`."""
    run = subprocess.run([program(name), flag], capture_output=True, text=True, check=True)
    said = re.search(r"(nginx/|HAProxy version )([0-9.]+)", run.stdout + run.stderr)
    return f"{said[1].split('/')[0].split(' ')[0]} {said[2]}"
