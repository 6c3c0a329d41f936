"""The truth of the cache: random sequences of all that can happen to a series, against a plain model of it."""

from __future__ import annotations

import collections
import itertools
import random
import sys
import threading

import pytest
from hypothesis import Phase, event, given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from wealthsources import Bars, BarStore, Finality, Hole, SeriesBuffer, Timeframe
from wealthsources.live.series import Filled, Stored

from ..models.series import (
    ODD,
    PLACES,
    PLAIN,
    START,
    TIMES,
    Held,
    Judge,
    Message,
    Model,
    Offer,
    expected,
    follows,
    history,
    places,
    put,
    remembered,
    told,
)
from ..support.laws import tries

# the machine ---------------------------------------------------------------------------------------------------

FLAGS = st.sampled_from([None, None, None, False, True])
SKIPS = st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2, 5, 30])


def messages(pool: tuple[list, list]) -> st.SearchStrategy[Message]:
    prices, volumes = (st.sampled_from(raws) for raws in pool)
    return st.builds(
        Message, st.tuples(*map(st.just, ("9.5", "12.50", "8")), prices, volumes), st.sampled_from([-1, 0])
    )


MESSAGES = st.one_of(messages(PLAIN), messages(PLAIN), messages(ODD))


class CacheTruth(RuleBasedStateMachine):
    """One series and what happens to it. A twin lives through the same and is read seldom: reading changes nothing."""

    corrections: str
    closes_by = "successor"

    @initialize(name=st.sampled_from(["1h", "1w", "1M"]), capacity=st.integers(4, 12))
    def begin(self, name, capacity):
        self.name, self.now, self.epoch = name, 0.0, 1
        self.model = Model(capacity, self.corrections, self.closes_by)
        rules = {"capacity": capacity, "corrections": self.corrections, "closes_by": self.closes_by}
        self.stores = [BarStore("live", **rules) for _ in range(2)]
        self.judge, self.seldom = (
            Judge(store.series("BTCUSDT", Timeframe(name)), self.model, name) for store in self.stores
        )
        # Kept apart from the model, for the promises that are checked without it.
        self.sent: set[int] = set()  # by this connection, since it last lost a message
        self.sent_by = 0
        self.events: collections.Counter[int] = collections.Counter()
        self.ever_closed: set[int] = set()
        self.closed_by_history: set[int] = set()

    # rules -----------------------------------------------------------------------------------------------------

    def newest(self) -> int:
        return max(self.model.bars, default=START)

    def send(self, place: int, message: Message, flag: bool | None, epoch: int | None = None) -> None:
        self.now += 1.0
        epoch = self.epoch if epoch is None else epoch
        kind, closed, hole = self.model.put(place, message, flag, epoch, self.now)
        event(kind)
        times = TIMES[self.name]
        wanted = Stored(
            kind,
            tuple(times[at] for at in closed),
            None if hole is None else Hole(times[hole[0]], times[hole[1]], hole[1] - hole[0]),
        )
        for judge in (self.judge, self.seldom):
            assert put(judge.series, self.name, place, message, flag, epoch, self.now) == wanted
        self.note(place, flag, epoch, closed)

    def note(self, place: int, flag: bool | None, epoch: int, closed: tuple[int, ...]) -> None:
        """A bar is closed by its flag, or by successors on the connection that sent the bar itself; and just once."""
        if epoch > self.sent_by:
            self.sent, self.sent_by = set(), epoch
        if epoch == self.sent_by:
            self.sent.add(place)
        for at in closed:
            assert at in self.sent
            assert (flag and at == place) or sum(later > at for later in self.sent) >= self.model.successors
            self.events[at] += 1
            assert self.events[at] == 1

    @rule(skip=SKIPS, message=MESSAGES, flag=FLAGS)
    def a_new_bar(self, skip, message, flag):
        self.send(self.newest() + 1 + skip, message, flag)

    @rule(several=st.lists(st.tuples(SKIPS, MESSAGES, FLAGS), min_size=2, max_size=8))
    def new_bars(self, several):
        for skip, message, flag in several:
            self.send(self.newest() + 1 + skip, message, flag)

    @rule(message=MESSAGES, flag=FLAGS)
    def the_newest_bar_again(self, message, flag):
        self.send(self.newest(), message, flag)

    @rule(back=st.integers(1, 14), message=MESSAGES, flag=FLAGS)
    def an_older_bar(self, back, message, flag):
        self.send(self.newest() - back, message, flag)

    @precondition(lambda self: self.model.bars)
    @rule(pick=st.integers(0, 11), flag=FLAGS, message=MESSAGES)
    def a_bar_that_is_held_changes(self, pick, message, flag):
        self.send(self.held(pick), message, flag)

    @precondition(lambda self: self.model.bars)
    @rule(pick=st.integers(0, 11), flag=FLAGS)
    def an_exact_repeat(self, pick, flag):
        place = self.held(pick)
        self.send(place, self.model.bars[place].message, flag)

    def held(self, pick: int) -> int:
        """One of the bars that are held; 0 is the newest."""
        return sorted(self.model.bars)[-1 - pick % len(self.model.bars)]

    @precondition(lambda self: self.epoch > 1)
    @rule(ago=st.integers(1, 3), back=st.integers(-3, 5), message=MESSAGES, flag=FLAGS)
    def a_message_of_an_old_connection(self, ago, back, message, flag):
        self.send(self.newest() - back, message, flag, max(1, self.epoch - ago))

    @rule()
    def the_connection_is_lost(self):
        self.epoch += 1

    @rule()
    def a_message_is_lost(self):
        self.model.interrupt()
        self.sent = set()
        for judge in (self.judge, self.seldom):
            judge.series.interrupt()

    @rule(
        offers=st.lists(
            st.tuples(
                st.integers(-3, 16),
                MESSAGES,
                st.sampled_from([True, True, True, False, None]),
                st.sampled_from(["archive", "other", "live", ""]),
            ),
            max_size=12,
            unique_by=lambda offer: offer[0],
        ),
        by_columns=st.booleans(),
    )
    def a_backfill(self, offers, by_columns):
        newest = self.newest()
        found = sorted(Offer(newest - back, *rest) for back, *rest in offers)
        before = set(self.model.closed())
        wanted = self.model.fill({place: (message, source) for place, message, closed, source in found if closed})
        self.closed_by_history |= set(self.model.closed()) - before
        for store in self.stores:
            assert store.fill(history(self.name, found, by_columns)) == Filled(*wanted)

    @rule(
        end=st.none() | st.integers(-16, 2),
        start=st.none() | st.integers(-16, 2),
        count=st.none() | st.integers(1, 14),
        off=st.sampled_from([-1, 0, 1]),
    )
    def a_question(self, end, start, count, off):
        times, newest = TIMES[self.name], self.newest()
        end = None if end is None else times[newest + end] + off
        start = None if start is None else times[newest + start] + off
        self.judge.cut(self.judge.rows(), end, start, count)
        self.forming_in(end, start, count)

    def forming_in(self, end: int | None, start: int | None, count: int | None) -> None:
        """With a forming bar asked for, the closed ones are the same, and it follows unless the end lies before it."""
        closed = places(self.judge.series.snapshot(end, start, count))
        shown = self.judge.series.snapshot(end, start, count, forming_epoch=self.epoch)
        forming = self.model.forming(self.epoch)
        if places(shown) == closed:
            assert not forming or (end is not None and end < TIMES[self.name][forming[0]])
        else:
            assert places(shown) == closed + forming
            assert told(shown)[-1:] == self.judge.expected(forming)
        assert follows(closed) or not shown.unbroken

    @rule()
    def the_twin_is_read(self):
        self.seldom.cuts()
        self.seldom.content({self.epoch})

    # what always holds -----------------------------------------------------------------------------------------

    @invariant()
    def it_is_as_the_model_says(self):
        self.judge.content({self.epoch, self.model.epoch, max(1, self.model.epoch - 1)})
        self.judge.cuts()
        self.judge.each()

    @invariant()
    def what_is_closed_stays_closed_and_was_told_once_unless_a_history_brought_it(self):
        held = self.judge.series.all()
        closed = {place for place, bar in zip(places(held), held, strict=True) if bar.closed}
        assert self.ever_closed.isdisjoint(set(places(held)) - closed)
        self.ever_closed |= closed
        assert all(self.events[place] == (place not in self.closed_by_history) for place in closed)


class AcceptingCorrections(CacheTruth):
    corrections = "accept"


class RejectingCorrections(CacheTruth):
    corrections = "reject"


class WaitingForFlags(CacheTruth):
    corrections = "accept"
    closes_by = "flag"


SIZE = settings(
    max_examples=tries(20), stateful_step_count=40, report_multiple_bugs=False, phases=[Phase.generate, Phase.shrink]
)
TestTheTruthWhenCorrectionsAreAccepted = AcceptingCorrections.TestCase
TestTheTruthWhenCorrectionsAreAccepted.settings = SIZE
TestTheTruthWhenCorrectionsAreRejected = RejectingCorrections.TestCase
TestTheTruthWhenCorrectionsAreRejected.settings = SIZE
TestTheTruthWhenFlagsMayComeLate = WaitingForFlags.TestCase
TestTheTruthWhenFlagsMayComeLate.settings = SIZE


# laws beside the machine ---------------------------------------------------------------------------------------

BURST = st.lists(
    st.tuples(st.sampled_from([1, 1, 1, 2, 3]), st.lists(MESSAGES, min_size=1, max_size=3)), min_size=1, max_size=16
)


def settled(told_of_it: list[Message], corrections: str) -> Held:
    """What the messages of one bar, all flagged closed, come to."""
    held = Held(told_of_it[0], finality=Finality.FLAG)
    for message in told_of_it[1:]:
        if message.raws != held.message.raws and corrections == "accept":
            held.message, held.revision = message, held.revision + 1
    return held


@given(BURST, st.integers(1, 12), st.sampled_from(["accept", "reject"]), st.data())
def test_the_order_in_which_closed_bars_arrive_changes_nothing(burst, capacity, corrections, data):
    """Whatever the order between bars (each bar's own messages in theirs), with a full buffer too.

    The newest `capacity` bars are held if none is missing. Otherwise that is sure of those in the newest `capacity`
    windows: a hole that wide resets a series, and late bars may have closed it by then or not.
    """
    steps, said = zip(*burst, strict=True)
    of = dict(zip(itertools.accumulate(steps, initial=START), said, strict=False))
    model = Model(capacity, corrections)
    model.bars = {place: settled(told_of_it, corrections) for place, told_of_it in of.items()}
    series = SeriesBuffer("BTCUSDT", "1h", capacity, names=("live",), corrections=corrections)
    rest = {place: iter(told_of_it) for place, told_of_it in of.items()}
    arrivals = data.draw(st.permutations([place for place in of for _ in of[place]]))
    for now, place in enumerate(arrivals):
        put(series, "1h", place, next(rest[place]), True, 1, float(now))
    newest = sorted(of)[-capacity:]
    sure = newest if follows(sorted(of)) else [place for place in newest if place > newest[-1] - capacity]
    answer = series.snapshot()
    assert told(answer[-len(sure) :]) == expected(model, "1h", sure)
    assert set(places(answer)) <= set(newest)


@pytest.mark.parametrize("order", ["forward", "reversed", "shuffled"])
def test_of_a_burst_the_newest_thousand_are_held_in_order(order):
    arrivals = list(range(10_000))
    if order == "reversed":
        arrivals.reverse()
    elif order == "shuffled":
        random.Random(11).shuffle(arrivals)
    frame, first = Timeframe("1m"), 1_600_000_020_000
    series = SeriesBuffer("BTCUSDT", frame, 1000)
    for place in arrivals:
        value = float(place)
        series.put(first + place * 60_000, 0, (value, value, value, value, 1.0), closed=True)
    answer = series.snapshot()
    assert answer.open_times.tolist() == [first + place * 60_000 for place in range(9000, 10_000)]
    assert answer.values[:, 0].tolist() == [float(place) for place in range(9000, 10_000)]
    assert answer.unbroken


def test_bars_that_lost_connections_left_forming_are_forgotten_when_they_no_longer_fit():
    series = SeriesBuffer("BTCUSDT", "1h", 5)
    for epoch in range(1, 100):
        put(series, "1h", START + epoch, Message(("9.5", "12.50", "8", "10", ".5")), None, epoch, 0.0)
    assert remembered(series) == len(series) == 5


def one(raw: str = "1") -> Message:
    return Message(("9.5", "12.50", "8", "10", raw))


def send(series: SeriesBuffer, place: int, epoch: int = 1, raw: str = "1") -> Stored:
    return put(series, "1h", place, one(raw), None, epoch, 0.0)


def test_a_late_bar_from_before_a_hole_that_reset_the_series_is_too_old_and_is_not_closed_again():
    series = SeriesBuffer("BTCUSDT", "1h", 4)
    send(series, 100)
    assert send(series, 106).closed == (TIMES["1h"][100],)
    assert send(series, 100) == Stored("too_old")


def test_a_backfill_brings_nothing_back_from_before_a_hole_that_reset_the_series():
    store = BarStore("live", capacity=4)
    series = store.series("BTCUSDT", Timeframe("1h"))
    for place in (100, 106, 107):
        send(series, place)
    store.fill(history("1h", [Offer(100, one("7"), True, "archive")], by_columns=False))
    assert places(series.snapshot()) == [106]


def test_a_bar_that_a_reset_closed_and_let_go_of_is_told_with_its_own_text():
    series = SeriesBuffer("BTCUSDT", "1h", 4)
    send(series, 100, raw="0.12345678901234567890")
    assert send(series, 106).closed == (TIMES["1h"][100],)
    assert series.at(TIMES["1h"][100]).exact("volume") == "0.12345678901234567890"


def test_the_bar_that_can_be_told_after_a_reset_is_the_one_that_was_closed():
    series = SeriesBuffer("BTCUSDT", "1h", 4)
    send(series, 101, epoch=1)
    send(series, 100, epoch=2)
    assert send(series, 110, epoch=2).closed == (TIMES["1h"][100],)
    assert series.at(TIMES["1h"][101]) is None


def test_a_backfill_counts_the_bars_that_stayed():
    store = BarStore("live", capacity=2)
    for place in (108, 109, 110):
        send(store.series("BTCUSDT", Timeframe("1h")), place)
    old = history("1h", [Offer(100, one(), True, "archive")], by_columns=False)
    assert store.fill(old) == Filled(added=0, disagreements=0)


class Play:
    """A random sequence of messages, losses and backfills, with all that was ever true of the series."""

    def __init__(self, seed: int, capacity: int, length: int) -> None:
        self.random = random.Random(seed)
        self.model = Model(capacity, "accept")
        self.epoch = 1
        self.acts = []
        self.moments = {((), ())}  # everything closed, and the holes, after some act
        self.states: set[tuple] = set()  # of single bars, forming ones too
        for now in range(length):
            self.acts.append(self.act(float(now)))
            closed = expected(self.model, "1h", self.model.closed())
            self.moments.add((tuple(closed), tuple(self.model.holes())))
            self.states.update(expected(self.model, "1h", sorted(self.model.bars)))

    def message(self) -> Message:
        prices, volumes = self.random.choice([PLAIN, ODD])
        return Message(("9.5", "12.50", "8", self.random.choice(prices), self.random.choice(volumes)))

    def act(self, now: float):
        """One act, done to the model at once; what is returned does it to a store."""
        draw, newest = self.random, max(self.model.bars, default=START)
        kind = draw.choices(["new", "again", "late", "cut", "lost", "fill"], [30, 40, 20, 1, 2, 7])[0]
        if kind == "lost":
            self.model.interrupt()
            return lambda store: store.series("BTCUSDT", Timeframe("1h")).interrupt()
        if kind == "fill":
            found = sorted(draw.sample(range(newest - 25, newest), 6))
            offers = [Offer(place, self.message(), True, "archive") for place in found]
            self.model.fill({offer.place: (offer.message, offer.source) for offer in offers})
            return lambda store: store.fill(history("1h", offers, by_columns=False))
        self.epoch += kind == "cut"
        place = {"again": newest, "late": newest - draw.randrange(1, 30)}.get(kind, newest + draw.choice([1, 1, 1, 3]))
        args = (place, self.message(), draw.choice([None, None, True]), self.epoch, now)
        self.model.put(*args)
        return lambda store: put(store.series("BTCUSDT", Timeframe("1h")), "1h", *args)


class Reader(threading.Thread):
    """Asks without pause and keeps what it was told, each different answer once."""

    def __init__(self, series: SeriesBuffer, seed: int, looked: threading.Event, over: threading.Event) -> None:
        super().__init__()
        self.series, self.looked, self.over = series, looked, over
        self.random = random.Random(seed)
        self.whole: dict[tuple, Bars] = {}
        self.cut: dict[tuple, Bars] = {}
        self.holes: set[tuple[Hole, ...]] = set()

    def run(self) -> None:
        series, draw = self.series, self.random
        while not self.over.is_set():
            self.keep(self.whole, series.snapshot())
            self.holes.add(series.holes())
            self.keep(self.cut, series.snapshot(count=draw.randrange(1, 25), forming_epoch=draw.randrange(1, 17)))
            self.looked.set()

    @staticmethod
    def keep(kept: dict[tuple, Bars], answer: Bars) -> None:
        kept[answer.rows.tobytes(), answer.unbroken, tuple(sorted(answer.texts.items()))] = answer


def test_eight_readers_see_only_what_was_true_at_some_moment_while_a_writer_plays():
    play, store = Play(seed=8, capacity=20, length=1500), BarStore("live", capacity=20)
    series, over = store.series("BTCUSDT", Timeframe("1h")), threading.Event()
    looked = [threading.Event() for _ in range(8)]
    readers = [Reader(series, seed, event, over) for seed, event in enumerate(looked)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for reader in readers:
            reader.start()
        for number, act in enumerate(play.acts):
            act(store)
            if number % 30 == 0:  # so that all of them read all the time, whatever the machine
                looked[number // 30 % 8].clear()
                assert looked[number // 30 % 8].wait(20)
    finally:
        over.set()
        for reader in readers:
            reader.join()
        sys.setswitchinterval(interval)
    for reader in readers:
        check(reader, play)


def check(reader: Reader, play: Play) -> None:
    assert len(reader.whole) >= 5
    moments = {closed for closed, _ in play.moments}
    for answer in reader.whole.values():
        assert tuple(told(answer)) in moments
    for answer in itertools.chain(reader.whole.values(), reader.cut.values()):
        found = told(answer)
        assert set(found) <= play.states
        closed = [place for place, *_, finality, _, _ in found if finality is not None]
        assert [place for place, *_ in found] == sorted({place for place, *_ in found})
        assert follows(closed) or not answer.unbroken
    times = PLACES["1h"]
    holes = {tuple((times[hole.start], times[hole.end]) for hole in listed) for listed in reader.holes}
    assert holes <= {listed for _, listed in play.moments}
