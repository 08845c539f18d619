"""The files in config/ that others read: valid by their schemas, and times and settings that fit each other."""

import importlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import checks
import kubernetes_validate
import yaml
from envoy_data_plane.envoy.config.bootstrap.v3 import Bootstrap

CONFIG = checks.ROOT / "config"
KUBERNETES = ("1.33", "1.37")  # the oldest and the newest version that are checked
LONGEST_DELAY = 10  # seconds: --max-duration
DRAIN_IDLE = 1  # seconds: --drain-idle
SHUTDOWN_TIMEOUT = 12  # seconds, unless it is set


def read(name):
    return (CONFIG / name).read_text(encoding="utf-8")


def run(*command, env=None):
    """The error output, or None if the command succeeded."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env, check=False)
    return (done.stderr + done.stdout).strip() or "failed" if done.returncode else None


def compose(text):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "compose.yml")
        path.write_text(text, encoding="utf-8")
        return run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path)


def kubernetes(text):
    """Checks every resource, in the oldest and the newest version."""
    for resource in yaml.safe_load_all(text):
        for version in KUBERNETES:
            try:
                kubernetes_validate.validate(resource, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                return f"{resource['kind']}, {version}: {error.message}"
    return None


def types_in(value):
    """The `@type` of each message that another one has within."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value["@type"]] if isinstance(value, dict) and "@type" in value else []
    return own + [one for child in children for one in types_in(child)]


def envoy(text):
    """Checks names, types and durations by Envoy's protobuf messages; what is required is not checked."""
    config = yaml.safe_load(text)
    try:
        for one in types_in(config):
            importlib.import_module("envoy_data_plane." + one.split("/")[1].rpartition(".")[0])
        Bootstrap.from_dict(config)
    except (KeyError, TypeError, ValueError, ImportError) as error:
        return str(error)
    return None


def haproxy(text):
    binary = shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin")
    if not binary:
        return "haproxy is missing"
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
        file.write(text)
        file.flush()
        return run(binary, "-c", "-f", file.name)


def kustomize():
    """What `kubectl apply -k` would apply."""
    command = ["kubectl", "kustomize", CONFIG / "kubernetes"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def resources_without_kubectl():
    names = yaml.safe_load(read("kubernetes/kustomization.yaml"))["resources"]
    return "---\n".join(read(f"kubernetes/{name}") for name in names)


def seconds(text):
    return float(str(text).removesuffix("s"))


def fits(variables, grace):
    """What is wrong with the times of a shutdown, of which the last is when it is killed."""
    timeout = seconds(variables.get("LOITER_SHUTDOWN_TIMEOUT", SHUTDOWN_TIMEOUT))
    needed = seconds(variables.get("LOITER_DRAIN_DELAY", 0)) + LONGEST_DELAY + DRAIN_IDLE
    if timeout < needed:
        return f"the shutdown takes up to {needed} s and may last {timeout} s"
    return f"it may last {timeout} s and is killed after {grace} s" if grace <= timeout else None


def variables_of(name):
    """The environment that a file gives loiter, and the seconds until it is killed."""
    if name == "kubernetes/deployment.yaml":
        pod = yaml.safe_load(read(name))["spec"]["template"]["spec"]
        variables = {one["name"]: one["value"] for one in pod["containers"][0]["env"]}
        return variables, pod["terminationGracePeriodSeconds"]
    service = yaml.safe_load(read(name))["services"]["loiter"]
    return service["environment"], seconds(service["stop_grace_period"])


def accepts(variables):
    return run(checks.loiter_path(), "--print-config", env=variables)


def check_all(check):
    """Calls check(name, passed, detail) for each file, and for a spoiled copy, which must be refused."""
    applied = kustomize() if shutil.which("kubectl") else resources_without_kubectl()
    files = [
        ("compose.yml", compose, read("compose.yml"), "read_only:"),
        ("swarm.yml", compose, read("swarm.yml"), "read_only:"),
        ("kubernetes/", kubernetes, applied, "maxReplicas:"),
        ("envoy.yaml", envoy, read("envoy.yaml"), "common_lb_config:"),
        ("haproxy.cfg", haproxy, read("haproxy.cfg"), "timeout check"),
    ]
    for name, by, text, word in files:
        wrong = by(text)
        check(f"config/{name} is valid", wrong is None, wrong)
        spoiled = text.replace(word, "x" + word)
        check(f"config/{name} with x{word} is not", spoiled != text and by(spoiled) is not None)
    for name in ("compose.yml", "swarm.yml", "kubernetes/deployment.yaml"):
        variables, grace = variables_of(name)
        wrong = fits(variables, grace)
        check(f"config/{name}: the times of a shutdown fit", wrong is None, wrong)
        wrong = accepts(variables)
        check(f"config/{name}: loiter accepts its settings", wrong is None, wrong)
