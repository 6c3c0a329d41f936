"""A program that opens a live session, forks and leaves: its argument is the configuration as JSON.

The child ends as programs do, through its exit handlers, when a line comes on stdin. The parent then says in one line
of JSON how its session is, and leaves at the next line, with its session open.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings

import wealthsources


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)  # there are threads, on purpose
    session = wealthsources.open(json.loads(sys.argv[1])).__enter__()
    session.start_live()
    while session.status().sources["live"].state != "connected":
        time.sleep(0.005)
    child = os.fork()
    if not child:
        print(json.dumps({"child": os.getpid()}), flush=True)  # noqa: T201
        sys.stdin.readline()
        sys.exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = session.status().sources["live"]
    print(json.dumps({"code": code, "state": status.state, "epoch": status.epoch}), flush=True)  # noqa: T201
    sys.stdin.readline()


if __name__ == "__main__":
    main()
