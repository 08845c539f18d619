"""Runs the functions of a client's program, each a claim, and reports those that do not hold."""

import sys
import traceback


def check(module, client):
    names = [name for name in vars(module) if name.startswith("a_")]
    failed = 0
    for name in names:
        try:
            getattr(module, name)(client)
        except Exception:
            failed += 1
            print(f"{name} does not hold:")
            traceback.print_exc(limit=-1, file=sys.stdout)
    print(f"{module.__doc__.split(':')[0]}: {len(names)} claims, {failed} do not hold", flush=True)
    sys.exit(1 if failed else 0)
