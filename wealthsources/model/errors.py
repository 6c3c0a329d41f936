"""Every error this project raises on purpose.

WealthSourcesError
├── ConfigError         the deployment: config.yaml, a plugin, an option
├── RequestError        the question: an unknown timeframe, a count of 0 (also a ValueError)
├── ClockError          no clock can tell what "now" is
├── NotHere             a source has nothing of the request, and says why
├── SourceError         a source failed
├── AllSourcesFailed    no source of the chain had a bar
├── StaleDataError      the newest bars are missing and the policy is to raise
└── HoleError           bars in between are missing and the policy is to raise
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources.model.bars import Bars, Hole
    from wealthsources.resolve.chain import Attempt


class WealthSourcesError(Exception):
    """The base of all errors of this project."""


class ConfigError(WealthSourcesError):
    """The deployment cannot work as configured; the message names the place and the remedy."""


class RequestError(WealthSourcesError, ValueError):
    """The request itself makes no sense; no source was asked."""


class ClockError(WealthSourcesError):
    """There is no clock to tell what may be seen. Another clock is never taken instead."""


class NotHere(WealthSourcesError):  # noqa: N818 - an outcome, not a fault: the next source is asked
    """Raise it from `Source.get_history` when there is nothing of the request, with the reason."""


class SourceError(WealthSourcesError):
    """Raise it from `Source.get_history` when the source failed: bad data, no connection, no permission."""


class AllSourcesFailed(WealthSourcesError):  # noqa: N818 - DESIGN's name
    """No source had a single bar. `attempts` lists each one with its outcome, reason and elapsed time."""

    def __init__(self, request: str, attempts: Sequence[Attempt]) -> None:
        self.request = request
        self.attempts = tuple(attempts)
        lines = [f"  {attempt.line()}" for attempt in self.attempts] or ["  the chain has no source"]
        super().__init__("\n".join([f"no source has {request}:", *lines]))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.request, self.attempts)


class StaleDataError(WealthSourcesError):
    """The newest bars are missing, so an answer would look current and not be.

    `bars` is what there was, `attempts` says why each source had no more.
    """

    def __init__(self, message: str, bars: Bars, attempts: Sequence[Attempt]) -> None:
        self.summary = message
        self.bars = bars
        self.attempts = tuple(attempts)
        super().__init__("\n".join([message, *(f"  {attempt.line()}" for attempt in self.attempts)]))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.summary, self.bars, self.attempts)


class HoleError(WealthSourcesError):
    """Bars between others are missing. `holes` lists them, `bars` is the answer that has them."""

    def __init__(self, message: str, bars: Bars, holes: Sequence[Hole]) -> None:
        self.summary = message
        self.bars = bars
        self.holes = tuple(holes)
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.summary, self.bars, self.holes)
