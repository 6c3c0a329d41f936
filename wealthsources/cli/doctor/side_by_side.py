"""Inquiries that run side by side, each on a thread of its own and for so long: none keeps the others waiting."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from wealthsources.model.diagnosis import Diagnosis
from wealthsources.model.text import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


class Inquiry(NamedTuple):
    """What is asked, about whom; `stop` lets go of what `ask` may have opened, wherever it is."""

    about: str
    ask: Callable[[], Iterable[Diagnosis]]
    stop: Callable[[], None]


def run(inquiries: Sequence[Inquiry], seconds: float) -> Iterator[tuple[str, Diagnosis]]:
    """What each says, in their order; one that does not end in time is told of behind what it has said so far."""
    deadline = time.monotonic() + seconds
    running = [_Running(inquiry) for inquiry in inquiries]
    for each in running:
        each.start()
    for each in running:
        each.join(max(0.0, deadline - time.monotonic()))
        yield from ((each.inquiry.about, diagnosis) for diagnosis in each.told(seconds))
    stopping = [threading.Thread(target=each.let_go, daemon=True) for each in running]
    for thread in stopping:
        thread.start()
    for thread in stopping:
        thread.join(1.0)


class _Running(threading.Thread):
    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__(name=f"wealthsources-inquiry {inquiry.about}", daemon=True)
        self.inquiry = inquiry
        self._found: list[Diagnosis] = []

    def run(self) -> None:
        try:
            for diagnosis in self.inquiry.ask():
                self._found.append(Diagnosis(*diagnosis))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code
            remedy = "tell the authors of this plugin; --debug shows where"
            self._found.append(Diagnosis("error", f"its own diagnosis failed: {describe(error)}", remedy))

    def told(self, seconds: float) -> list[Diagnosis]:
        found = list(self._found)
        if self.is_alive():
            text = f"what else there is to say did not come within {seconds:g} s"
            found.append(Diagnosis("error", text, "is a disk or a network slow? give it longer with --timeout"))
        return found

    def let_go(self) -> None:
        try:
            self.inquiry.stop()
        except Exception as error:  # noqa: BLE001 - a stranger's code
            self._found.append(Diagnosis("warning", f"stop failed: {describe(error)}"))
