"""Bars of a file, or of a store, are played in a session: at each step it answers what is over by then, and no more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import wealthdata
import wealthsources
from wealthsources import AllSourcesFailed, Bars, HistoryRequest, NotHere, Timeframe
from wealthsources_store.database import Database
from wealthsources_store.options import StoreOptions
from wealthsources_store.writing import Batch, write

from ..support.bars import DAY, HOUR, MONDAY, at
from ..support.laws import tries
from ..support.waiting import wait_until

SYMBOLS, TIMEFRAMES = ("ADAUSDT", "BTCUSDT"), ("1h", "1d")
LENGTHS = {"1h": HOUR, "1d": DAY}
SERIES = [(symbol, name) for symbol in SYMBOLS for name in TIMEFRAMES]
#: Of each series the numbers of the windows of which there is a bar, from MONDAY on.
Windows = dict[tuple[str, str], list[int]]

windows = st.fixed_dictionaries(
    # Fewer hours than a day could be made of.
    {series: st.lists(st.integers(0, 60), unique=True, max_size=8).map(sorted) for series in SERIES}
).filter(lambda made: any(made.values()))


def made(series: tuple[str, str], numbers: list[int]) -> list[tuple[str, ...]]:
    """Rows of text, no two alike."""
    symbol, name = series
    salt = 100 * SYMBOLS.index(symbol) + 1000 * TIMEFRAMES.index(name)
    return [
        (str(MONDAY + number * LENGTHS[name]), f"{salt + number}.50", f"{salt + number + 2}", f"{salt + number}.10",
         f"{salt + number + 1}.0", f"{number}.000")
        for number in numbers
    ]  # fmt: skip


def of_files(folder: Path, held: Windows) -> dict[str, Any]:
    for (symbol, name), numbers in held.items():
        rows = ["open_time,open,high,low,close,volume", *map(",".join, made((symbol, name), numbers))]
        (folder / f"{symbol}-{name}.csv").write_text("\n".join(rows) + "\n")
    return {"plugin": "file", "options": {"path": f"{folder}/{{symbol}}-{{timeframe}}.csv"}}


def of_a_store(folder: Path, held: Windows) -> dict[str, Any]:
    url = f"sqlite:///{folder}/bars.db"
    database = Database(StoreOptions(url=url))
    fields = ("open_time", *wealthsources.FIELDS)
    for (symbol, name), numbers in held.items():
        rows = [dict(zip(fields, row, strict=True)) for row in made((symbol, name), numbers)]
        records = [row | {"open_time": int(row["open_time"]), "closed": True} for row in rows]
        if records:
            bars = Bars.from_records(symbol, name, records).named(symbol, "archive")
            write(database, [Batch(bars, None)], at(10**5))
    database.close()
    return {"plugin": "store", "options": {"url": url}}


@contextlib.contextmanager
def replayed(source: dict[str, Any], *, behind: bool = True, speed: Any = "step", **options: Any) -> Iterator[Any]:
    """A session that plays the bars of this source, and asks it for older ones (`behind`)."""
    said = {"bars": "archive", "symbols": SYMBOLS, "timeframes": TIMEFRAMES, "from": MONDAY, "speed": speed, **options}
    chain = [{"plugin": "replay", "options": said}, {"name": "archive", **source}]
    with wealthsources.open({"clock": "feed", "on_stale": "mark", "sources": chain}) as session:
        session.start_live()
        yield session, session.source("replay")


def texts(bars: Bars) -> list[tuple[str, ...]]:
    return [(str(bar.open_time), *(bar.exact(field) for field in wealthsources.FIELDS)) for bar in bars]


def held(source: Any, symbol: str, name: str) -> Bars | None:
    try:
        return source.get_history(HistoryRequest(symbol, Timeframe(name), at(10**5), include_forming=True))
    except NotHere:
        return None


def answered(session: Any, symbol: str, name: str) -> Bars | None:
    try:
        return session.adapter().get_history(symbol, 100, name)
    except AllSourcesFailed:
        return None


def ended(windows: Windows, series: tuple[str, str], now: int) -> list[tuple[str, ...]]:
    """What is true of a series by then."""
    length = LENGTHS[series[1]]
    return made(series, [number for number in windows[series] if MONDAY + (number + 1) * length <= now])


def ends(windows: Windows) -> list[tuple[int, int, str]]:
    """When each bar ends, its length, its symbol: in the order in which they are to come."""
    return sorted(
        (MONDAY + (number + 1) * LENGTHS[name], LENGTHS[name], symbol)
        for (symbol, name), numbers in windows.items()
        for number in numbers
    )


@pytest.mark.parametrize("keep", [of_files, of_a_store])
@settings(max_examples=tries(3))
@given(windows=windows)
def test_every_bar_comes_at_its_end_in_order_and_nothing_is_shown_before(tmp_path_factory, keep, windows):
    source = keep(tmp_path_factory.mktemp("bars"), windows)
    with replayed(source) as (session, replay):
        came = []
        while not replay.is_over:
            events = [event for event in replay.step() if event.kind == "bar"]
            now = session.clock.now()
            came += [(event.known_at, event.timeframe.milliseconds, event.symbol) for event in events]
            assert [event.bar.end for event in events] == [now]
            for series in SERIES:
                due = ended(windows, series, now)
                bars = held(replay, *series)
                # Those of the same moment may be yet to come.
                assert bars is None or texts(bars) in (due, due[:-1])
                bars = answered(session, *series)
                assert (texts(bars) if bars is not None else []) == due
        assert came == ends(windows)
        for series in SERIES:
            bars = held(replay, *series)
            assert (texts(bars) if bars is not None else []) == made(series, windows[series])


@pytest.mark.parametrize("keep", [of_files, of_a_store])
@settings(max_examples=tries(2))
@given(windows=windows)
def test_two_runs_give_the_same_bytes_at_every_step(tmp_path_factory, keep, windows):
    source, runs = keep(tmp_path_factory.mktemp("bars"), windows), []
    for _ in range(2):
        with replayed(source) as (session, replay):
            run = []
            while not replay.is_over:
                events = [(event.kind, event.symbol, event.known_at, event.bar, event.hole) for event in replay.step()]
                bars = [(held(replay, *series), answered(session, *series)) for series in SERIES]
                run.append((events, [[each and (each.rows.tobytes(), each.holes) for each in both] for both in bars]))
            runs.append(run)
    assert runs[0] == runs[1]


@pytest.mark.parametrize("keep", [of_files, of_a_store])
def test_a_hole_stays_a_hole_and_a_strategy_is_told(tmp_path, keep, caplog):
    windows = {series: [0, 1, 2, 7, 8] for series in SERIES}
    source = keep(tmp_path, {**windows, ("BTCUSDT", "1d"): [], ("ADAUSDT", "1d"): []})
    with replayed(source, timeframes=["1h"]) as (session, replay):
        holes = []
        while not replay.is_over:
            holes += [event.hole.count for event in replay.step() if event.kind == "hole"]
        assert holes == [4, 4]
        bars = session.adapter().get_history("BTCUSDT", 9, "1h")
        assert [(hole.count, hole.start) for hole in bars.holes] == [(4, MONDAY + 3 * HOUR)]
        assert replay.status().counters["holes"] == 2
        frame = wealthdata.get_price("BTCUSDT", count=9, frequency="1h")
        assert len(frame) == 5
    assert any("has a hole that no source fills: 4 missing" in line for line in caplog.messages)


@pytest.mark.parametrize("speed", ["max", 1_000_000])
def test_by_itself_it_plays_to_the_end(tmp_path, speed):
    numbers = list(range(400))
    source = of_files(tmp_path, {("BTCUSDT", "1h"): numbers})
    with replayed(source, symbols=["BTCUSDT"], timeframes=["1h"], speed=speed) as (session, replay):
        wait_until(lambda: replay.is_over)
        assert texts(held(replay, "BTCUSDT", "1h")) == made(("BTCUSDT", "1h"), numbers)
        assert session.status().now == MONDAY + 400 * HOUR
        assert (replay.status().state, replay.status().last_error) == ("disconnected", "all bars were played")


def test_bars_from_before_come_from_the_source_itself(tmp_path):
    source = of_files(tmp_path, {("BTCUSDT", "1h"): list(range(20))})
    options = {"symbols": ["BTCUSDT"], "timeframes": ["1h"], "from": MONDAY + 10 * HOUR, "to": MONDAY + 15 * HOUR}
    with replayed(source, **options) as (session, replay):
        replay.step()
        bars = session.adapter().get_history("BTCUSDT", 5, "1h")
        assert [bar.source for bar in bars] == ["archive"] * 4 + ["replay"]
        assert texts(bars) == made(("BTCUSDT", "1h"), list(range(6, 11)))
        while not replay.is_over:
            replay.step()
        assert session.clock.now() == MONDAY + 15 * HOUR
