"""Servers with TLS, and certificates of clients."""

import contextlib
import pathlib
import subprocess
import tempfile

import checks


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory() as path:
        yield pathlib.Path(path)


@contextlib.contextmanager
def loiter(listeners, *arguments):
    """Runs loiter with these listeners, all on 127.0.0.1; yields their ports."""
    # The version of HTTP makes no difference here.
    command = [checks.loiter_path(), "--log-level", "error", "--alpn", "http/1.1", *arguments]
    command += [f"--listen={each}" for each in listeners]
    options = {"stdout": subprocess.PIPE, "text": True}
    with checks.ended(subprocess.Popen(command, **options)) as process:
        lines = [process.stdout.readline() for _ in listeners]
        yield [int(line.split("//")[1].split("/")[0].rsplit(":")[-1]) for line in lines]


def openssl(*arguments, text=None):
    """What openssl prints; an error ends the check."""
    command = ["openssl", *map(str, arguments)]
    options = {"capture_output": True, "text": True, "timeout": 60}
    run = subprocess.run(command, input=text, check=False, **options)
    if run.returncode:
        raise SystemExit(f"{' '.join(command)}: {run.stdout}{run.stderr}")
    return run.stdout + run.stderr


def client_certificate(place, name):
    """An authority and a certificate of a client that it has signed; returns both files."""
    ca, request, key = place / f"{name}-ca.pem", place / f"{name}.csr", place / f"{name}.key"
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subject = ["-subj", f"/CN={name}"]
    openssl("req", "-x509", *ec, *subject, "-days", 2, "-keyout", ca, "-out", ca)
    openssl("req", "-new", *ec, *subject, "-keyout", key, "-out", request)
    made = place / f"{name}.pem"
    sign = ["-req", "-in", request, "-CA", ca, "-days", 2, "-set_serial", 1]
    extensions = place / f"{name}.ext"
    extensions.write_text("basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n")
    openssl("x509", *sign, "-extfile", extensions, "-out", made)
    made.write_text(made.read_text() + key.read_text())
    return ca, made
