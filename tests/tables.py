"""Tables in tests/README.md that a check writes, and compares with what happens now."""

import contextlib
import pathlib
import sys

PAGE = pathlib.Path(__file__).resolve().parent / "README.md"


def checked(*tables):
    """The exit status of a check: each table has a heading, a head and rows. `--write` writes them."""
    with contextlib.suppress(ValueError):
        sys.argv.remove("--write")
        return [write(*each()) for each in tables] and 0
    return 1 if sum([compare(*each()) for each in tables]) else 0


def rows_of(text, title):
    """The rows of the table below a heading, and where they are: first and last line."""
    lines = text.splitlines()
    start = lines.index(title)
    first = next(at for at in range(start, len(lines)) if lines[at].startswith("|"))
    end = next(at for at in range(first, len(lines)) if not lines[at].startswith("|"))
    return lines[first:end], first, end


def table(head, rows):
    lines = ["| " + " | ".join(row) + " |" for row in [head, *rows]]
    return [lines[0], "|---" * len(head) + "|", *lines[1:]]


def compare(title, head, rows):
    """Prints each row that is not as it is written; the versions in the head may differ."""
    written, _, _ = rows_of(PAGE.read_text(), title)
    wrong = 0
    for is_now in table(head, rows)[2:]:
        if is_now not in written:
            wrong += 1
            case = is_now.split("|")[1]
            was = [line for line in written if line.split("|")[1] == case]
            print(f"{title[3:]}:\n  now     {is_now}\n  written {was[0] if was else 'nowhere'}")
    extra = len(written) - 2 - len(rows)
    if extra > 0:
        print(f"{title[3:]}: {extra} rows more are written")
    print(f"{title[3:]}: {len(rows)} rows, {wrong} differ", flush=True)
    return wrong + max(extra, 0)


def write(title, head, rows):
    text = PAGE.read_text()
    lines = text.splitlines()
    _, first, end = rows_of(text, title)
    lines[first:end] = table(head, rows)
    PAGE.write_text("\n".join(lines) + "\n")
