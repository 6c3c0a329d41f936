"""Overlap: neighbouring sources are asked for one bar of overlap, so that it shows whether they mean the same bars.

A difference is counted. Where a bar differs because one source stamps its bars with their end, every bar of it is wrong
and looks right, so this is looked for: it shows in the bars around that one, for which the source is asked again. If it
is beyond doubt, the later source's answer cannot be used, whichever of the two is wrong: the earlier one comes first,
and together they would be neither. If a single bar is all there is to go by, it is named.
"""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources.model.attempt import stamps_ends
from wealthsources.model.errors import InvalidAnswer
from wealthsources.model.labels import compare_labels
from wealthsources.resolve.merge import differing_times
from wealthsources.resolve.visibility import check_answer, split_visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.model.bars import Bars
    from wealthsources.model.labels import Labels
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.query import Query
    from wealthsources.source import HistoryRequest

    Ask = Callable[[HistoryRequest], Bars]

_log = logging.getLogger("wealthsources.chain")

#: How many bars on either side of one that differs are compared, and how often a source is asked for them in vain.
_NEAR: Final = 4
_MOST_LOOKS: Final = 3
_MOST_SERIES: Final = 10_000


class Seam(NamedTuple):
    """How an answer fits to the bars in hand.

    differs  bars that are in hand with other values
    stamped  the source that seems to stamp its bars with their end; empty: none
    shifted  the source whose bars they are beyond doubt, but a window off, so that they cannot be used
    """

    differs: int = 0
    stamped: str = ""
    shifted: str = ""


NO_SEAM: Final = Seam()


class LabelShift(InvalidAnswer):
    """An answer whose bars are those of an earlier source, under the labels of other windows."""

    def __init__(self, seam: Seam) -> None:
        self.seam = seam
        by, or_else = "later", ""
        if seam.stamped == seam.shifted:
            by, or_else = "earlier", ", or this one is said to and does not"
        super().__init__(f"its bars are those of {seam.shifted}, one window {by}: {stamps_ends(seam.stamped)}{or_else}")


class Overlap:
    """Compares the answers of one chain's sources, of which it remembers whom to ask for more was in vain."""

    def __init__(self) -> None:
        self._in_vain: Counter[tuple[str, str, Timeframe]] = Counter()

    def compare(
        self, query: Query, held: Bars, bars: Bars, name: str, request: HistoryRequest, ask: Ask | None
    ) -> Seam:
        """How closed bars of source `name` fit to those that are held; `ask` asks it for more, None: it may not be."""
        times = differing_times(held, bars)
        if not len(times):
            return NO_SEAM
        labels = compare_labels(held, bars)
        if ask is not None and not labels.agree and not labels.is_proven:
            labels = self._look_closer(query, held, name, int(times[-1]), request, ask) or labels
        others = held.sources[held.source_codes[np.searchsorted(held.open_times, times[-1])]]
        stamped = name if labels.second_is_late else others if labels.first_is_late else ""
        return Seam(len(times), stamped, others if stamped and labels.is_proven else "")

    def _look_closer(
        self, query: Query, held: Bars, name: str, time: int, request: HistoryRequest, ask: Ask
    ) -> Labels | None:
        """Compare the bars around that time; None if they could not be had, or if this was in vain too often."""
        series = name, request.symbol, request.timeframe
        if self._in_vain[series] >= _MOST_LOOKS:
            return None
        more = _near(query, time, request, ask)
        labels = None if more is None else compare_labels(held, more)
        if labels is None or not (labels.second_is_late or labels.first_is_late):
            if len(self._in_vain) > _MOST_SERIES:
                self._in_vain.clear()
            self._in_vain[series] += 1 if labels is None or not labels.agree else _MOST_LOOKS
        return labels


def _near(query: Query, time: int, request: HistoryRequest, ask: Ask) -> Bars | None:
    """The closed bars of a source around a time."""
    timeframe = request.timeframe
    slot = timeframe.slot(time)
    start, end = timeframe.open_time(slot - _NEAR), timeframe.open_time(slot + _NEAR + 1)
    near = dataclasses.replace(
        request, start=start, end=min(end, query.limit), count=None, include_forming=False, held=(False, False)
    )
    try:
        answer = ask(near)
        check_answer(answer, near, query.market.prices)
    except Exception:  # noqa: BLE001 - what it answered before stands as it is
        _log.debug("the bars around %d of %s were not to be had", time, request.symbol, exc_info=True)
        return None
    return split_visible(answer, near, query.now - query.late_after)[0]
