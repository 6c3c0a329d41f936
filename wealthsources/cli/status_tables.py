"""The status of a session as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer
from rich.text import Text

from wealthsources.cli.console import print_table, print_texts
from wealthsources.model.text import one_line, short_time
from wealthsources.model.times import time_text
from wealthsources.runtime.deployment import UP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wealthsources.model.status import SourceStatus
    from wealthsources.runtime.session_status import SessionStatus

    Row = tuple[str | Text, ...]

_NUMBERS: Final = ("shard", "epoch", "series", "reconnects", "last bar", "bars", "idle", "holes", "refused", "times")
_GOOD: Final = (*UP, "live")
_WAITING: Final = ("not started", "connecting", "reconnecting", "never_received", "late", "hole")


def print_status(status: SessionStatus) -> None:
    """The clock, then the sources, what there is to say about them, their streams, and what was counted."""
    now = "no time yet" if status.now is None else f"{time_text(status.now)} UTC"
    typer.echo(f"clock: {status.clock}, {now}" + (f" · mode: {status.mode}" if status.mode else ""))
    sources = {one_line(name): source for name, source in status.sources.items()}
    _print(("source", "state", "epoch", "reconnects", "last bar"), _states(sources))
    if remarks := list(_remarks(sources)):
        typer.echo()
        print_texts(remarks)
    _print(("source", "shard", "state", "epoch", "series", "last bar", "last error"), _shards(sources))
    _print(("source", "symbol", "timeframe", "state", "bars", "idle", "holes", "refused"), _streams(sources))
    recorders = {one_line(name): recorder for name, recorder in status.recorders.items()}
    _print(("recorder", "state", "reason"), _recorders(recorders))
    _print(("source", "counted", "times"), [*_counts(sources), *_counts(recorders), *_lost(status)])


def _print(columns: Sequence[str], rows: Iterable[Row]) -> None:
    if rows := list(rows):
        typer.echo()
        print_table(columns, rows, right=_NUMBERS)


def _states(sources: Mapping[str, SourceStatus]) -> Iterator[Row]:
    for name, source in sources.items():
        epoch, reconnects = (str(source.epoch), str(source.reconnects)) if source.epoch else ("", "")
        ago = "" if source.last_data is None else f"{short_time(source.last_data)} ago"
        yield name, colored(source.state), epoch, reconnects, ago


def _remarks(sources: Mapping[str, SourceStatus]) -> Iterator[tuple[str, str, str]]:
    for name, source in sources.items():
        lost = ", ".join(f"{reason} {count}" for reason, count in source.reconnects_by_reason.items())
        offset = source.clock_offset or 0.0
        remarks = {
            "endpoint": source.endpoint,
            "reason": source.reason,
            "last error": source.last_error,
            "reconnects for": lost,
            "server's clock": f"at least {short_time(offset)} ahead of ours" if offset > 0 else "",
        }
        yield from ((name, what, one_line(text)) for what, text in remarks.items() if text)


def _shards(sources: Mapping[str, SourceStatus]) -> Iterator[Row]:
    for name, source in sources.items():
        for shard in source.shards:
            ago = "" if shard.last_data is None else f"{short_time(shard.last_data)} ago"
            state, error = colored(shard.state), one_line(shard.last_error)
            yield name, str(shard.number), state, str(shard.epoch), str(shard.series), ago, error


def _streams(sources: Mapping[str, SourceStatus]) -> Iterator[Row]:
    for name, source in sources.items():
        for stream in source.streams:
            symbol, timeframe = one_line(stream.symbol), one_line(stream.timeframe)
            state = colored(stream.state)
            counts = short_time(stream.idle), str(stream.holes), str(stream.refused)
            yield name, symbol, timeframe, state, str(stream.bars), *counts


def _recorders(recorders: Mapping[str, SourceStatus]) -> Iterator[Row]:
    for name, recorder in recorders.items():
        yield name, colored(recorder.state), one_line(recorder.reason or recorder.last_error)


def _counts(sources: Mapping[str, SourceStatus]) -> Iterator[Row]:
    for name, source in sources.items():
        yield from ((name, one_line(what), str(times)) for what, times in sorted(source.counters.items()) if times)


def _lost(status: SessionStatus) -> Iterator[Row]:
    counted = {
        "events lost": status.events_lost,
        "events conflated": status.events_conflated,
        "errors of subscribers": status.handler_errors,
    }
    yield from (("(session)", what, str(times)) for what, times in counted.items() if times)


def colored(state: str) -> Text:
    """A state of a source or of a stream, green if all is well."""
    style = "green" if state in _GOOD else "yellow" if state in _WAITING else "red"
    return Text(one_line(state), style=style)
