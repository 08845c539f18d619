"""One measurement: a load on a running server, and what it cost the server.

CPU is the scheduler's account of the whole process tree (schedstat, nanoseconds); the division into
user and system is that of /proc/PID/stat, which counts in ticks.
"""
import json
import os
import pathlib
import subprocess
import sys

import servers

from comparison import loaders

HERE = pathlib.Path(__file__).resolve().parent.parent
KEPT = ("p50_us", "p99_us")


def cpu(server):
    """(all of it in ns, user ticks, system ticks) so far."""
    user = system = 0
    for pid in server.tree():
        fields = servers._text(f"/proc/{pid}/stat").rpartition(")")[2].split()
        if len(fields) > 12:
            user, system = user + int(fields[11]), system + int(fields[12])
    return server.cpu_ns(), user, system


def spent(server, before, requests):
    """µs per request since `before`."""
    total, user, system = (now - then for now, then in zip(cpu(server), before))
    each = total / 1e3 / max(requests, 1)
    share = user / max(user + system, 1)
    return {"cpu_us": each, "user_us": each * share, "system_us": each * (1 - share)}


def peak_bytes(server):
    """Peak memory, added over the processes; shared pages count in each."""
    return sum(status(f"/proc/{pid}/status", "VmHWM") for pid in server.tree()) * 1024


def status(path, name):
    lines = servers._text(path).splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(name + ":")), 0)


def strayed(server, core):
    """Threads that may run on other cores than assigned, by name."""
    found = set()
    for task in (task for pid in server.tree() for task in servers._entries(f"/proc/{pid}/task")):
        fields = dict(line.split(":\t", 1) for line in servers._text(f"{task}/status").splitlines()
                      if ":\t" in line)
        allowed = fields.get("Cpus_allowed_list", str(core)).strip()
        if allowed != str(core):
            found.add(f"{fields['Name'].strip()} on {allowed}")
    return sorted(found)


def load(server, mode, path, chosen, seconds):
    """One run of the load generator; thread affinity is checked halfway and at the end."""
    url = f"{'https' if mode.tls else 'http'}://{server.host}:{server.port}{path}"
    command = ["taskset", "-c", chosen.load_core, *loaders.command(chosen.load, mode, url, seconds)]
    before = cpu(server)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            run.wait(seconds / 2)
        except subprocess.TimeoutExpired:
            pass
        astray = set(strayed(server, chosen.server_core))
        try:
            out, wrong = run.communicate(timeout=seconds + 30)
        except subprocess.TimeoutExpired:
            run.kill()
            return {"failures": {"load did not end": 1}}
    astray |= set(strayed(server, chosen.server_core))
    if run.returncode:
        return {"failures": {f"{chosen.load}: {wrong.strip()[-80:]}": 1}}
    seen = loaders.read(chosen.load, out, mode, seconds)
    if not seen["requests"]:
        seen["failures"]["no answers"] = 1
    return {**seen, **spent(server, before, seen["requests"]), "strayed": sorted(astray)}


def hold(server, mode, chosen):
    """Connections held at once: lateness, or memory per connection while idle."""
    command = ["taskset", "-c", chosen.load_core, servers.program("examples/hold", "HOLD"),
               f"http://{server.host}:{server.port}", "--json", "--pid", str(heaviest(server)),
               "--connections", str(mode.held), "--timeout", "60", "--ramp", str(chosen.ramp)]
    command += ["--idle"] if mode.idle else ["--delay", str(chosen.delay)]
    if chosen.real_time:
        for pid in server.tree():
            subprocess.run(["chrt", "-a", "-r", "-p", "10", str(pid)], check=True)
        command = ["chrt", "-r", "10", *command]
    before = cpu(server)
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return {"failures": {"hold did not end": 1}}
    if run.returncode > 1:
        return {"failures": {run.stderr.strip()[-80:]: 1}}
    report = json.loads(run.stdout)
    failures = {name: count for name, count in report["failures"].items() if count}
    failures |= {"early": report["early"]} if report["early"] else {}
    late = {f"late_{name}_us": report["lateness_us"][name] for name in ("p50", "p99", "max")}
    memory = (report["memory"] or {}).get("bytes_per_connection")
    one = {"requests": report["answered"], "held": report["waiting"], "failures": failures,
           "held_bytes": memory, "peak_bytes": peak_bytes(server),
           "strayed": strayed(server, chosen.server_core)}
    return {**one, **({} if mode.idle else late), **spent(server, before, mode.held)}


def heaviest(server):
    """The process with the most memory: the worker, if there is a master."""
    return max(server.tree(), key=lambda pid: status(f"/proc/{pid}/smaps_rollup", "Anonymous"))


def strict(server, mode, path, seconds=1):
    """The result of the client that counts every request: begun, and what failed."""
    command = [sys.executable, str(HERE / "strict.py"), f"http://{server.host}:{server.port}",
               "--path", path, "--connections", "16", "--seconds", str(seconds), "--json"]
    command += ["--close"] if mode.close else []
    command += ["--body", str(mode.body)] if mode.body else []
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return json.loads(run.stdout)
    except (ValueError, subprocess.TimeoutExpired) as error:
        return {"begun": 0, "failed": 1, "failures": {f"strict.py: {error}"[:80]: 1}}


def may_run_real_time():
    """Whether SCHED_RR is permitted for both sides."""
    try:
        return subprocess.run(["chrt", "-r", "10", "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def describe_machine():
    """The kernel and CPU of this machine."""
    model = next((line.partition(":")[2].strip() for line in servers._text("/proc/cpuinfo").splitlines()
                  if line.startswith("model name")), "unknown CPU")
    return {"kernel": os.uname().release, "machine": os.uname().machine, "cpu": model,
            "cores": os.cpu_count()}
