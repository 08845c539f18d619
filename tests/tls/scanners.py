"""What sslscan and testssl.sh find, read from what they write for machines."""

import json
import pathlib
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as xml


SUITES = {
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
}
GROUPS = ("x25519", "secp256r1", "secp384r1")

# Findings that are no weakness here, and why.
ALLOWED = {
    "cipher_order": "all suites are strong, so the client's order is followed (Mozilla's advice)",
    "DNS_CAArecord": "loopback has no DNS",
    "engine_problem": "of testssl.sh's own openssl",
    "BREACH": "the page at / is compressed and has no secrets",
}


def sslscan(address):
    """What is weak, by sslscan; each as a text."""
    command = ["sslscan", "--xml=-", "--no-colour", "--sni-name=localhost", address]
    out = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    test = xml.fromstring(out[out.index("<?xml") :]).find("ssltest")
    wrong = []
    for one in test.findall("protocol"):
        name, on = one.get("type") + one.get("version"), one.get("enabled") == "1"
        if on != (name in ("tls1.2", "tls1.3")):
            wrong.append(f"{name} is {'on' if on else 'off'}")
    suites = {one.get("cipher") for one in test.findall("cipher")}
    if suites != SUITES:
        wrong.append(f"suites: {sorted(suites ^ SUITES)} differ")
    wrong += [f"{one.get('cipher')} is {one.get('strength')}" for one in test.findall("cipher")
              if one.get("strength") not in ("strong", "acceptable")]
    wrong += [f"group {one.get('name')}" for one in test.findall("group")
              if not one.get("name").startswith(GROUPS)]
    wrong += [f"heartbleed in {one.get('sslversion')}" for one in test.findall("heartbleed")
              if one.get("vulnerable") != "0"]
    renegotiation = test.find("renegotiation")
    if renegotiation is not None and renegotiation.get("supported") == "1" != renegotiation.get(
        "secure"
    ):
        wrong.append("renegotiation is not secure")
    compression = test.find("compression")
    if compression is not None and compression.get("supported") == "1":
        wrong.append("compression")
    return wrong


def testssl(address):
    """What testssl.sh calls weak; each as a text."""
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        checks = ["--protocols", "--std", "--fs", "--server-preference", "--vulnerable"]
        command = [program, "--quiet", "--color", "0", "--warnings", "batch", "--jsonfile", report]
        subprocess.run([*command, *checks, address], capture_output=True, timeout=300, check=False,
                       cwd=folder)
        findings = json.loads(report.read_text())
    return [
        f"{one['id']}: {one['severity']}, {one['finding']}"
        for one in findings
        if one["severity"] not in ("OK", "INFO", "DEBUG") and one["id"] not in ALLOWED
    ] + ([] if len(findings) > 40 else [f"only {len(findings)} findings"])


def run(address, quick):
    """How many weaknesses were found."""
    scans = {"sslscan": sslscan} if quick else {"sslscan": sslscan, "testssl": testssl}
    wrong = 0
    for name, scan in scans.items():
        if not shutil.which(name):
            print(f"{name}: not installed")
            continue
        found = scan(address)
        wrong += len(found)
        for one in found:
            print(f"  {one}")
        print(f"{name}: {len(found)} weaknesses", flush=True)
    return wrong


