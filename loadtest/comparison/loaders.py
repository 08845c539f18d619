"""The load generators: their command lines and the parsing of their reports."""
import json
import pathlib
import re
import shlex

import servers

from comparison import fetch

HERE = pathlib.Path(__file__).resolve().parent.parent
UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}


def fetched(name):
    """The generator's command; fetch.Missing if it is not available."""
    if name == "oha":
        return fetch.oha()
    return fetch.tool(name, {"wrk": "wrk", "h2load": "nghttp2-client", "openssl": "openssl"}[name])


def generator(name, mode):
    """The generator of a mode: some have only one."""
    if mode.raw:
        return "pump"
    if mode.handshake:
        return "s_time"
    return "h2load" if mode.streams else name


def serves(name, mode):
    """oha has no pipelining, and h2load does not reopen connections."""
    if generator(name, mode) != name:
        return True
    return not (name == "oha" and mode.depth > 1 or name == "h2load" and mode.close)


def command(name, mode, url, seconds):
    """A closed loop with the mode's number of connections, on one thread."""
    makers = {"wrk": wrk, "oha": oha, "h2load": h2load, "pump": pump, "s_time": s_time}
    return makers[generator(name, mode)](mode, url, seconds)


def wrk(mode, url, seconds):
    script = "pipeline.lua" if mode.depth > 1 else "post.lua" if mode.body else "report.lua"
    line = [*fetched("wrk"), "-t1", f"-c{mode.connections}", f"-d{seconds}s", "--timeout", "5s",
            "-s", str(HERE / script)]
    line += ["-H", "Connection: close"] if mode.close else []
    argument = mode.depth if mode.depth > 1 else mode.body
    return [*line, url, *(["--", str(argument)] if argument else [])]


def oha(mode, url, seconds):
    line = [*fetched("oha"), "--no-tui", "--output-format", "json", "-z", f"{seconds}s",
            "-c", str(mode.connections)]
    line += ["--disable-keepalive"] if mode.close else []
    line += ["-m", "POST", "-d", "x" * mode.body] if 0 < mode.body < 1 << 16 else []
    line += ["-m", "POST", "-D", filler(mode.body)] if mode.body >= 1 << 16 else []
    return [*line, url]


def h2load(mode, url, seconds):
    line = [*fetched("h2load"), "-t1", "-c", str(mode.connections), "-D", str(seconds),
            "-m", str(mode.streams or mode.depth), *([] if mode.streams else ["--h1"])]
    line += ["-d", filler(mode.body)] if mode.body else []
    return [*line, url]


def pump(mode, url, seconds):
    return [servers.program("examples/pump", "PUMP"), url.split("/")[2],
            "--connections", str(mode.connections), "--seconds", str(seconds)]


def s_time(mode, url, seconds):
    """As many processes as connections: each has one at a time. It sends an HTTP/1.0 request."""
    _, _, place, path = url.split("/", 3)
    one = [*fetched("openssl"), "s_time", "-connect", place, "-www", f"/{path}", f"-{mode.handshake}",
           "-time", str(seconds)]
    return ["sh", "-c", f"{shlex.join(one)} & " * mode.connections + "wait"]


def filler(length):
    """A file of this length."""
    place = fetch.HOME / f"body-{length}"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"x" * length)
    return str(place)


def read(name, out, mode, seconds):
    """requests, rate, failures and percentiles, the same for all generators."""
    readers = {"wrk": read_wrk, "oha": read_oha, "h2load": read_h2load, "pump": read_pump,
               "s_time": read_s_time}
    return readers[generator(name, mode)](out, mode, seconds)


def read_wrk(out, mode, _seconds):
    report = json.loads(next(line for line in out.splitlines() if line.startswith("JSON "))[5:])
    kinds = ("connect", "read", "write", "status", "timeout")
    # wrk's percentiles of pipelined requests are meaningless (a p99 of 0)
    late = {} if mode.depth > 1 else {key: report[key] for key in ("p50_us", "p99_us")}
    return {"requests": report["requests"], "rate": report["requests"] / report["duration_us"] * 1e6,
            "failures": {kind: report[kind] for kind in kinds if report[kind]}, **late}


def read_oha(out, _mode, _seconds):
    report = json.loads(out)
    codes = report["statusCodeDistribution"]
    wrong = {code: count for code, count in codes.items() if not code.startswith("2")}
    # oha aborts the requests that are in flight at its end
    wrong |= {why[:60]: count for why, count in report["errorDistribution"].items()
              if "deadline" not in why}
    late = {f"{key}_us": report["latencyPercentiles"][key] * 1e6 for key in ("p50", "p99")}
    return {"requests": sum(codes.values()), "rate": report["summary"]["requestsPerSec"],
            "failures": wrong, **late}


def read_pump(out, _mode, _seconds):
    report = re.match(r"(\d+) bytes in ([\d.]+) s", out)
    requests = int(report[1]) / (1 << 20)
    return {"requests": requests, "rate": requests / float(report[2]), "failures": {}}


def read_s_time(out, mode, _seconds):
    """A process that lost a connection stops without its report."""
    done = [int(count) for count in re.findall(r"^(\d+) connections in \d+ real seconds", out, re.M)]
    lost = mode.connections - len(done)
    return {"requests": sum(done), "failures": {"stopped": lost} if lost else {}}


def read_h2load(out, _mode, seconds):
    counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", out)
    done, *wrong = (int(count) for count in counts.groups())
    kinds = zip(("failed", "errored", "timeout"), wrong)
    # h2load reports no median, only a mean
    return {"requests": done, "rate": done / seconds,
            "failures": {kind: count for kind, count in kinds if count}}
