"""Stretch: pages that belong together, each of which begins with the bar that the one before ended with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wealthsources import Bars, SourceError, time_text

if TYPE_CHECKING:
    from wealthsources import Timeframe


class SeamError(SourceError):
    """Two pages do not fit together, so nobody knows what is missing between them."""


class SeamMissing(SeamError):  # noqa: N818 - as its base
    """A page does not begin with the bar that it was asked from: its beginning has been cut off."""


class Stretch:
    """Bars of one series from `start` on, of which none is missing in between that the exchange has.

    since    ms; where the next page is to begin: with the newest bar, so that the two overlap by it
    reached  ms; everything that opens before has been asked for
    broken   bars were left out at the front, since no page joined them to those behind a wide quiet span
    """

    def __init__(self, timeframe: Timeframe, start: int) -> None:
        self.timeframe = timeframe
        self.start = self.since = self.reached = start
        self.pages: list[Bars] = []
        self.broken = False
        self._seam: Bars | None = None
        self._jumped = False

    def __len__(self) -> int:
        return sum(map(len, self.pages))

    def add(self, page: Bars, covered: int) -> int:
        """How many bars a verified page adds; raises SeamError if it does not fit.

        covered  ms; the page would have shown every bar that opens before. A page without a bar that is new is no
                 proof that there is none: what comes behind it begins a stretch of its own.
        """
        new = self._behind_seam(page)
        if len(new):
            self._append(new)
        else:
            self._jumped = self._jumped or bool(self.pages)
            self._seam, self.since, self.reached = None, covered, covered
        return len(new)

    def skip_to(self, time: int) -> None:
        """Before the first bar: go on from `time`, ms."""
        self.since = self.reached = time

    def bars(self, symbol: str, start: int | None = None) -> Bars:
        """The bars under that symbol; of pages that end before `start`, ms, none."""
        pages = self.pages if start is None else [page for page in self.pages if page.newest >= start]
        if not pages:
            return Bars.empty(symbol, self.timeframe)
        texts = {time: text for page in pages for time, text in page.texts.items()}
        rows = np.concatenate([page.rows for page in pages])
        return Bars(symbol, self.timeframe, rows, texts=texts)

    def until(self, end: int) -> Stretch | None:
        """The part of it that ended by `end`, ms, to go on from later; None if there is none."""
        kept = Stretch(self.timeframe, self.start)
        for page in self.pages:
            is_over = self.timeframe.end(page.newest) <= end
            over = page if is_over else page.take(page.rows[page.ends <= end])
            if len(over):
                kept._append(over)
        return kept if kept.pages else None

    def _append(self, new: Bars) -> None:
        if self._jumped:
            self.pages.clear()
            self.start, self.broken, self._jumped = new.oldest, True, False
        self.pages.append(new)
        self._seam = new[-1:]
        self.since = new.newest
        self.reached = self.timeframe.end(new.newest)

    def _behind_seam(self, page: Bars) -> Bars:
        seam = self._seam
        if seam is None:
            return page
        if not len(page) or page.oldest != seam.oldest:
            came = f"begins with {time_text(page.oldest)}" if len(page) else "is empty"
            raise SeamMissing(f"a page {came}, though it was asked for from {time_text(seam.oldest)} on, which it has")
        if not np.array_equal(page.values[0], seam.values[0]):  # 1.0 and 1.00 are no two values
            raise SeamError(f"two pages have different values of the bar of {time_text(seam.oldest)}: {page[0]}")
        return page[1:]
