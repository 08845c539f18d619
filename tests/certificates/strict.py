"""Good certificates, and strict clients: `openssl verify -x509_strict`, and Python's flag for it."""

import re
import socket
import ssl
import sys

import servers

CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)
NAMES = ["localhost", "127.0.0.1", "::1", "a.localhost", socket.gethostname().lower()]
SEED = ["--ca-seed", "a text for this check alone"]


def check():
    """Ends the check if a client refuses a certificate that it must accept, or the reverse."""
    with servers.folder() as place:
        own = place / "own.pem"
        subject = ["-subj", "/CN=the operator's CA", "-days", 2, "-nodes"]
        usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        servers.openssl("req", "-x509", *key, *subject, *usage, "-keyout", own, "-out", own)
        for what, arguments in {
            "a random CA": [],
            "a CA of a seed": SEED,
            "a CA of a file": ["--ca-file", own],
        }.items():
            ca = place / "ca.pem"
            with servers.loiter(["https://127.0.0.1:0"], "--ca-out", ca, *arguments) as (port,):
                names = NAMES if arguments != SEED else NAMES[:-1]
                for name in names:
                    accepted(place, ca, port, name)
                names_are_as_listeners(ca, port)
            print(f"{what}: accepted for {', '.join(names)} by strict clients", flush=True)


def accepted(place, ca, port, name):
    """Checks the chain for a server's name with OpenSSL, and the handshake with Python."""
    is_address = name[0].isdigit() or ":" in name
    server_name = [] if is_address else ["-servername", name]
    to = ["-connect", f"127.0.0.1:{port}", *server_name, "-showcerts", "-CAfile", ca]
    chain = CERTIFICATE.findall(servers.openssl("s_client", *to, text=""))
    leaf, rest = place / "leaf.pem", place / "rest.pem"
    leaf.write_text(chain[0])
    rest.write_text("".join(chain[1:]) or chain[0])
    host = ["-verify_ip", name] if is_address else ["-verify_hostname", name]
    strict = ["-x509_strict", "-purpose", "sslserver", "-check_ss_sig", *host]
    servers.openssl("verify", *strict, "-CAfile", ca, "-untrusted", rest, leaf)
    shaken_hands(ca, port, name)


def shaken_hands(ca, port, name):
    """The error of a strict handshake; 0 if there is none."""
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        context.wrap_socket(connection, server_hostname=name).close()


def names_are_as_listeners(ca, port):
    """A server name below localhost has what its first label says."""
    expected = {"expired": 10, "not-yet-valid": 9, "wrong-host": 62, "self-signed": 18, "no-name": 62}
    expected |= {"untrusted-root": 19, "incomplete-chain": 20, "weak-key": 67}
    for name, code in expected.items():
        try:
            shaken_hands(ca, port, f"{name}.localhost")
        except ssl.SSLCertVerificationError as error:
            if error.verify_code == code:
                continue
            sys.exit(f"{name}.localhost: {error.verify_code} {error.verify_message}, not {code}")
        sys.exit(f"{name}.localhost is accepted")
