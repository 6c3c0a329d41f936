"""A session for one answer: opened, waited for as long as `--wait` says, and closed."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from typing import TYPE_CHECKING, Final

import wealthsources
from wealthsources.cli.wait_option import check_wait, progress
from wealthsources.model.errors import RequestError
from wealthsources.model.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from wealthsources.resolve.chain import ChainLink
    from wealthsources.resolve.query import OnStale
    from wealthsources.runtime.adapter import ContextDataAdapter

_REJECTED: Final = "auth_failed"


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """What the caller wants. Raises RequestError at once for what makes no sense, so that nothing is connected."""

    symbol: str
    timeframe: str
    count: int
    wait: float

    def __post_init__(self) -> None:
        """Check the values."""
        Timeframe(self.timeframe)
        if not self.symbol.strip():
            raise RequestError("the symbol is empty; give one such as BTCUSDT")
        if self.count < 1:
            raise RequestError(f"count must be at least 1, was {self.count}")
        check_wait(self.wait)


@contextlib.contextmanager
def answering(config: Path, question: Question) -> Iterator[ContextDataAdapter]:
    """An adapter whose live sources had their time."""
    with wealthsources.open(config) as session:
        waiting = _Waiting(session.adapter(), question)
        with progress(question.wait) as tell:
            waiting.wait(tell)
        yield waiting.adapter


def stale_policy(adapter: ContextDataAdapter) -> OnStale:
    """Mark, unless the deployment says otherwise: whoever looks wants to see what there is."""
    return adapter.session.policy.on_stale or "mark"


class _Waiting:
    """Waits for the live sources of one question."""

    def __init__(self, adapter: ContextDataAdapter, question: Question) -> None:
        self.adapter = adapter
        self._session = adapter.session
        self._question = question
        self._timeframe = Timeframe(question.timeframe)
        self._live = [each for each in adapter.chain.sources if each.source and each.source.capabilities.live]

    def wait(self, tell: Callable[[str], None]) -> None:
        """Return when the live sources are live and hold the bars, when they never will, or when the time is over."""
        if not self._live:
            return
        changed = threading.Event()
        deadline = time.monotonic() + self._question.wait
        unsubscribe = self._session.subscribe(lambda _: changed.set())
        try:
            while (missing := self._missing()) and (left := deadline - time.monotonic()) > 0:
                tell(", ".join(missing))
                changed.wait(left)
                changed.clear()
        finally:
            unsubscribe()

    def _missing(self) -> list[str]:
        """What each live source that is waited for still lacks. One that was rejected is not waited for."""
        status = self._session.status()
        lacks = []
        for each in self._live:
            state = status.sources[each.name]
            lack = "no bar" if status.now is None else self._lack(each)
            if lack and state.state != _REJECTED:
                lacks.append(f"{each.name}: {state.summary()}, {lack}")
        return lacks

    def _lack(self, link: ChainLink) -> str:
        """What this source lacks of being live and holding the bars; nothing, if it serves no such series."""
        question = self._question
        held = self.adapter.count_held(link.name, question.symbol, self._timeframe, question.count)
        if held is None or link.source is None:
            return ""
        if held < question.count:
            return f"{held} of {question.count} bars"
        return "stale" if link.source.stale_for(question.symbol, self._timeframe) else ""
