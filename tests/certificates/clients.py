"""What clients report of each certificate."""

import concurrent.futures
import pathlib
import platform
import shutil
import ssl
import subprocess
import sys

import checks
import servers

HERE = pathlib.Path(__file__).resolve().parent
TITLE = "## What clients report of a certificate"

GOOD = "none: a good one"
CERTIFICATES = {
    "expired": "valid until a week ago",
    "not-yet-valid": "valid in a week",
    "wrong-host": "for other.localhost alone",
    "self-signed": "signed by its own key",
    "untrusted-root": "signed by another CA, which is sent",
    "incomplete-chain": "signed by an intermediate CA that is not sent",
    "revoked": "in /crl.pem, which the client has",
    "weak-key": "signed by an intermediate CA with 768 bits of RSA",
    "no-name": "neither a common name nor an alternative name",
}
NO_CLIENT = "`--tls-client-ca`, and the client has no certificate"
OTHER_CLIENT = "`--tls-client-ca`, and another CA signed the client's certificate"


def seen():
    """The heading of the table, its head and its rows."""
    with servers.folder() as place:
        ca, crl = place / "ca.pem", place / "crl.pem"
        client_ca, _ = servers.client_certificate(place, "client")
        _, other = servers.client_certificate(place, "other")
        listeners = ["https://127.0.0.1:0"]
        listeners += [f"https://127.0.0.1:0/~cert={name}" for name in CERTIFICATES]
        asks, asking_ca = ["--tls-client-ca", client_ca], place / "asking-ca.pem"
        with (
            servers.loiter(listeners, "--ca-out", ca) as ports,
            servers.loiter(listeners[:1], "--ca-out", asking_ca, *asks) as asking,
        ):
            crl.write_text(fetched(ports[0], ca, "/crl.pem"))
            lists = {0: crl, 1 + list(CERTIFICATES).index("revoked"): crl}
            cases = [case(port, ca, lists.get(at)) for at, port in enumerate(ports)]
            cases += [case(asking[0], asking_ca), case(asking[0], asking_ca, key=other)]
            rows = [GOOD, *(f"`{name}`: {what}" for name, what in CERTIFICATES.items())]
            columns = {"`~cert=`": [*rows, NO_CLIENT, OTHER_CLIENT]}
            commands = programs()
            with concurrent.futures.ThreadPoolExecutor() as pool:
                runs = pool.map(lambda command: run(command, cases), commands.values())
                columns |= zip(commands, runs)
    return TITLE, list(columns), [list(row) for row in zip(*columns.values())]


def case(port, ca, crl=None, key=None):
    """A URL, the authority's certificate, its revocation list and the client's certificate."""
    return f"https://localhost:{port}/status/200 {ca} {crl or '-'} {key or '-'}"


def fetched(port, ca, path):
    url = f"https://localhost:{port}{path}"
    command = ["curl", "--silent", "--show-error", "--fail", "--cacert", ca, url]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def run(command, cases):
    """What one client says of each case."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    ended = subprocess.run([*command, *cases], timeout=120, check=False, **options)
    said = ended.stdout.splitlines()
    if ended.returncode or len(said) != len(cases):
        sys.exit(f"{command}: {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return said


def programs():
    """How each client is started, by its name and version."""
    curl = checks.version(["curl", "--version"]).split()[1]
    openssl = ssl.OPENSSL_VERSION.split()[1]
    node = shutil.which("node") or "node"
    node_version = checks.version([node, "--version"])[1:]
    go_version, go = checks.built_with_go(HERE / "see_go.go")
    python = f"Python {platform.python_version()}, strict (OpenSSL {openssl})"
    return {
        f"curl {curl}": ["bash", HERE / "see_curl.sh"],
        python: [sys.executable, HERE / "see_python.py"],
        f"Node {node_version}": [node, HERE / "see_node.mjs"],
        f"Go {go_version}": [go],
    }
