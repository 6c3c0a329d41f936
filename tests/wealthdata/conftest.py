"""What the tests of wealthdata share: bars by rule, contexts to bind, and sessions over a source in memory."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import wealthdata
import wealthsources
from wealthsources import Bars, Timeframe

from ..support.bars import HOUR, MONDAY as T0
from ..support.unbinding import unbind_all


@pytest.fixture(autouse=True)
def _unbound_and_as_by_default():
    yield
    unbind_all()


@pytest.fixture(scope="session")
def records():
    """records(timeframe, count, first=T0, skip=()): bar number n opens at 100 + n and closes half above; as text."""

    def make(timeframe: str, count: int, first: int = T0, skip: Any = ()) -> list[dict[str, object]]:
        frame = Timeframe(timeframe)
        slot = frame.slot(first)
        made = []
        for n in range(count):
            if n not in skip:
                time = frame.open_time(slot + n)
                prices = {"open": f"{100 + n}", "high": f"{101 + n}", "low": f"{99 + n}", "close": f"{100 + n}.5"}
                made.append({"open_time": time, "close_time": frame.end(time) - 1, **prices, "volume": "10"})
        return made

    return make


@pytest.fixture(scope="session")
def context():
    """context({"BTCUSDT 1h": records, ...}, now): as an engine hands it to a strategy."""

    def make(series: dict[str, list[dict[str, object]]], now: int | None = None) -> SimpleNamespace:
        entries = []
        for name, bars in series.items():
            symbol, timeframe = name.split()
            entries.append(SimpleNamespace(symbol=symbol, timeframe=timeframe, bars=bars))
        return SimpleNamespace(_market_data_context=entries, now_ms=now, current_bar=None)

    return make


@pytest.fixture(scope="session")
def bind(context):
    """The same, and bound. The test before leaves nothing bound."""

    def make(series: dict[str, list[dict[str, object]]], now: int) -> SimpleNamespace:
        made = context(series, now)
        wealthdata.set_context(made)
        return made

    return make


@pytest.fixture
def hourly(bind, records):
    """100 hourly bars of two symbols, and the time is 50 hours on: 02:00 of the third day."""
    return bind({"BTCUSDT 1h": records("1h", 100), "ETHUSDT 1h": records("1h", 100)}, T0 + 50 * HOUR)


@pytest.fixture(scope="session")
def closed():
    """closed(symbol, timeframe, records): Bars that are stated as closed."""

    def make(symbol: str, timeframe: str, made: list[dict[str, object]]) -> Bars:
        return Bars.from_records(symbol, timeframe, [{**record, "closed": True} for record in made])

    return make


@pytest.fixture
def session(monkeypatch):
    """session({...options}, ..., **settings): the process-wide session over sources in memory, named m0, m1, ..."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "memory")
    opened = []

    def make(*options: dict[str, object], **settings: object) -> wealthsources.Session:
        sources = [{"plugin": "memory", "name": f"m{at}", "options": each} for at, each in enumerate(options)]
        made = wealthsources.open({"sources": sources, **settings})
        made.start()
        made.make_current()
        opened.append(made)
        return made

    yield make
    for each in opened:
        each.stop()
