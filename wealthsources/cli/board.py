"""The table of `wealthsources watch`: a row for each series, and beneath how the connections are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from wealthsources.cli.status_tables import colored
from wealthsources.model.rows import FIELDS
from wealthsources.model.text import one_line, short_time
from wealthsources.model.times import time_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console, RenderableType

    from wealthsources.cli.watching import SeriesView
    from wealthsources.model.status import ShardStatus, SourceStatus

_COLUMNS: Final = ("series", "last bar", *FIELDS, "bar", "age", "state", "source", "holes")
_NUMBERS: Final = (*FIELDS, "age", "holes")
#: What is left out where the terminal is too narrow, one more from step to step. No number is ever cut short.
_LEFT_OUT: Final = ("source", "open", "high", "low", "holes", "volume", "bar", "age")
_MOST_SHARDS: Final = 8
_MOST_REFUSED: Final = 5


def board(
    screen: Console,
    now: int | None,
    views: Sequence[SeriesView],
    sources: Mapping[str, SourceStatus],
    most: int | None = None,
) -> RenderableType:
    """Everything as it is now, as wide as the screen lets it be. `now` is ms, `sources` are the live ones.

    `most` is how many lines there is room for; the first series are shown, and it is said how many more there are.
    """
    lines = ["no time yet" if now is None else f"{time_text(now // 1000 * 1000)} UTC", *_lines(views, sources)]
    room = len(views) if most is None else max(1, most - len(lines) - 3)
    if len(views) > room:
        lines.insert(0, f"and {len(views) - room} more series, for which there is no room; choose some to see them")
    return Group(_table(screen, views[:room], now), "", *(Text(line, overflow="fold") for line in lines))


def _table(screen: Console, views: Sequence[SeriesView], now: int | None) -> Table:
    rows = [_cells(view, now) for view in views]
    wide = screen.options.update(width=10_000)
    steps = [(0, False), *((number, True) for number in range(len(_LEFT_OUT) + 1))]
    for left_out, collapse in steps:
        table = Table(box=None, pad_edge=False, header_style="bold", collapse_padding=collapse)
        names = [name for name in _COLUMNS if name not in _LEFT_OUT[:left_out]]
        for name in names:
            table.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True)
        for row in rows:
            table.add_row(*(row[name] for name in names))
        if screen.measure(table, options=wide).maximum <= screen.width:
            break
    return table


def _cells(view: SeriesView, now: int | None) -> dict[str, str | Text]:
    bar, stream = view.bar, view.stream
    cells: dict[str, str | Text] = dict.fromkeys(_COLUMNS, "")
    cells |= {"series": one_line(f"{stream.symbol} {stream.timeframe}"), "age": short_time(stream.idle)}
    cells |= {"state": colored(stream.state), "source": one_line(view.source), "holes": str(stream.holes)}
    if bar is not None:
        cells |= {field: bar.exact(field) for field in FIELDS}
        cells["last bar"] = _opened(bar.open_time, now)
        cells["bar"] = Text("closed") if bar.closed else Text("forming", style="dim")
        cells["source"] = one_line(bar.source or view.source)
    return cells


def _opened(open_time: int, now: int | None) -> str:
    """When a bar opened; without the date, if that is today."""
    text = time_text(open_time)
    return text.partition(" ")[2] if now is not None and time_text(now)[:10] == text[:10] else text


def _lines(views: Sequence[SeriesView], sources: Mapping[str, SourceStatus]) -> Iterator[str]:
    refused = [view.stream for view in views if view.stream.state == "refused"]
    for stream in refused[:_MOST_REFUSED]:
        yield one_line(f"{stream.symbol} {stream.timeframe} refused: {stream.reason}")
    if len(refused) > _MOST_REFUSED:
        yield f"{len(refused) - _MOST_REFUSED} more series refused"
    for name, source in sources.items():
        yield one_line(f"{name}: {source.state}, {source.endpoint}, {_connections(source)}")
        if source.reason:
            yield one_line(f"{name}: {source.reason}")
        if source.last_error:
            yield one_line(f"{name}: last error: {source.last_error}")
        yield from (_shard(name, shard) for shard in source.shards[:_MOST_SHARDS])


def _connections(source: SourceStatus) -> str:
    count = f"{len(source.shards)} connections, " if source.shards else ""
    lost = ", ".join(f"{reason} {times}" for reason, times in source.reconnects_by_reason.items())
    return f"{count}reconnects: {source.reconnects}" + (f" ({lost})" if lost else "")


def _shard(name: str, shard: ShardStatus) -> str:
    error = f", last error: {shard.last_error}" if shard.last_error else ""
    return one_line(f"{name}: connection {shard.number}: {shard.state}, {shard.series} series{error}")
