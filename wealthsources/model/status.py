"""What a source tells of itself: a snapshot that can be turned into JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from wealthsources.model.notebook import ends_of, html_lines, html_table
from wealthsources.model.text import short_repr, short_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


#: The state of a source that is asked, and is getting ready: of a history whose symbols are still coming.
LOADING: Final = "loading"


@dataclasses.dataclass(frozen=True, slots=True)
class StreamStatus:
    """One series of a live source.

    state           never_received · live · late (a bar is due) · stale (nothing it holds is vouched for) · hole ·
                    silent (acknowledged, and nothing came on this connection for too long) · refused (by the server)
    idle            seconds since something arrived, None before the first message
    verified_empty  holes of which an exchange's own history said that there never was a bar; not counted in `holes`
    refused         how many of its messages came and were not taken
    reason          why the server refuses the series, in its words
    """

    symbol: str
    timeframe: str
    state: str
    bars: int = 0
    idle: float | None = None
    holes: int = 0
    verified_empty: int = 0
    refused: int = 0
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ShardStatus:
    """One of the connections of a live source that has several.

    state, epoch  as in SourceStatus, of this connection alone · series: how many it is to bring
    last_data     seconds since the last bar came on it, None if none has
    """

    number: int
    state: str
    epoch: int = 0
    series: int = 0
    last_data: float | None = None
    last_error: str = ""
    endpoint: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class SourceStatus:
    """A snapshot of a source. Everything in it can be turned into JSON; no secret is in it.

    epoch         number of the present or last connection, 0 before the first
    last_data     seconds since the last bar came, None if none has
    reason        what there is to say of it that its state does not: what came and was not taken, whose clock is off
    clock_offset  seconds by which the server's clock is ahead of ours at least, None if its bars do not tell
    shards        its connections, if it has several; the rest is of all of them together, or of the worst
    """

    state: str = "ready"
    reason: str = ""
    last_error: str = ""
    endpoint: str = ""
    epoch: int = 0
    reconnects: int = 0
    reconnects_by_reason: Mapping[str, int] = dataclasses.field(default_factory=dict)
    last_data: float | None = None
    clock_offset: float | None = None
    counters: Mapping[str, int] = dataclasses.field(default_factory=dict)
    streams: tuple[StreamStatus, ...] = ()
    shards: tuple[ShardStatus, ...] = ()

    def summary(self) -> str:
        """The state, the last error and the reason, in one line."""
        error = f" ({self.last_error})" if self.last_error and self.last_error not in self.reason else ""
        return f"{self.state}{error}{self.reason and ': '}{self.reason}"

    def __repr__(self) -> str:
        return short_repr(
            self,
            self.summary,
            lambda: f"epoch {self.epoch}" if self.epoch else "",
            lambda: f"{len(self.streams)} series" if self.streams else "",
            lambda: f"last bar {short_time(self.last_data)} ago" if self.last_data is not None else "",
        )

    def _repr_html_(self) -> str:
        """As tables, for a notebook."""
        return html_states({"": self}) + html_streams({"": self})

    def as_dict(self) -> dict[str, Any]:
        """As plain lists, dicts, text and numbers."""
        plain = dataclasses.replace(  # asdict fails on a Counter
            self, counters=dict(self.counters), reconnects_by_reason=dict(self.reconnects_by_reason)
        )
        return dataclasses.asdict(plain)


_SOURCES: Final = ("source", "state", "epoch", "reconnects", "last bar", "endpoint", "reason")
_STREAMS: Final = ("source", "symbol", "timeframe", "state", "bars", "idle", "holes", "refused", "reason")
_NUMBERS: Final = ("epoch", "reconnects", "last bar", "bars", "idle", "holes", "refused")


def html_states(sources: Mapping[str, SourceStatus]) -> str:
    """How these sources are, by their names, as a table."""
    return _table(_SOURCES, [_state_row(name, source) for name, source in sources.items()])


def html_streams(sources: Mapping[str, SourceStatus]) -> str:
    """Their streams, as a table; nothing if there are none."""
    streams = [(name, stream) for name, source in sources.items() for stream in source.streams]
    return html_lines(f"{len(streams)} series") + _table(_STREAMS, ends_of(streams, _stream_row)) if streams else ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Without the column of names if nobody has one."""
    if not any(row[0] for row in rows):
        columns, rows = columns[1:], [row[1:] for row in rows]
    return html_table(columns, rows, right=_NUMBERS)


def _state_row(name: str, source: SourceStatus) -> Sequence[object]:
    epoch, reconnects = (source.epoch, source.reconnects) if source.epoch else ("", "")
    ago = "" if source.last_data is None else f"{short_time(source.last_data)} ago"
    said = "; ".join(filter(None, (source.reason, "" if source.last_error in source.reason else source.last_error)))
    return name, source.state, epoch, reconnects, ago, source.endpoint, said


def _stream_row(named: tuple[str, StreamStatus]) -> Sequence[object]:
    name, stream = named
    counts = stream.bars, short_time(stream.idle), stream.holes, stream.refused
    return name, stream.symbol, stream.timeframe, stream.state, *counts, stream.reason
