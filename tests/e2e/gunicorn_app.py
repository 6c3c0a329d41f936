"""An application for gunicorn that says in JSON what a worker is told of the process-wide session.

$CONFIG is a configuration as JSON. With $PRELOAD the session is opened when this is imported: with --preload that is in
the master, before it forks. /own opens one in the worker that answers, unless the one that is open is its own already.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import wealthdata
import wealthsources


def open_session() -> wealthsources.Session:
    """Open the process-wide session, and wait for some bars."""
    session = wealthsources.open(json.loads(os.environ["CONFIG"]))
    session.start()
    session.make_current()
    session.start_live()
    deadline = time.monotonic() + 15
    while session.status().sources["live"].counters.get("bars.new", 0) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    return session


def told(path: str) -> dict[str, Any]:
    """What this worker is told."""
    session = wealthsources.current_session()
    if path == "/own" and (session is None or session.foreign):
        session = open_session()
    assert session is not None
    live = session.status().sources["live"]
    try:
        price: object = wealthdata.get_last_price("BTCUSDT")
    except wealthdata.WealthDataError as error:
        price = f"{type(error).__name__}: {error}"
    states = {"state": live.state, "reason": live.reason, "stream": live.streams[0].state}
    return {"process": os.getpid(), "price": price, **states}


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The application."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told(environ["PATH_INFO"])).encode()]


if os.environ.get("PRELOAD"):
    open_session()
