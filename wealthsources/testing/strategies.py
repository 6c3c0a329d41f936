"""Bars for property tests, drawn by hypothesis, which is a package of its own: pip install hypothesis.

    from hypothesis import given
    from wealthsources.testing.strategies import bars

    @given(bars(timeframe="1h", holes=True))
    def test_my_indicator_takes_any_bars(drawn):
        …

What is drawn a source may have: in order, on the grid of the timeframe, with values that a bar can have on that market
and the text of each, such as `0.10`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

try:
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise ImportError(
        "wealthsources.testing.strategies needs hypothesis, which is not installed: pip install hypothesis"
    ) from error

from wealthsources.model.bars import Bars
from wealthsources.model.markets import Market
from wealthsources.model.timeframe import Timeframe

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

#: 2000-01-01 and 2030-01-01 UTC, ms: where the first bar may open.
_FIRST: Final = 946_684_800_000
_LAST: Final = 1_893_456_000_000
_MOST_TICKS: Final = 10**9
_MOST_DECIMALS: Final = 8
_LONGEST_HOLE: Final = 5


def timeframes() -> SearchStrategy[Timeframe]:
    """Any timeframe, without trading hours."""
    return st.sampled_from([Timeframe(name) for name in Timeframe.known()])


@st.composite
def bars(
    draw: DrawFn,
    *,
    symbol: str = "BTCUSDT",
    timeframe: str | Timeframe | None = None,
    market: Market | None = None,
    between: tuple[int, int] = (_FIRST, _LAST),
    least: int = 1,
    most: int = 30,
    holes: bool = False,
    forming: bool = False,
) -> Bars:
    """From `least` to `most` bars of one series, oldest first, closed all of them.

    timeframe  None: any
    market     what prices may be there, and its trading hours; None: positive prices, around the clock
    between    in which of these times, ms, the first one opens; a market's hours are known for some years only
    holes      windows may be missing between them
    forming    the last one is stated as not closed, and is one of the `most`
    """
    usual = market or Market()
    frame = usual.timeframe(Timeframe(timeframe) if timeframe is not None else draw(timeframes()))
    slot = frame.slot(draw(st.integers(*between)))
    decimals = draw(st.integers(0, _MOST_DECIMALS))
    skipped = st.integers(0, _LONGEST_HOLE if holes else 0)
    one = st.tuples(skipped, _values(decimals, anything=usual.prices == "any"))
    records = []
    for missing, values in draw(st.lists(one, min_size=least, max_size=most)):
        records.append({"open_time": frame.open_time(slot + missing), **values, "closed": True})
        slot += missing + 1
    if forming and records:
        records[-1]["closed"] = False
    return Bars.from_records(symbol, frame, records)


def _values(decimals: int, *, anything: bool) -> SearchStrategy[dict[str, Any]]:
    """The five values of a bar as texts, in whole numbers of the smallest step."""
    price = st.integers(-_MOST_TICKS if anything else 1, _MOST_TICKS)
    numbers = st.tuples(price, price, price, price, st.integers(0, _MOST_TICKS))
    return numbers.map(lambda drawn: _record(drawn, decimals))


def _record(drawn: tuple[int, int, int, int, int], decimals: int) -> dict[str, Any]:
    *prices, volume = drawn
    ticks = {"open": prices[0], "high": max(prices), "low": min(prices), "close": prices[1], "volume": volume}
    return {name: _text(number, decimals) for name, number in ticks.items()}


def _text(ticks: int, decimals: int) -> str:
    sign, digits = "-" if ticks < 0 else "", str(abs(ticks)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else sign + digits
