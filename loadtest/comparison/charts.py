"""SVG charts of a result: dots on a logarithmic scale, one row per server.

Bars need a scale that starts at zero, on which the fast servers would look alike beside the slow ones.
The colours follow the reader's colour scheme.
"""
import html
import math

WIDTH, LEFT, RIGHT, ROW = 860, 130, 190, 22
CHARACTER = 7  # approximate width
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; stroke: #ffffff; stroke-width: 4; paint-order: stroke }
.ground { fill: #ffffff }
.head { font-weight: 600 } .title { font-size: 16px; font-weight: 600 }
.quiet, .tick { fill: #59636e } .tick { font-size: 11px }
.line { stroke: #d1d9e0 } .span { stroke: #8c959f; stroke-width: 2 }
.other { fill: #59636e } .ours { fill: #0969da } .base { fill: #9a6700 }
.second { fill-opacity: .45 }
@media (prefers-color-scheme: dark) {
  .ground { fill: #0d1117 } text { fill: #f0f6fc; stroke: #0d1117 } .quiet, .tick { fill: #9198a1 }
  .line { stroke: #3d444d } .span { stroke: #656c76 }
  .other { fill: #9198a1 } .ours { fill: #4493f8 } .base { fill: #d29922 }
}
"""
KINDS = {"loiter": "ours", "bare": "base"}


def all_of(result):
    """{file name: SVG} of the charts that have figures."""
    about = result["about"]
    command = (f"{about['cpu']}, Linux {about['kernel'].partition('-')[0]}, one core each · medians of"
               f" {about['rounds']} rounds · loadtest/compare, {about['date']}")
    modes = result["modes"]
    loads = {name: mode for name, mode in modes.items() if "-" not in name}
    delays = {name: mode for name, mode in modes.items() if name.startswith("delay-")}
    held = {name: mode for name, mode in modes.items() if "-" in name}
    plain = {name: mode for name, mode in modes.items() if name == "keepalive"}
    charts = {
        "plain.svg": chart("CPU per plain request, µs of the server's core: less is better", command,
                           panels(plain, ["cpu_us"], 1)),  # the README's
        "cpu.svg": chart("CPU per request, µs of the server's core", command,
                         panels(loads, ["cpu_us"], 1)),
        "lateness.svg": chart("How late a delayed answer is, ms: p50 and (paler) p99", command,
                              panels(delays, ["late_p50_us", "late_p99_us"], 1e3)),
        "memory.svg": chart("User memory per connection, bytes", command,
                            panels(held, ["held_bytes"], 1)),
    }
    return {name: svg for name, svg in charts.items() if svg}


def panels(modes, keys, unit):
    """[(heading, [(server, values, note)])], each panel's rows sorted by their first value."""
    found = []
    for mode in modes.values():
        rows = [(name, [one[key] / unit for key in keys], wrong(mode, name, keys))
                for name, one in mode["medians"].items() if all(one.get(key, 0) > 0 for key in keys)]
        if rows:
            heading = mode["about"].replace("`", "")
            found.append((heading, sorted(rows, key=lambda row: row[1])))
    return found


def wrong(mode, name, keys):
    """What must be shown with a figure, such as `, 12 early`. Early answers do not affect memory."""
    failures = mode["failures"].get(name, {}).items()
    shown = [(what, count) for what, count in failures if what != "early" or "held_bytes" not in keys]
    return "".join(f", {count:,} {what}" for what, count in shown)


def chart(title, command, shown):
    """The panels one above the other, on one scale."""
    values = [value for _, rows in shown for _, row, _ in rows for value in row]
    if not values:
        return None
    scale = Scale(min(values), max(values))
    scale.make_room([(max(row), label(row, note)) for _, rows in shown for _, row, note in rows])
    parts, top = [text(16, 28, title, "title"), text(16, 48, command, "quiet")], 64
    for heading, rows in shown:
        drawn, top = panel(heading, rows, scale, top)
        parts += drawn
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}"'
            f' height="{top}" role="img"><title>{html.escape(title)}</title><style>{STYLE}</style>')
    ground = f'<rect class="ground" width="{WIDTH}" height="{top}"/>'
    return "\n".join([head, ground, *parts, "</svg>"]) + "\n"


class Scale:
    """A logarithmic axis between two round numbers."""

    def __init__(self, least, most):
        steps = [digit * 10.0 ** power for power in range(-6, 13) for digit in (1, 2, 5)]
        self.low = max(step for step in steps if step <= least)
        self.high = min(step for step in steps if step >= most and step > self.low)
        inside = [step for step in steps if self.low <= step <= self.high]
        powers = [step for step in inside if math.log10(step) % 1 in (0.0, 1.0)]
        self.width = WIDTH - LEFT - RIGHT
        self.ticks = inside if len(inside) <= 9 or len(powers) < 2 else powers

    def make_room(self, labels):
        """Narrows it until each label ends inside the picture: [(value it is next to, text)]."""
        for value, text in labels:
            room = WIDTH - LEFT - 10 - CHARACTER * len(text)
            if share := self.share(value):
                self.width = min(self.width, max(room / share, ROW))

    def share(self, value):
        return math.log(value / self.low) / math.log(self.high / self.low)

    def __call__(self, value):
        return LEFT + self.share(value) * self.width


def panel(heading, rows, scale, top):
    """A heading, the rows and the scale; returns where the next panel starts."""
    parts, first = [text(16, top + 16, heading, "head")], top + 28
    bottom = first + ROW * len(rows)
    for tick in scale.ticks:
        at = scale(tick)
        parts.append(f'<line class="line" x1="{at:.1f}" y1="{first}" x2="{at:.1f}" y2="{bottom}"/>')
        parts.append(text(at, bottom + 14, short(tick), "tick", "middle"))
    for number, (name, values, note) in enumerate(rows):
        parts += row_of(name, values, note, scale, first + ROW * number + ROW / 2)
    return parts, bottom + 30


def row_of(name, values, note, scale, middle):
    kind = KINDS.get(name, "other")
    places = [scale(value) for value in values]
    parts = [text(LEFT - 12, middle + 4, name, "head" if kind == "ours" else "", "end")]
    if len(places) > 1:
        parts.append(f'<line class="span" x1="{places[0]:.1f}" y1="{middle}" x2="{places[-1]:.1f}"'
                     f' y2="{middle}"/>')
    for number, at in enumerate(places):
        more = " second" if number else ""
        parts.append(f'<circle class="{kind}{more}" cx="{at:.1f}" cy="{middle}" r="5"/>')
    return [*parts, text(max(places) + 10, middle + 4, label(values, note), "quiet")]


def label(values, note):
    return " – ".join(short(value) for value in values) + note


def short(value):
    """Three significant digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def text(x, y, what, kind, anchor="start"):
    marked = f' class="{kind}"' if kind else ""
    return f'<text{marked} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(what)}</text>'
