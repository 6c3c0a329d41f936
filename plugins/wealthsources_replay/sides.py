"""The two sides of a comparison: a strategy over a recorded feed, and the same one over a store as a backtest."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import wealthdata
from wealthsources import AllSourcesFailed, ConfigError, SourceError, WealthSourcesError
from wealthsources_replay.deployed import open_deployment, with_sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wealthsources import Bar, ContextDataAdapter, Observation, Session
    from wealthsources_replay.options import ReplayOptions
    from wealthsources_replay.strategy import Strategy

#: In place of what the deployment says: nothing is refused that can be compared, and nobody is in a hurry.
_COMPARED: Final[dict[str, Any]] = {"on_stale": "mark", "source_deadline": 60.0}


class Call(NamedTuple):
    """What came of calling a strategy: what was answered, first of all the bar, and what it raised.

    was_called  False if there was no bar to call it with
    """

    answers: list[Observation]
    raised: Exception | None
    was_called: bool = True

    @property
    def failure(self) -> SourceError | None:
        """Why an answer tells nothing, or too little: a source failed."""
        for answer in self.answers:
            attempts = answer.error.attempts if isinstance(answer.error, AllSourcesFailed) else answer.attempts
            for attempt in attempts:
                if attempt.outcome == "failed":
                    return SourceError(attempt.line())
        return None


class Side:
    """Calls a strategy as one of the sides does, and writes down what it was answered."""

    def __init__(self, session: Session, strategy: Strategy, mode: Literal["live", "backtest"]) -> None:
        self.strategy = strategy
        self._session = session
        self._mode = mode
        self._answers: list[Observation] = []
        session.observe(self._answers.append)

    def initialize(self) -> None:
        """Call it before the first bar. Raises what the strategy raises."""
        with self._bound(0):
            self.strategy.initialize()

    def call(self, now: int, bar: Bar) -> Call:
        """Call it with the bar of that window as this side has it at `now`, ms; not at all if it has none."""
        self._answers.clear()
        raised: Exception | None = None
        with self._bound(now):
            try:
                newest = self._adapter().get_history(bar.symbol, 1, bar.timeframe, end=bar.end)[-1]
            except WealthSourcesError:
                return Call([*self._answers], None, was_called=False)
            if newest.open_time != bar.open_time:
                return Call([*self._answers], None, was_called=False)
            try:
                self.strategy.handle(newest)
            except Exception as error:  # noqa: BLE001 - a stranger's code
                raised = error
        return Call([*self._answers], raised)

    def _adapter(self) -> ContextDataAdapter:
        return self._session.adapter(self.strategy.context, mode=self._mode)

    @contextlib.contextmanager
    def _bound(self, now: int) -> Iterator[None]:
        """As an engine binds it; only a backtest's context has a time of its own."""
        if self._mode == "backtest":
            self.strategy.context.now_ms = now
        self._session.make_current()
        wealthdata.set_context(self.strategy.context, mode=self._mode)
        try:
            yield
        finally:
            wealthdata.clear_context()


def open_sides(config: Path | None, options: ReplayOptions, known: str) -> tuple[Session, Session, Session]:
    """Three sessions, not started: of a replay that goes ahead, of the recorded feed, and of a backtest.

    The second has the recording in front of what the deployment's stores knew then, so that it begins with the bars
    that the live session began with. The third has the stores alone, and sees what was known then, or what is `known`
    now. Raises ConfigError.
    """
    with open_deployment(config, "which store was recorded to") as session:
        stores = [
            settings.model_dump(exclude_unset=True) | {"name": settings.name}
            for settings in session.config.settings.sources
            if (source := session.sources[settings.name]) is not None and source.capabilities.point_in_time
        ]
    if not stores:
        raise ConfigError(
            f"{session.config.where}: no source can tell what was known then, as one with `plugin: store` can"
        )
    replayed = options.as_source(_free_name({store["name"] for store in stores}))
    return (
        with_sources(session, [replayed], **_COMPARED, clock="feed"),
        with_sources(session, [replayed, *stores], **_COMPARED, clock="feed", knowledge="then"),
        # By the time of arrival: that of a bar counts as known at its end is for clocks that stand there.
        with_sources(session, stores, **_COMPARED, knowledge=known, late_after=0),
    )


def _free_name(taken: set[str]) -> str:
    return next(name for name in ("replay", "recording", "recorded feed", "feed recorded") if name not in taken)
