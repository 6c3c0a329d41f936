"""Reading a Parquet file of one series: what a store was exported to, or plain bars. All of it is checked first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote

from wealthsources import Bar, Bars, RequestError, check_time, match_timeframe
from wealthsources_store.errors import BadFile
from wealthsources_store.file_checks import check_bars, check_order
from wealthsources_store.file_rows import SeriesFile, open_file, read_rows
from wealthsources_store.parquet import PLAIN, RECORDED, STATE, SYMBOL, TIMEFRAME
from wealthsources_store.reading import BarState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from wealthsources import Market
    from wealthsources_store.file_rows import Rows, States


def find_series(
    path: Path, symbol: str | None, timeframe: str | None, market_of: Callable[[str], Market]
) -> SeriesFile:
    """Which series a file is of: what is said, else what is written in it, else SYMBOL/TIMEFRAME.parquet.

    Raises RequestError if that is not to be known, BadFile, ConfigError without pyarrow.
    """
    with open_file(path) as opened:
        schema = opened.schema_arrow
    missing = [name for name in PLAIN if name not in schema.names]
    exported = {"known_at", "revision"} <= {*schema.names}
    if exported:
        missing += [name for name in STATE if name not in schema.names]
    if missing:
        raise BadFile(f"{path}: has no column {', '.join(missing)}; it has {', '.join(schema.names)}")
    written = schema.metadata or {}
    name = symbol or written.get(SYMBOL, b"").decode() or unquote(path.absolute().parent.name)
    word = timeframe or written.get(TIMEFRAME, b"").decode() or path.stem
    found = match_timeframe(word)
    if found is None or not name:
        raise RequestError(f"{path}: say of which series it is: --symbol BTCUSDT --timeframe 1h")
    spans = _spans(path, written.get(RECORDED, b"[]")) if exported else ()
    market = market_of(name)
    return SeriesFile(path, name, market.timeframe(found), market, exported, spans)


def _spans(path: Path, written: bytes) -> tuple[tuple[int, int], ...]:
    """Raises BadFile."""
    try:
        spans = tuple((check_time(began), check_time(until)) for began, until in json.loads(written))
    except (ValueError, TypeError) as error:
        raise BadFile(f"{path}: {RECORDED.decode()} is no JSON list of pairs of times ({error})") from None
    return spans


def check(file: SeriesFile, now: int) -> int:
    """Read all of it; how many rows there are. Raises BadFile that names column and row."""
    return sum(len(rows.times) for rows in _read(file, now))


def plain_bars(file: SeriesFile, now: int, source: str) -> Iterator[Bars]:
    """The bars of a plain file, part by part, as closed history of that source. Raises BadFile."""
    for rows in _read(file, now):
        texts = {int(rows.times[index]): kept for index, kept in rows.texts.items()}
        yield Bars.from_columns(
            file.symbol, file.timeframe, rows.times, *rows.values.T, closed=True, decimals=rows.decimals, texts=texts
        ).named(file.symbol, source)


def states(file: SeriesFile, now: int) -> Iterator[list[BarState]]:
    """The states that a store was exported to, part by part, all of one bar together. Raises BadFile."""
    held: list[BarState] = []
    for rows in _read(file, now):
        if rows.states is not None:
            held += _bar_states(file, rows, rows.states)
        last = held[-1].bar.open_time
        cut = next(place for place, state in enumerate(held) if state.bar.open_time == last)
        if cut:
            yield held[:cut]
        held = held[cut:]
    if held:
        yield held


def _bar_states(file: SeriesFile, rows: Rows, more: States) -> Iterator[BarState]:
    values, decimals, known = rows.values.tolist(), rows.decimals.tolist(), more.known_at.tolist()
    for index, open_time in enumerate(rows.times.tolist()):
        o, h, l, c, v = values[index]  # noqa: E741
        bar = Bar(
            *(file.symbol, file.timeframe, open_time, o, h, l, c, v),
            close_time=more.close_time[index],
            closed=True,
            finality=more.finality[index],
            source=more.source[index],
            decimals=decimals[index],
            texts=rows.texts.get(index),
        )
        yield BarState(bar, known[index], more.epoch[index])


def _read(file: SeriesFile, now: int) -> Iterator[Rows]:
    """The rows of a file, block by block, each of them found to be a bar in its order. Raises BadFile."""
    before = None
    for rows in read_rows(file):
        check_bars(file, rows, now)
        before = check_order(file, rows, before)
        yield rows
