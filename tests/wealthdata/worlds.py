"""Worlds for the tests of point in time: what sources hold, once with a future and once cut at a moment.

The market is one random walk of minutes per symbol, and bars of every timeframe made of it. A world takes some of these
bars, spreads them over the sources of a deployment, and adds a future that may be anything: the market's, another
market's, with holes, with bars that say that they are closed. What ends by the moment is the same in both.
"""

from __future__ import annotations

import dataclasses
import functools
from operator import attrgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from wealthsources import Bars, Timeframe
from wealthsources.model.rows import BY_HISTORY, FORMING, UNSET, statuses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BEGIN = 1_701_043_200_000  # Monday, 2023-11-27
END = BEGIN + 99 * DAY  # 2024-03-05
#: Moments lie in here: behind them are two months, and before them days to come.
EARLIEST, LATEST = BEGIN + 66 * DAY, END - 6 * DAY
SYMBOLS = ("BTCUSDT", "ETHUSDT")
MINUTES = Timeframe("1m")
FRAMES = [Timeframe(name) for name in Timeframe.known()]
ZONES = ("UTC", "Asia/Shanghai", "America/New_York")
CHAINS = (
    ("live", "first", "context"),
    ("file", "context", "live", "second"),
    ("first", "second", "live", "context"),
    ("context", "live", "file", "first"),
)
IN_MEMORY = ("first", "second")
#: What is said of each bar's being closed: nothing, yes, no, or any of these.
STATES = {"": [UNSET], "yes": [BY_HISTORY], "no": [FORMING], "any": [UNSET, BY_HISTORY, FORMING]}


# the market ----------------------------------------------------------------------------------------------------


@functools.cache
def market(symbol: str, frame: Timeframe, other: bool = False) -> Bars:
    """All bars of the walk, or of another one. Numpy makes the longer ones, not the code that is tested."""
    if frame is MINUTES:
        return _walk(symbol, other)
    minutes = market(symbol, MINUTES, other)
    slots = frame.slots(minutes.open_times)
    starts = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
    stops = np.append(starts[1:], len(slots))
    opened, high, low, closed, volume = minutes.values.T
    columns = (
        *(opened[starts], np.maximum.reduceat(high, starts), np.minimum.reduceat(low, starts)),
        *(closed[stops - 1], np.add.reduceat(volume, starts)),
    )
    times = frame.open_times(slots[starts])
    whole = (times >= BEGIN) & (frame.ends(times) <= END)
    return Bars.from_columns(symbol, frame, times[whole], *(column[whole] for column in columns))


def _walk(symbol: str, other: bool) -> Bars:
    length = (END - BEGIN) // MINUTE
    chance = np.random.default_rng(SYMBOLS.index(symbol) + 10 * other)
    prices = 500 + np.arange(length)[:, None] % 211 + chance.integers(-20, 21, (length, 4)) / 4
    volume = chance.integers(1, 10, length)
    values = (prices[:, 0], prices.max(axis=1), prices.min(axis=1), prices[:, 3], volume)
    return Bars.from_columns(symbol, MINUTES, BEGIN + np.arange(length) * MINUTE, *values)


# what a world holds --------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Part:
    """Bars of `count` windows without some: of which walk, and what is said of their being closed."""

    first: int
    count: int
    missing: float = 0.0
    chance: int = 0
    other: bool = False
    closed: str = ""

    @property
    def slots(self) -> NDArray[np.int64]:
        kept = np.random.default_rng(self.chance).random(max(0, self.count)) >= self.missing
        return self.first + np.flatnonzero(kept)

    def rows(self, symbol: str, frame: Timeframe) -> NDArray[np.float64]:
        whole = market(symbol, frame, self.other)
        rows: NDArray[np.float64] = whole.rows[self.slots - frame.slot(int(whole.open_times[0]))]
        statuses(rows)[:] = np.random.default_rng(self.chance).choice(STATES[self.closed], len(rows))
        return rows


@dataclasses.dataclass(frozen=True)
class Series:
    """One series of one source: bars that end by the moment, and a future."""

    place: str
    symbol: str
    frame: Timeframe
    past: Part
    future: Part

    @property
    def key(self) -> tuple[str, str]:
        return self.symbol, self.frame.name

    @property
    def end(self) -> int | None:
        """The end of its past."""
        slots = self.past.slots
        return self.frame.open_time(int(slots[-1]) + 1) if len(slots) else None

    def bars(self, full: bool) -> Bars:
        parts = (self.past, self.future) if full else (self.past,)
        return Bars(self.symbol, self.frame, np.concatenate([part.rows(self.symbol, self.frame) for part in parts]))

    def records(self, full: bool, kind: type) -> list[Any]:
        """As an engine has them: mappings or objects, with a flag only where something is said."""
        bars = self.bars(full)
        columns = zip(bars.open_times.tolist(), bars.ends.tolist(), bars.values.tolist(), bars.states, strict=True)
        return [
            kind(
                open_time=opened,
                close_time=end - 1,
                **dict(zip(("open", "high", "low", "close", "volume"), values, strict=True)),
                **({} if state == UNSET else {"closed": bool(state != FORMING)}),
            )
            for opened, end, values, state in columns
        ]

    def text(self, full: bool) -> str:
        """A file; the last line of a future may be cut off, as while it is written."""
        bars = self.bars(full)
        rows = zip(bars.open_times.tolist(), bars.values.tolist(), strict=True)
        text = "open_time,open,high,low,close,volume\n"
        text += "".join(f"{opened},{','.join(map(str, values))}\n" for opened, values in rows)
        return text[:-1] if full and len(self.future.slots) and self.future.closed == "no" else text


@dataclasses.dataclass(frozen=True)
class World:
    """What a deployment and an engine have at the time `now`, and how they give it.

    zone     that of dates and labels
    chain    the order of the sources; none: the context alone
    clock    by what the context tells the time
    kind     what its bars are, dict or SimpleNamespace
    mapping  whether it is a mapping itself
    loose    sources in memory that give all they have, whatever they are asked for; others are authoritative, blocking
             or failing, or several of these
    greedy   whether the context's own history gives all
    mode     that of the binding
    """

    now: int
    zone: str
    series: tuple[Series, ...]
    chain: tuple[str, ...] = ()
    clock: str = "now_ms"
    kind: type = dict
    mapping: bool = False
    loose: tuple[str, ...] = ()
    authoritative: tuple[str, ...] = ()
    blocking: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    greedy: bool = False
    mode: str = "backtest"

    def of(self, place: str) -> list[Series]:
        return [each for each in self.series if each.place == place]


# drawing one ---------------------------------------------------------------------------------------------------

_FRAME, _SYMBOL, _YES_OR_NO = st.sampled_from(FRAMES), st.sampled_from(SYMBOLS), st.booleans()
_HELD = st.sampled_from([*FRAMES, *map(Timeframe, ("1m", "1m", "1m", "5m", "1h", "1h", "1d"))])
_LENGTH, _LATE = st.sampled_from([2, 40, 40, 400, 3000, 3000, 0]), st.sampled_from([0, 0, 1, 3])
_FUTURE, _SELDOM = st.sampled_from([5, 100, 0]), st.sampled_from([False, False, False, True])
_MISSING, _CHANCE = st.sampled_from([0.0, 0.0, 0.2]), st.integers(0, 1000)
_CLOSED, _CLOSED_LATER = st.sampled_from(["", "", "yes", "yes", "no", "any"]), st.sampled_from(["", "yes", "no", "any"])
_MINUTES = st.integers(EARLIEST // MINUTE, LATEST // MINUTE)
_APART = st.sampled_from([0, 0, 0, -1, 1, -MINUTE, 7 * MINUTE, 25_000, 13 * HOUR])
_CHAIN = st.sampled_from(((), (), *CHAINS))
_SOME = st.sampled_from([(), (), ("first",), ("second",), IN_MEMORY])
_FEW = st.sampled_from([*[()] * 6, ("first",), ("second",), IN_MEMORY])


@st.composite
def moments(draw) -> int:
    """At, just before and just after the ends of bars of all timeframes, and anywhere."""
    return draw(_FRAME).floor(draw(_MINUTES) * MINUTE) + draw(_APART)


@st.composite
def many(draw, now: int, places: Sequence[str], honest: bool) -> Series:
    """A series; in an honest one all that is past is what the market did."""
    frame, symbol, place = draw(_HELD), draw(_SYMBOL), draw(st.sampled_from(places))
    times = market(symbol, frame).open_times
    oldest, ahead, newest = frame.slot(int(times[0])), frame.slot(now), frame.slot(int(times[-1]))
    stop = ahead - draw(_LATE)
    first = max(oldest, stop - min(draw(_LENGTH), 3000 if place in IN_MEMORY else 400))
    late = ahead + draw(_LATE)
    count = min(draw(_FUTURE), newest + 1 - late)
    other = not honest and draw(_YES_OR_NO)
    past = Part(first, stop - first, draw(_MISSING), draw(_CHANCE), other, draw(_CLOSED))
    future = Part(late, count, draw(_MISSING), draw(_CHANCE), draw(_YES_OR_NO), draw(_CLOSED_LATER))
    return Series(place, symbol, frame, past, future)


@st.composite
def worlds(draw, honest: bool = False) -> World:
    """Any world; in an honest one all that is past is what the market did."""
    now, chain = draw(moments()), draw(_CHAIN)
    places = ("own", *(place for place in chain or ("context",) if place != "live"))
    series = draw(st.lists(many(now, places, honest), min_size=1, max_size=5, unique_by=attrgetter("place", "key")))
    clocks = ["now_ms", "current_dt", "naive"]
    if now % MINUTE == 0:
        clocks += ["current_bar", "forming"]
    if any(each.place == "context" and each.end == now for each in series):
        clocks += ["held"] * 2
    # An authoritative source says of what it leaves out that there was none. An honest one leaves nothing out.
    lying = {each.place for each in series if honest and each.past.missing}
    return World(
        now,
        draw(st.sampled_from(ZONES)),
        tuple(series),
        chain,
        draw(st.sampled_from(clocks)),
        kind=draw(st.sampled_from([dict, SimpleNamespace])),
        mapping=draw(_SELDOM),
        loose=draw(_SOME),
        authoritative=tuple(name for name in draw(_SOME) if name not in lying),
        blocking=draw(_FEW),
        failing=draw(_FEW),
        greedy=draw(_YES_OR_NO),
        mode=draw(st.sampled_from(["backtest", "auto"])),
    )
