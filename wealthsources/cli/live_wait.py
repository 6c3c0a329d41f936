"""A session for one answer: opened, waited for as long as `--wait` says, and closed."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import wealthsources
from wealthsources.cli.log_output import set_up_log
from wealthsources.cli.series_arguments import find_config
from wealthsources.cli.wait_option import check_wait, progress
from wealthsources.model.errors import RequestError
from wealthsources.model.status import LOADING
from wealthsources.model.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.cli.options import Run
    from wealthsources.cli.series_arguments import Wanted
    from wealthsources.config.settings import Config
    from wealthsources.resolve.chain import ChainLink
    from wealthsources.resolve.query import OnStale
    from wealthsources.runtime.adapter import ContextDataAdapter
    from wealthsources.runtime.session import Session

_REJECTED: Final = "auth_failed"
_LOOK_EVERY: Final = 0.25  # seconds; of a source that is ready there is no event


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """What the caller wants. Raises RequestError at once for what makes no sense, so that nothing is connected.

    held  how many bars the live sources are to hold before they are asked; None: all
    """

    symbol: str
    timeframe: str
    count: int
    wait: float
    held: int | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        Timeframe(self.timeframe)
        if not self.symbol.strip():
            raise RequestError("the symbol is empty; give one such as BTCUSDT")
        if self.count < 1:
            raise RequestError(f"count must be at least 1, was {self.count}")
        check_wait(self.wait)


def read_question(run: Run, wanted: Wanted, count: int, wait: float) -> tuple[Path | Config, Question]:
    """The configuration to ask, and what. Raises ConfigError and RequestError."""
    question = Question(wanted.symbols, wanted.timeframes, count, wait)
    if wanted.exchange is not None and "," in wanted.symbols:
        raise RequestError(f"{wanted.symbols!r} is more than one symbol; `wealthsources watch` takes several")
    config, history = find_config(run, wanted)
    # Of an exchange that pushes no older bars, the live source would hold so many after so many minutes.
    return config, dataclasses.replace(question, held=0) if history else question


@contextlib.contextmanager
def answering(config: Path | Config, question: Question) -> Iterator[ContextDataAdapter]:
    """An adapter whose live sources had their time."""
    with open_session(config) as session:
        waiting = _Waiting(session.adapter(), question)
        with progress(question.wait) as tell:
            waiting.wait(tell)
        yield waiting.adapter


def open_session(config: Path | Config) -> Session:
    """The session of a file, whose log is as it says, or of a configuration that was made. Raises ConfigError."""
    session = wealthsources.open(config) if isinstance(config, Path) else wealthsources.Session(config)
    set_up_log(session.config)
    return session


def stale_policy(adapter: ContextDataAdapter) -> OnStale:
    """Mark, unless the deployment says otherwise: whoever looks wants to see what there is."""
    return adapter.session.policy.on_stale or "mark"


class _Waiting:
    """Waits for the live sources of one question, and for those that are still getting ready."""

    def __init__(self, adapter: ContextDataAdapter, question: Question) -> None:
        self.adapter = adapter
        self._session = adapter.session
        self._question = question
        self._timeframe = Timeframe(question.timeframe)
        self._live = [each for each in adapter.chain.sources if each.source and each.source.capabilities.live]

    def wait(self, tell: Callable[[str], None]) -> None:
        """Return when the live sources are live and hold the bars, when they never will, or when the time is over."""
        if not self._live and not self._loading():
            return
        changed = threading.Event()
        deadline = time.monotonic() + self._question.wait
        unsubscribe = self._session.subscribe(lambda _: changed.set())
        try:
            while (missing := self._missing()) and (left := deadline - time.monotonic()) > 0:
                tell(", ".join(missing))
                changed.wait(min(left, _LOOK_EVERY))
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
        return lacks + self._loading()

    def _loading(self) -> list[str]:
        sources = self._session.status().sources
        return [f"{name}: {source.summary()}" for name, source in sources.items() if source.state == LOADING]

    def _lack(self, link: ChainLink) -> str:
        """What this source lacks of being live and holding the bars; nothing, if it serves no such series."""
        question = self._question
        held = self.adapter.count_held(link.name, question.symbol, self._timeframe, question.count)
        if held is None or link.source is None:
            return ""
        wanted = question.count if question.held is None else question.held
        if held < wanted:
            return f"{held} of {wanted} bars"
        return "stale" if link.source.stale_for(question.symbol, self._timeframe) else ""
