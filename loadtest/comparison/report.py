"""Medians and ratios, as data and as Markdown."""
import statistics

MEDIANS = ("rate", "cpu_us", "user_us", "system_us", "p50_us", "p99_us", "late_p50_us",
           "late_p99_us", "late_max_us", "held", "held_bytes", "peak_bytes")
RATIOS = ("cpu_us", "rate")
# (key, heading, divided by, digits)
COLUMNS = [
    ("cpu_us", "CPU µs", 1, 2), ("user_us", "user", 1, 2), ("system_us", "system", 1, 2),
    ("rate", "requests/s", 1, 0), ("p50_us", "p50 µs", 1, 0), ("p99_us", "p99 µs", 1, 0),
    ("late_p50_us", "p50 ms late", 1e3, 3), ("late_p99_us", "p99 ms late", 1e3, 3),
    ("late_max_us", "max ms late", 1e3, 1), ("held", "at once", 1, 0),
    ("held_bytes", "bytes each", 1, 0), ("peak_bytes", "peak MiB", 1 << 20, 1),
]


def summary(rounds):
    """Medians of each server over its rounds, and loiter's ratios to the others within a round."""
    names = list(dict.fromkeys(name for one in rounds for name in one))
    medians = {name: median([one[name] for one in rounds if name in one]) for name in names}
    ratios = {name: {key: found for key in RATIOS if (found := within(rounds, name, key))}
              for name in names if name != "loiter"}
    failures = {name: total for name in names
                if (total := added([one[name]["failures"] for one in rounds if name in one]))}
    strayed = {name: found for name in names if (found := sorted(
        {thread for one in rounds for thread in one.get(name, {}).get("strayed", [])}))}
    return {"medians": medians, "ratios_of_loiter": ratios, "failures": failures, "strayed": strayed}


def median(figures):
    found = {key: [one[key] for one in figures if one.get(key) is not None] for key in MEDIANS}
    return {key: statistics.median(values) for key, values in found.items() if values}


def within(rounds, other, key):
    """loiter / other, for each round that has both."""
    pairs = [(one.get("loiter", {}).get(key), one.get(other, {}).get(key)) for one in rounds]
    return [ours / theirs for ours, theirs in pairs if ours and theirs]


def added(counts):
    total = {}
    for one in counts:
        for name, count in one.items():
            total[name] = total.get(name, 0) + count
    return total


def markdown(result):
    """The whole result as a document."""
    about = result["about"]
    lines = ["# loiter and other servers", "", f"`{about['command']}`, {about['date']}; {about['cpu']}, "
             f"{about['cores']} cores, Linux {about['kernel']}. Each server on one core, the load "
             f"({about['load']}) on another; {about['rounds']} rounds of {about['seconds']} s, in "
             "rotating order; medians. CPU is the server's, user and system, per request; the "
             "ratio is loiter's to it within a round (below 1, loiter costs less), with its range. "
             "Access logs are off, except in `log`. "
             + ("Connections were held under `chrt -r 10` on both sides." if about["real_time"] else ""),
             "", "Versions: " + ", ".join(f"{name} {what}" for name, what in about["versions"].items())
             + "."]
    if result["left_out"]:
        lines += ["", "Left out:", ""]
        lines += [f"- {name}: {why}" for name, why in result["left_out"].items()]
    for name, mode in result["modes"].items():
        lines += ["", f"## {name}", "", mode["about"] + f", {mode['connections']:,} connections."
                  + otherwise(mode.get("measured", about), about), ""]
        lines += table(mode)
        lines += notes(mode)
    return "\n".join(lines) + "\n"


def otherwise(one, about):
    """How this mode was measured, if not in the last run."""
    if one["command"] == about["command"] and one["date"] == about["date"]:
        return ""
    return (f" Measured by `{one['command']}`, {one['date']}: {one['rounds']} rounds of "
            f"{one['seconds']} s, by {one['load']}.")


def table(mode):
    """One row per server, the cheapest first."""
    medians = mode["medians"]
    shown = [column for column in COLUMNS if any(column[0] in one for one in medians.values())]
    heads = ["server", *(column[1] for column in shown), "ratio of CPU"]
    rows = ["| " + " | ".join(heads) + " |", "|---" + "|--:" * len(shown) + "|--:|"]
    for name in sorted(medians, key=lambda name: medians[name].get("cpu_us", float("inf"))):
        cells = [cell(medians[name].get(key), unit, digits) for key, _, unit, digits in shown]
        ratio = mode["ratios_of_loiter"].get(name, {}).get("cpu_us")
        rows.append("| " + " | ".join([name, *cells, ratio_text(ratio)]) + " |")
    return rows


def cell(value, unit, digits):
    return "" if value is None else f"{value / unit:,.{digits}f}"


def ratio_text(values):
    if not values:
        return ""
    text = f"{statistics.median(values):.3f}"
    return text if len(values) == 1 else f"{text} ({min(values):.3f} to {max(values):.3f})"


def notes(mode):
    """Other results: failures, threads on other cores, servers left out and why."""
    found = [f"{name}: failures {what}" for name, what in mode["failures"].items()]
    found += [f"{name}: threads not on its core: {', '.join(what)}"
              for name, what in mode["strayed"].items()]
    found += [f"{name}: left out, {why}" for name, why in mode["left_out"].items()]
    checked = mode.get("strict", {})
    found += [f"{name}: of {one['begun']} requests counted one by one, {one['failed']} failed:"
              f" {one['failures']}" for name, one in checked.items() if one["failed"]]
    if checked and not any(one["failed"] for one in checked.values()):
        total = sum(one["begun"] for one in checked.values())
        found.append(f"all {total:,} requests of the client that counts each one were answered")
    return ["", *(f"- {line}" for line in found)] if found else []
