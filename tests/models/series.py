"""A series as a plain model: a dict of bars, one rule after the other; and the judge that compares a real one with it.

The model knows no rows, no runs and no arithmetic of time: windows are numbered (`place`), and a list made from the
calendar gives their open times.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from typing import NamedTuple

import numpy as np

from wealthsources import Bar, Bars, Finality, SeriesBuffer, read_value
from wealthsources.model.rows import source_codes

FIELDS = ("open", "high", "low", "close", "volume")
START = 100  # the place of the first bar; late ones and histories reach before it
WINDOWS = 12_000


def _open_times(name: str) -> list[int]:
    utc = dt.UTC
    if name == "1h":
        opens = [dt.datetime(2023, 12, 24, tzinfo=utc) + dt.timedelta(hours=place) for place in range(WINDOWS)]
    elif name == "1w":  # 2012-01-02 was a Monday
        opens = [dt.datetime(2012, 1, 2, tzinfo=utc) + dt.timedelta(weeks=place) for place in range(WINDOWS)]
    else:
        opens = [dt.datetime(2012 + place // 12, place % 12 + 1, 1, tzinfo=utc) for place in range(WINDOWS)]
    return [int(moment.timestamp()) * 1000 for moment in opens]


TIMES = {name: _open_times(name) for name in ("1h", "1w", "1M")}
PLACES = {name: {time: place for place, time in enumerate(times)} for name, times in TIMES.items()}


class Message(NamedTuple):
    """What a server, or a history, says of a bar: its values as they stand on the wire, and a close_time."""

    raws: tuple[str | float, ...]
    late: int = -1  # close_time, counted from the end of the window, ms

    def values(self) -> tuple[float, ...]:
        return tuple(float(raw) for raw in self.raws)

    def text(self) -> tuple[str, ...]:
        return tuple(str(raw) for raw in self.raws)

    def kept_aside(self) -> bool:
        return any(read_value(raw).text is not None for raw in self.raws)

    def volume(self) -> float:
        return float(self.raws[4])


# the model -----------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Held:
    """One bar of the model."""

    message: Message
    source: str = "live"
    revision: int = 0
    finality: Finality | None = None  # None: forming
    voucher: int | None = None  # while forming: the epoch that stands for it; None: none does

    @property
    def closed(self) -> bool:
        return self.finality is not None


class Model:
    """What a series must hold and say, as plainly as it can be put."""

    def __init__(self, capacity: int, corrections: str, closes_by: str = "successor") -> None:
        self.successors = {"successor": 1, "flag": 2}[closes_by]  # so many of them close a bar
        self.capacity = capacity
        self.corrections = corrections
        self.bars: dict[int, Held] = {}
        self.epoch = 0  # the newest connection that a message came from
        self.sent: set[int] = set()  # the places that this connection sent, since it last lost a message
        self.left: set[int] = set()  # bars that waited for their flag when their connection was lost, not told yet
        self.arrived: float | None = None
        self.let_go = -1  # the newest place that a reset let go of: nothing as old comes back
        self.news: dict[int, Held] = {}  # the bar let go of, if it was closed only then: it can still be told

    # what happens ----------------------------------------------------------------------------------------------

    def put(self, place: int, message: Message, flag: bool | None, epoch: int, now: float):
        """Returns the kind, the places closed, and the (first, end) places of the hole opened."""
        if epoch < self.epoch:
            return "old_epoch", (), None
        if epoch > self.epoch:
            self._leave()
            self.epoch = epoch
        if not self.bars or place >= max(self.bars):
            self.arrived = now
        self.sent.add(place)
        closed = self._close_before()
        evidence = Finality.FLAG if flag else Finality.SUCCESSOR if self._is_over(place) else None
        held = self.bars.get(place)
        was_closed = held is not None and held.closed
        kind, hole = self._new(place, message, closed) if held is None else (self._again(held, message, flag), None)
        if kind != "too_old" and not was_closed:
            self.bars[place].finality, self.bars[place].voucher = evidence, self.epoch
            closed += (place,) if evidence else ()
        self._evict()
        return kind, closed, self._with_left(hole)

    def _is_over(self, place: int) -> bool:
        """Whether this connection sent enough later bars."""
        return sum(later > place for later in self.sent) >= self.successors

    def waiting(self) -> list[int]:
        """The bar that waits for its flag though the next one has begun."""
        vouched = [at for at, bar in self.bars.items() if not bar.closed and bar.voucher == self.epoch]
        return [at for at in vouched if any(later > at for later in self.sent)]

    def _leave(self) -> None:
        """Nobody vouches any more for what this connection sent."""
        waiting = self.waiting()
        assert len(waiting) <= 1
        if self.successors > 1 and waiting:
            self.left |= set(waiting)
        self.sent = set()

    def _with_left(self, hole):
        """A bar that waited when its connection was lost is told as missing once two later ones came, and not it."""
        self.left = {
            at
            for at in self.left
            if at in self.bars and not self.bars[at].closed and self.bars[at].voucher != self.epoch
        }
        told = {at for at in self.left if self._is_over(at)}
        self.left -= told
        if not told:
            return hole
        return min(told), max(told) + 1 if hole is None else hole[1]

    def _close_before(self) -> tuple[int, ...]:
        """Successors: what this connection was forming is over when it has sent enough later bars."""
        vouched = [at for at, bar in self.bars.items() if not bar.closed and bar.voucher == self.epoch]
        over = [at for at in vouched if self._is_over(at)]
        for at in over:
            self.bars[at].finality = Finality.SUCCESSOR
        return tuple(sorted(over))

    def _new(self, place: int, message: Message, closed: tuple[int, ...]):
        hole = None
        if place <= self.let_go:
            return "too_old", None
        if self.bars:
            if place < min(self.bars) and len(self.bars) >= self.capacity:
                return "too_old", None
            newest = max(self.bars)
            interrupted = not self.bars[newest].closed and newest not in self.waiting()
            if interrupted and self.successors > 1:  # its flag may come after this bar
                self.left.add(newest)
                interrupted = False
            first = newest if interrupted else newest + 1
            hole = (first, place) if first < place else None
            if place - first >= self.capacity:
                self._reset(closed)
        self.bars[place] = Held(message)
        return "new", hole

    def _reset(self, closed: tuple[int, ...]) -> None:
        """The hole is as wide as all that fits: had the missing bars come, none of these would be here."""
        self.let_go = max(self.bars)
        self.news = {place: self.bars[place] for place in closed if place == self.let_go}
        self.bars.clear()

    def _again(self, held: Held, message: Message, flag: bool | None) -> str:
        """A message for a bar that is there."""
        if message.raws == held.message.raws:
            if held.closed and flag:
                held.finality = Finality.FLAG
            return "repeat"
        if held.closed and not flag and message.volume() < held.message.volume():
            return "older"
        if held.closed and self.corrections == "reject":
            return "rejected"
        held.message, held.source, held.revision = message, "live", held.revision + 1
        if not held.closed:
            return "update"
        if flag:
            held.finality = Finality.FLAG
        return "correction"

    def fill(self, offered: dict[int, tuple[Message, str]]) -> tuple[int, int]:
        """Closed bars of another source, as place -> (message, source). Returns how many were added, and disagreed."""
        newest = max(self.bars, default=-1)
        disagreements, added = 0, []
        for place, (message, source) in offered.items():
            held = self.bars.get(place)
            if not self.let_go < place <= newest:
                continue  # only the server says how far time has come
            if held is not None and held.closed:
                disagreements += message.values() != held.message.values()
            elif held is None or (
                (place != newest or held.voucher != self.epoch)
                and (self.successors == 1 or place not in self.waiting())
            ):
                self.bars[place] = Held(message, source, finality=Finality.HISTORY)
                added.append(place)
        self._evict()
        return sum(place in self.bars for place in added), disagreements

    def interrupt(self) -> None:
        self._leave()
        for bar in self.bars.values():
            bar.voucher = None

    def _evict(self) -> None:
        for place in sorted(self.bars)[: -self.capacity]:
            del self.bars[place]

    # what it must say ------------------------------------------------------------------------------------------

    def closed(self) -> list[int]:
        return [place for place in sorted(self.bars) if self.bars[place].closed]

    def forming(self, epoch: int) -> list[int]:
        """The newest bar, if that connection is forming it."""
        newest = max(self.bars, default=-1)
        return [at for at, bar in self.bars.items() if at == newest and not bar.closed and bar.voucher == epoch]

    def holes(self) -> list[tuple[int, int]]:
        there = sorted(self.closed() + self.waiting() * (self.successors > 1))
        return [(a + 1, b) for a, b in itertools.pairwise(there) if b - a > 1]

    def newest_run(self) -> int:
        """How many closed bars follow one another at the end; a bar that still forms may come after them."""
        places = sorted(self.bars)
        if places and not self.bars[places[-1]].closed:
            places.pop()
        run = 0
        while run < len(places) and self.bars[places[-1 - run]].closed and places[-1] - places[-1 - run] == run:
            run += 1
        return run


# comparing -----------------------------------------------------------------------------------------------------


def tell(bar: Bar) -> tuple:
    """Everything that is told of a bar."""
    return (
        PLACES[bar.timeframe.name][bar.open_time],
        bar.close_time,
        (bar.open, bar.high, bar.low, bar.close, bar.volume),
        tuple(bar.exact(field) for field in FIELDS),
        bar.closed,
        bar.finality,
        bar.revision,
        bar.source,
    )


def told(bars: Bars) -> list[tuple]:
    return [tell(bar) for bar in bars]


def places(bars: Bars) -> list[int]:
    """The places of an answer, oldest first."""
    return [PLACES[bars.timeframe.name][time] for time in bars.open_times.tolist()]


def follows(found: list[int]) -> bool:
    return all(b - a == 1 for a, b in itertools.pairwise(found))


def stated(name: str, place: int, bar: Held) -> tuple:
    """What must be told of a bar."""
    message = bar.message
    close_time = TIMES[name][place + 1] + message.late
    return place, close_time, message.values(), message.text(), bar.closed, bar.finality, bar.revision, bar.source


def expected(model: Model, name: str, found: list[int]) -> list[tuple]:
    return [stated(name, place, model.bars[place]) for place in found]


def remembered(series: SeriesBuffer) -> int:
    """Of how many bars a series remembers something beside the rows, whatever it is."""
    parts = (getattr(series, name, None) for name in SeriesBuffer.__slots__)
    return max(len(part) for part in parts if isinstance(part, dict))


@dataclasses.dataclass
class Judge:
    """Compares a series with the model."""

    series: SeriesBuffer
    model: Model
    name: str  # of the timeframe

    def time(self, place: int) -> int:
        return TIMES[self.name][place]

    def expected(self, found: list[int]) -> list[tuple]:
        return expected(self.model, self.name, found)

    def content(self, epochs: set[int]) -> None:
        """All that is held: closed bars, the forming one, texts, holes, the newest, and how much."""
        series, model = self.series, self.model
        answer = series.snapshot()
        assert told(answer) == self.expected(model.closed())
        assert answer.trusted
        for epoch in epochs:
            shown = series.snapshot(forming_epoch=epoch)
            assert told(shown) == self.expected(model.closed() + model.forming(epoch))
        held = series.all()
        assert told(held) == self.expected(sorted(model.bars))
        texts = {self.time(place) for place, bar in {**model.news, **model.bars}.items() if bar.message.kept_aside()}
        assert set(held.texts) in (texts, texts - {self.time(place) for place in model.news})
        assert len(series) == len(model.bars) <= series.capacity
        assert remembered(series) <= len(series) + len(model.news)
        assert series.newest == (self.time(max(model.bars)) if model.bars else None)
        assert series.arrived == model.arrived
        assert [(hole.start, hole.end, hole.count) for hole in series.holes()] == [
            (self.time(first), self.time(end), end - first) for first, end in model.holes()
        ]

    def each(self) -> None:
        """`at` for every window from before the oldest to after the newest, and for a bar that is news though gone."""
        model = self.model
        there = {**model.news, **model.bars}
        around = range(min(model.bars, default=START) - 1, max(model.bars, default=START) + 2)
        gone = range(max(0, model.let_go - 3), model.let_go + 1)
        for place in {*around, *gone, *there}:
            bar = self.series.at(self.time(place))
            assert (None if bar is None else tell(bar)) == (
                stated(self.name, place, there[place]) if place in there else None
            )

    def cuts(self) -> None:
        """Every end and start at the edge of a bar, and every count."""
        rows = self.rows()
        for place in rows:
            for count in (None, 2):
                self.cut(rows, end=self.time(place + 1), count=count)
                self.cut(rows, start=self.time(place), count=count)
            self.cut(rows, end=self.time(place + 1) - 1)
            self.cut(rows, start=self.time(place) + 1)
        run = self.model.newest_run()
        for count in range(1, len(rows) + 2):
            answer = self.cut(rows, count=count)
            assert answer.unbroken or count > run

    def rows(self) -> dict[int, bytes]:
        """What is held, byte by byte; `content` has compared it with the model."""
        held = self.series.all()
        return {place: row.tobytes() for place, row in zip(places(held), held.rows, strict=True)}

    def cut(self, rows: dict[int, bytes], end: int | None = None, start: int | None = None, count: int | None = None):
        answer = self.series.snapshot(end, start, count)
        found = [
            place
            for place in self.model.closed()
            if (end is None or self.time(place + 1) <= end) and (start is None or self.time(place) >= start)
        ]
        found = found if count is None else found[-count:]
        assert places(answer) == found
        assert answer.rows.tobytes() == b"".join(rows[place] for place in found)
        assert follows(found) or not answer.unbroken
        return answer


# messages and histories ----------------------------------------------------------------------------------------

#: Of some prices the text is kept aside: no digit may be lost, and two of them are one float64.
PLAIN = (["10", "10.0", 10.25], ["1", "2", "3", "3.00", 2.5])
ODD = (["10", "10.00000000000000012", "10.00000000000000013", "1.05e1"], ["1", "2", ".5", "3.0000000000000004"])


def put(series: SeriesBuffer, name: str, place: int, message: Message, flag: bool | None, epoch: int, now: float):
    read = [read_value(raw) for raw in message.raws]
    texts = tuple(value.text for value in read)
    return series.put(
        TIMES[name][place],
        TIMES[name][place + 1] + message.late,
        tuple(value.number for value in read),
        decimals=sum(value.code << 6 * at for at, value in enumerate(read)),
        closed=flag,
        epoch=epoch,
        texts=texts if any(texts) else None,
        arrived=now,
    )


class Offer(NamedTuple):
    """A bar of a history; `closed` None leaves it unsaid."""

    place: int
    message: Message
    closed: bool | None
    source: str


def history(name: str, offers: list[Offer], by_columns: bool) -> Bars:
    """Bars of several sources, made in one of the two ways that a source may make them."""
    bars = (_by_columns if by_columns else _by_records)(name, offers)
    rows = np.array(bars.rows)
    sources = tuple(sorted({offer.source for offer in offers})) or ("",)
    source_codes(rows)[:] = [sources.index(offer.source) for offer in offers]
    return Bars(bars.symbol, bars.timeframe, rows, sources, bars.texts)


def _by_records(name: str, offers: list[Offer]) -> Bars:
    times = TIMES[name]
    return Bars.from_records(
        "BTCUSDT",
        name,
        [
            {
                "open_time": times[place],
                "close_time": times[place + 1] + message.late,
                "closed": closed,
                "finality": "flag" if source == "other" else None,
                **dict(zip(FIELDS, message.raws, strict=True)),
            }
            for place, message, closed, source in offers
        ],
    )


def _by_columns(name: str, offers: list[Offer]) -> Bars:
    times, read = TIMES[name], [[read_value(raw) for raw in offer.message.raws] for offer in offers]
    texts = [tuple(value.text for value in values) for values in read]
    return Bars.from_columns(
        "BTCUSDT",
        name,
        [times[offer.place] for offer in offers],
        *([values[at].number for values in read] for at in range(5)),
        closed=np.array([offer.closed is True for offer in offers], dtype=bool),
        close_time=[times[offer.place + 1] + offer.message.late for offer in offers],
        decimals=[sum(value.code << 6 * at for at, value in enumerate(values)) for values in read],
        texts={times[offer.place]: kept for offer, kept in zip(offers, texts, strict=True) if any(kept)},
    )
