"""What a session says of itself over HTTP: that the process lives, whether its live sources are live, its metrics."""

from __future__ import annotations

import functools
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from wealthsources.cli.http_server import JSON, Page
from wealthsources.forking import ForkLock
from wealthsources.runtime.deployment import UP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.cli.http_server import Pages
    from wealthsources.model.status import SourceStatus
    from wealthsources.runtime.session import Session
    from wealthsources.runtime.session_status import SessionStatus

#: States of a stream of which nobody may rely on the newest bar.
_NOT_LIVE: Final = ("never_received", "stale", "silent", "refused")
#: Seconds for which an answer is given again: many who ask cost no more than one.
_KEPT: Final = 0.25
_MOST_TOLD: Final = 100


def health_pages(session: Session) -> Pages:
    """The pages, by their paths."""
    return {
        "/healthz": lambda: Page(HTTPStatus.OK, "ok\n"),
        "/readyz": _Kept(functools.partial(_ready, session)),
        "/metrics": _Kept(_metrics(session)),
    }


class _Kept:
    """A page that is made by one thread at a time, and then is good for a moment."""

    def __init__(self, make: Callable[[], Page]) -> None:
        self._make = make
        self._lock = ForkLock()
        self._page: Page | None = None
        self._at = 0.0

    def __call__(self) -> Page:
        with self._lock:
            if self._page is None or time.monotonic() - self._at >= _KEPT:
                self._page, self._at = self._make(), time.monotonic()
            return self._page


def _ready(session: Session) -> Page:
    status = session.status()
    why = list(why_not_ready(session, status))
    said = {
        "ready": not why,
        "why": why[:_MOST_TOLD],
        "sources": {name: source.state for name, source in status.sources.items()},
        "recorders": {name: recorder.summary() for name, recorder in status.recorders.items()},
    }
    code = HTTPStatus.SERVICE_UNAVAILABLE if why else HTTPStatus.OK
    return Page(code, json.dumps(said, ensure_ascii=False, indent=2) + "\n", JSON)


def why_not_ready(session: Session, status: SessionStatus) -> Iterator[str]:
    """What of the live sources is not live, one by one; nothing if all is."""
    for name, source in session.sources.items():
        if source is not None and source.capabilities.live:
            yield from _why_not_live(name, status.sources[name])


def _why_not_live(name: str, status: SourceStatus) -> Iterator[str]:
    if status.state not in UP:
        yield f"{name}: {status.summary()}"
        return
    for stream in status.streams:
        if stream.state in _NOT_LIVE:
            reason = f": {stream.reason}" if stream.reason else ""
            yield f"{name}: {stream.symbol} {stream.timeframe} is {stream.state}{reason}"


def _metrics(session: Session) -> Callable[[], Page]:
    """The page, or what says how to have it."""
    try:
        from wealthsources.metrics import metrics_text  # noqa: PLC0415 - an extra
    except ImportError as error:
        return functools.partial(Page, HTTPStatus.NOT_IMPLEMENTED, f"{error}\n")
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return lambda: Page(HTTPStatus.OK, metrics_text(session), kind)
