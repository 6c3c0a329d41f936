"""A source that breaks no rule, of which those are made that break one; and the contract, run over one of them."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from wealthsources import Bars, Capabilities, HistoryRequest, SourceError
from wealthsources.testing import ListSource
from wealthsources.testing.contract import SourceContract
from wealthsources.testing.running import Outcome, run_cases, source_makers

from ..support.bars import recorded

HELD = recorded(6)
NEWEST = int(HELD.ends[-1])
#: Longer than the kit below waits for anything, in seconds.
TOO_LONG = 1.2


class Kit(SourceContract):
    """The contract, for sources that are in a hurry."""

    stop_within = 0.5
    at_once = 0.5
    patience = 0.2


class Right(ListSource):
    """Breaks no rule. Those below answer wrongly where `now` is not told: in a chain it would show a second time.

    also     which other cases it cannot but fail
    outages  whether what it asks can fail and stall; `is_failing` and `is_over` say whether it does
    """

    said = Capabilities(blocking=False)
    kit: ClassVar[type[SourceContract]] = Kit
    outages: ClassVar[bool] = False
    also: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        super().__init__(HELD, capabilities=self.said)
        self.is_failing = False
        self.is_over = threading.Event()
        self.is_over.set()

    def get_history(self, request: HistoryRequest) -> Bars:
        return self.answer(request) if request.now is None else self.right(request)

    def answer(self, request: HistoryRequest) -> Bars:
        return self.right(request)

    def right(self, request: HistoryRequest, **changes: Any) -> Bars:
        self.look(request)
        return super().get_history(dataclasses.replace(request, **changes))

    def look(self, request: HistoryRequest) -> None:
        if self.is_failing:
            raise SourceError("the server answers 500")
        left = None if request.deadline is None else max(0.0, request.deadline - time.monotonic())
        if not self.is_over.wait(left):
            raise SourceError("the server said nothing in time")

    @contextlib.contextmanager
    def failing(self) -> Iterator[None]:
        self.is_failing = True
        yield
        self.is_failing = False

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        self.is_over.clear()
        yield
        self.is_over.set()


def run(make: Callable[[], Any], held: Bars = HELD, kit: SourceContract | None = None) -> dict[str, Outcome]:
    """By number, the cases that were not passed."""
    kit = kit or Kit()
    makers = source_makers(kit, make, held)
    if getattr(make, "outages", False):
        makers |= {"failing": lambda source: source.failing, "stalled": lambda source: source.stalled}
    return {one.number: one for one in run_cases(kit, makers) if one.result != "ok"}


def failures(make: Callable[[], Any], held: Bars = HELD, kit: SourceContract | None = None) -> dict[str, str]:
    return {number: one.said for number, one in run(make, held, kit).items() if one.result == "failed"}


def check_that_it_fails(number: str, kind: type[Right]) -> None:
    """It fails the case of that number, and no other but those that cannot be passed by who fails it."""
    failed = failures(kind, kit=kind.kit())
    assert {number} <= failed.keys() <= {number, *kind.also}, failed
    assert all(text.startswith(f"{number}: ") for number, text in failed.items())


def named(value: object) -> str:
    """For the names of tests."""
    return getattr(value, "__name__", str(value))
