"""A session in a process of its own, for the test that suspends it.

Arguments: the configuration as JSON, and the open time (ms) from which on bars are asked for. Every line on stdin is
answered with one line of JSON that says how the session is; the end of stdin stops it, and one last line says how.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

import wealthsources


def describe(session: wealthsources.Session, first: int) -> dict[str, Any]:
    live = session.source("live").status()
    shown = live.as_dict()
    answer: list[int] = []
    if live.last_data is not None:
        bars = session.adapter().get_history("BTCUSDT", timeframe="1h", start=first)
        answer = [bar.open_time for bar in bars]
    return {**shown, "bars": sum(stream.bars for stream in live.streams), "answer": answer}


def main() -> None:
    session = wealthsources.open(json.loads(sys.argv[1]))
    session.start()
    session.start_live()
    for _ in sys.stdin:
        print(json.dumps(describe(session, int(sys.argv[2]))), flush=True)  # noqa: T201
    began = time.monotonic()
    session.stop()
    took = time.monotonic() - began
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(2)
    print(json.dumps({"stop": took, "threads": threading.active_count()}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
