"""The errors of an answer, which carry what there was of it: the last three of the tree in `errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources.model.errors import WealthSourcesError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources.model.attempt import Attempt
    from wealthsources.model.bars import Bars
    from wealthsources.model.holes import Hole


class AllSourcesFailed(WealthSourcesError):  # noqa: N818 - its public name
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
