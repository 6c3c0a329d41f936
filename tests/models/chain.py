"""A chain as a plain reference: the truth of a market, sources that tell it or do not, and what the answer must be."""

from __future__ import annotations

import dataclasses

from hypothesis import event, strategies as st

from wealthsources import AllSourcesFailed, Bars, Capabilities, NotHere, SeriesBuffer, Source, SourceError, Timeframe
from wealthsources.resolve.chain import ChainLink, SourceChain
from wealthsources.resolve.query import Query

LATE = 5_000
SLOTS = 24
FRAMES = [Timeframe(name) for name in ("1m", "1h", "1d", "1w", "1M")]
BASE = 1_600_000_000_000


class World:
    """The truth: what the bar of each slot finally is. Slot 0 is the first of the world."""

    def __init__(self, frame: Timeframe, missing: set[int]) -> None:
        self.frame = frame
        self.first = frame.slot(BASE)
        self.missing = missing  # windows in which the market had no bar

    def open_time(self, place: int) -> int:
        return self.frame.open_time(self.first + place)

    def end(self, place: int) -> int:
        return self.open_time(place + 1)

    def place(self, open_time: int) -> int:
        return self.frame.slot(open_time) - self.first

    @staticmethod
    def price(place: int) -> float:
        return 100.0 + place


@dataclasses.dataclass
class History(Source):
    """A list with holes. It may reach beyond now, hold the bar that is forming, fail, or return garbage."""

    world: World
    held: list[int]
    stated: bool | None
    mood: str
    capabilities: Capabilities = dataclasses.field(default_factory=lambda: Capabilities(blocking=False))

    def get_history(self, request):
        if self.mood == "raises":
            raise SourceError("down")
        world = self.world
        places = [
            place
            for place in self.held
            if world.end(place) <= request.end and (request.start is None or world.open_time(place) >= request.start)
        ]
        places = places[-request.count :] if request.count is not None else places
        if not places and not self.capabilities.authoritative:
            raise NotHere("nothing of that")
        if self.mood == "looks ahead":
            places += [place for place in self.held if world.end(place) > request.end]
        if self.mood == "shuffles":
            places = [*reversed(places), places[0]]
        return columns(world, places, self.stated)

    def vouches_for(self, place: int, query: Query) -> bool:
        if self.mood in ("raises", "shuffles") or place not in self.held:
            return False
        if self.stated:
            return True
        return self.world.end(place) <= query.now - query.late_after


def columns(world: World, places: list[int], closed: bool | None) -> Bars:
    prices = [world.price(place) for place in places]
    times = [world.open_time(place) for place in places]
    return Bars.from_columns("BTCUSDT", world.frame, times, prices, prices, prices, prices, prices, closed=closed)


class Live(Source):
    """A real SeriesBuffer, fed by a server that tells the truth over connections that are cut."""

    capabilities = Capabilities(live=True, blocking=False)

    def __init__(self, world: World) -> None:
        self.world = world
        self.buffer = SeriesBuffer("BTCUSDT", world.frame, 1000)
        self.epoch = 1
        self.connected = True
        self.evidence: set[int] = set()  # closed by a successor on the connection that sent the final state
        self.final: dict[int, int] = {}  # place -> the connection that sent its final state last
        self.seen: dict[int, int] = {}  # connection -> newest place it sent

    def push(self, place: int, final: bool) -> None:
        if not self.connected or place in self.world.missing:
            return
        price = self.world.price(place) if final else 1.0 + place / 1000
        opened = self.world.open_time(place)
        self.buffer.put(opened, opened, (price,) * 5, epoch=self.epoch, arrived=0.0)
        self.seen[self.epoch] = max(place, self.seen.get(self.epoch, place))
        if final:
            self.final[place] = self.epoch
        for other, epoch in self.final.items():
            if self.seen.get(epoch, -1) > other:
                self.evidence.add(other)

    def cut(self) -> None:
        self.connected = False

    def heal(self) -> None:
        if not self.connected:
            self.connected = True
            self.epoch += 1

    def get_history(self, request):
        forming = self.epoch if request.include_forming and self.connected else None
        bars = self.buffer.snapshot(request.end, request.start, request.count, forming_epoch=forming)
        if not len(bars):
            raise NotHere("nothing")
        return bars

    def vouches_for(self, place: int, query: Query) -> bool:
        return query.live and place in self.evidence


@st.composite
def worlds(draw):
    missing = draw(st.sets(st.integers(1, SLOTS - 2), max_size=3))
    return World(draw(st.sampled_from(FRAMES)), missing)


@st.composite
def histories(draw, world: World, now: int):
    """An exchange's own history knows all that ever was, but may be half an hour late; others have what they have."""
    authoritative = draw(st.sampled_from([False, False, True]))
    existing = [place for place in range(SLOTS + 4) if place not in world.missing]
    if authoritative:
        late = draw(st.sampled_from([0, 1_800_000]))
        held = [place for place in existing if world.end(place) <= now - late]
        mood = draw(st.sampled_from(["fine", "fine", "raises"]))
    else:
        held = sorted(draw(st.sets(st.sampled_from(existing))))
        mood = draw(st.sampled_from(["fine", "fine", "fine", "raises", "shuffles", "looks ahead"]))
    stated = draw(st.sampled_from([None, True]))
    states_closed = True if stated else None
    return History(
        world,
        held,
        stated,
        mood,
        Capabilities(blocking=False, authoritative=authoritative, states_closed=states_closed),
    )


@st.composite
def played_live(draw, world: World, until: int):
    """A live source that has lived through the world up to slot `until`, with cuts."""
    live = Live(world)
    for place in range(draw(st.integers(0, SLOTS)), until + 1):
        for step in ("first", "final"):
            if step == "final" and place == until and draw(st.booleans()):
                continue
            what = draw(st.sampled_from(["ok"] * 8 + ["cut", "heal", "skip"]))
            if what == "cut":
                live.cut()
            elif what == "heal":
                live.heal()
            # A server may leave out updates, but before a bar's successor it sends what the bar finally was.
            if what != "skip" or step == "final":
                live.push(place, step == "final")
    return live


@st.composite
def cases(draw):
    world = draw(worlds())
    now_place = draw(st.integers(0, SLOTS))
    inside = world.end(now_place) - world.open_time(now_place)
    now = world.open_time(now_place) + draw(st.sampled_from([0, 1, LATE - 1, LATE, inside // 2, inside - 1]))
    sources: list[Source] = []
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.integers(0, 2)) == 0:
            sources.append(draw(played_live(world, now_place)))
        else:
            sources.append(draw(histories(world, now)))
    late_after = draw(st.sampled_from([0, LATE]))
    live = draw(st.booleans())
    count, start, end = None, None, None
    if draw(st.booleans()):
        count = draw(st.integers(1, SLOTS + 5))
    else:
        start = world.open_time(draw(st.integers(0, SLOTS))) + draw(st.sampled_from([0, 1, -1]))
    if draw(st.booleans()):
        end = world.open_time(draw(st.integers(0, SLOTS + 3))) + draw(st.sampled_from([0, 1, -1]))
    query = Query("BTCUSDT", world.frame, now, count, start, end, draw(st.booleans()), live, late_after if live else 0)
    return world, sources, query


def reference(world: World, sources: list[Source], query: Query) -> dict[int, int]:
    """place -> index of the source it must come from: the first that vouches for the bar as closed."""
    found: dict[int, int] = {}
    for place in range(-1, SLOTS + 5):
        if world.end(place) > query.limit or (query.start is not None and world.open_time(place) < query.start):
            continue
        for index, source in enumerate(sources):
            if source.vouches_for(place, query):
                found[place] = index
                break
    if query.count is not None:
        newest = sorted(found)[-query.count :]
        found = {place: found[place] for place in newest}
    return found


def resolve(sources: list[Source], query: Query) -> Bars | None:
    chain = SourceChain([ChainLink(str(index), source) for index, source in enumerate(sources)])
    try:
        return chain.resolve(query).bars
    except AllSourcesFailed:
        return None


def check_answer(world: World, sources: list[Source], query: Query, bars: Bars | None) -> None:
    wanted = reference(world, sources, query)
    if bars is None:
        assert not wanted, f"the chain found nothing, though {wanted} are vouched for"
        return
    answer = {world.place(int(time)): bar for time, bar in zip(bars.open_times, bars, strict=True)}
    forming = [place for place, bar in answer.items() if not bar.closed]
    closed = {place: bar for place, bar in answer.items() if bar.closed}
    if forming:
        event("forming bar in the answer")
        check_forming(world, sources, query, forming, closed)
        if query.count is not None and len(wanted) == query.count:
            del wanted[min(wanted)]
    assert set(closed) == set(wanted)
    for place, bar in closed.items():
        assert bar.close == world.price(place), "a wrong closed bar"
        assert world.end(place) <= query.limit, "a bar ahead of now"
        assert bar.source == str(wanted[place]), "a later source beat an earlier one"
    check_missing(world, query, bars, sorted(closed))


def check_forming(world, sources, query, forming, closed) -> None:
    assert query.include_now
    assert query.live
    assert len(forming) == 1
    assert world.open_time(forming[0]) <= query.now
    assert all(place < forming[0] for place in closed)
    assert query.end is None or query.end >= query.now


def check_missing(world: World, query: Query, bars: Bars, closed: list[int]) -> None:
    """Every bar between the oldest and the newest is there, in a hole, or one that never existed."""
    listed: set[int] = set()
    for hole in bars.holes:
        places = set(range(world.place(hole.start), world.place(hole.end)))
        assert hole.count == len(places)
        assert not places & listed
        listed |= places
    if not closed:
        assert not listed
        return
    between = set(range(closed[0], closed[-1] + 1)) - set(closed)
    assert listed <= between, "a hole that is none"
    assert between - listed <= world.missing, "a missing bar that nobody is told of"
    newest_due = world.place(min(query.limit, query.now - query.late_after)) - 1
    due = set(range(closed[-1] + 1, newest_due + 1))
    if not due - world.missing:
        assert bars.behind <= len(due)
    else:
        assert bars.behind == len(due), "the tail is not told"
