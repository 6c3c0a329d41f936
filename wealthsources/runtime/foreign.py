"""ForeignSource: stands in a forked child for a live source that the parent started."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from wealthsources.model.errors import NotHere
from wealthsources.model.status import SourceStatus
from wealthsources.model.symbols import match_symbol
from wealthsources.source import Capabilities, Source

if TYPE_CHECKING:
    from wealthsources.model.bars import Bars
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.source import HistoryRequest


class ForeignSource(Source):
    """Has nothing and says `why`; stale from now on.

    Whatever the source that it stands for holds, here it hears of nothing more, and may wait for a thread that is gone.
    A `PushedSource` needs no stand-in: it knows by itself that it is another process's, and tells what it held.
    """

    def __init__(self, source: Source, why: str) -> None:
        self._why = why
        self._since = time.monotonic()
        try:
            self.capabilities = dataclasses.replace(source.capabilities, blocking=False)
        except Exception:  # noqa: BLE001 - a stranger's code
            self.capabilities = Capabilities(live=True, blocking=False)

    def get_history(self, request: HistoryRequest) -> Bars:  # noqa: ARG002 - whatever it is
        """Raises NotHere."""
        raise NotHere(self._why)

    def stale_for(self, symbol: str | None = None, timeframe: Timeframe | None = None) -> float | None:
        """Seconds since the fork; None for a series that the source does not serve."""
        can = self.capabilities
        served = timeframe is None or can.timeframes is None or timeframe.name in can.timeframes
        known = symbol is None or can.symbols is None or match_symbol(symbol, can.symbols) is not None
        return max(time.monotonic() - self._since, 1e-9) if served and known else None

    def status(self) -> SourceStatus:
        """Disconnected, with the reason."""
        return SourceStatus("disconnected", self._why)
