"""Where all bars come through: a session whose adapters tell a recorder what they are asked and what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import wealthsources
from wealthsources_verify.times import time_text

if TYPE_CHECKING:
    import datetime as dt

    from wealthsources import Bars, Timeframe
    from wealthsources_verify.recorder import Recorder


class ObservedSession(wealthsources.Session):
    """A session whose adapters tell a recorder what they are asked and what they answer. It reads contexts alone."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(wealthsources.open({"sources": [{"plugin": "context"}]}).config)
        self._recorder = recorder

    def adapter(
        self,
        context: object = None,
        mode: Literal["auto", "live", "backtest"] = "auto",
        zone: dt.tzinfo | None = None,
    ) -> ObservedAdapter:
        """An observed view of the chain."""
        return ObservedAdapter(self._recorder, context, session=self, mode=mode, zone=zone)


class ObservedAdapter(wealthsources.ContextDataAdapter):
    """An adapter that is observed."""

    def __init__(self, recorder: Recorder, context: object, **options: Any) -> None:
        super().__init__(context, **options)
        self._recorder = recorder

    def get_history(
        self,
        symbol: str,
        count: int | None = None,
        timeframe: Timeframe | str = "1h",
        *,
        start: int | None = None,
        end: int | None = None,
        include_now: bool = False,
        on_hole: Literal["mark", "raise", "trim"] | None = None,
        on_stale: Literal["mark", "raise"] | None = None,
    ) -> Bars:
        """The same answer, taken down."""
        call = _call(symbol, count, timeframe, start, end, include_now)
        try:
            bars = super().get_history(
                symbol,
                count,
                timeframe,
                start=start,
                end=end,
                include_now=include_now,
                on_hole=on_hole,
                on_stale=on_stale,
            )
        except wealthsources.WealthSourcesError as error:
            self._recorder.refusal(call, error)
            raise
        self._recorder.answer(call, bars)
        return bars

    def get_all_symbols(self) -> list[str]:
        """The same answer, taken down."""
        symbols = super().get_all_symbols()
        self._recorder.listing(symbols)
        return symbols


def _call(
    symbol: object, count: object, timeframe: object, start: int | None, end: int | None, include_now: bool
) -> str:
    parts = [f"{symbol} {timeframe}"]
    if count is not None:
        parts.append(f"count {count}")
    if start is not None:
        parts.append(f"from {time_text(start)}")
    if end is not None:
        parts.append(f"to {time_text(end)}")
    if include_now:
        parts.append("with the forming one")
    return ", ".join(parts)
