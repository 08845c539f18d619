"""A test of the comparison: answers are damaged on purpose, and each damage must be reported."""

import copy

import compare


def other_status(answer):
    answer.status += 1


def lost_header(answer):
    kept = [name for name, _ in answer.headers if name.lower() not in compare.NOT_COMPARED]
    if kept:
        answer.headers = [field for field in answer.headers if field[0] != kept[-1]]


def new_header(answer):
    answer.headers.append(("X-Odd", "1"))


def other_value(answer):
    answer.headers = [(name, value + "x") for name, value in answer.headers]


def lost_cookie(answer):
    cookies = [field for field in answer.headers if field[0].lower() == "set-cookie"]
    if cookies:
        answer.headers.remove(cookies[-1])


def other_byte(answer):
    if answer.body:
        answer.body = answer.body[:-1] + bytes([answer.body[-1] ^ 1])


def shorter_body(answer):
    answer.body = answer.body[:-1]


def other_framing(answer):
    answer.framing = {"length": "chunked"}.get(answer.framing, "length")


def broken_off(answer):
    answer.end = "cut"


DAMAGES = [other_status, lost_header, new_header, other_value, lost_cookie, other_byte,
           shorter_body, other_framing, broken_off]


def unnoticed(judged, known, address):
    """The damages that were not reported, and the number of damages of each kind.

    All damages are done to answers equal to httpbin's; other answers only get another status.
    """
    missed, done = [], {damage.__name__: 0 for damage in DAMAGES}
    for request, theirs, answer, is_equal in judged:
        for damage in DAMAGES if is_equal else [other_status]:
            if not (damaged := damage_done(request, answer, damage)):
                continue
            done[damage.__name__] += 1
            found = compare.facts(request, damaged, address)
            if not compare.judge(request, theirs, found, known)[0]:
                missed.append(f"{damage.__name__}: {request.text}")
    missed += [f"{name}: never done" for name, count in done.items() if not count]
    return missed, done


def damage_done(request, answer, damage):
    """A damaged copy; None if there is nothing to damage, or if the bytes are not compared."""
    if "@length" in request.marks and damage is other_byte:
        return None
    damaged = copy.deepcopy(answer)
    damage(damaged)
    return damaged if damaged != answer else None
