"""Section F of the table of faults: many bars, many symbols, many readers."""

from __future__ import annotations

import contextlib
import gc
import itertools
import random
import threading
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from wealthsources import AllSourcesFailed, Bars, ClockError, Hole, SeriesBuffer, Timeframe
from wealthsources.resolve.chain import ChainLink, SourceChain
from wealthsources.resolve.query import Query
from wealthsources_simulator import Market

from ..support.laws import tries
from .case import SERIES, facts
from .histories import after, bars_of, until_set

# F11

MANY = 10_000


@pytest.mark.parametrize("order", ["burst", "shuffled", "reversed"])
def test_f11_ten_thousand_bars_at_once(case, order):
    """Sends 10,000 bars as fast as it can: in order, shuffled, or the newest first → the newest 1000 are kept, sorted,
    the same in each case, all closed but the newest."""
    case.serve(order, market=Market.made(bars=MANY + 10, updates=0))
    case.play(MANY)
    case.open()
    kinds = ("new", "repeat", "too_old")
    case.until(lambda: sum(case.counter(f"bars.{kind}") for kind in kinds) == MANY)
    case.counted("bars.new", 1000)
    assert case.counter("bars.new") == {"burst": MANY, "reversed": 1000}.get(order, case.counter("bars.new"))
    held = case.held()
    assert facts(held) == facts(list(bars_of(case.market)[MANY - 1000 : MANY]))
    assert [bar.closed for bar in held] == [True] * 999 + [False]
    assert facts(case.answer(count=2500)) == facts(case.market.closed(SERIES)[-2500:])


@given(order=st.permutations(range(60)), capacity=st.sampled_from([1, 7, 20, 60]))
@settings(max_examples=tries(20))
def test_f11_any_order_of_arrival(order, capacity):
    """Sends bars in any order at all → what is kept is the same, to the last bit."""
    frame = Timeframe("1h")

    def kept(places):
        series = SeriesBuffer("BTCUSDT", frame, capacity)
        for place in places:
            series.put(place * 3_600_000, (place + 1) * 3_600_000, (1.0 + place,) * 5)
        return series.all().rows.tobytes(), series.holes()

    assert kept(order) == kept(range(60))
    assert kept(order)[1] == ()


# F12


def memory_of(work: Callable[[], object]) -> int:
    """By how many bytes the memory of this process, the server's part included, has grown after `work()`."""
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def spellings(number: int) -> list[str]:
    """So many ways to write the one symbol that is asked for."""
    cases = itertools.product((str.upper, str.lower), repeat=7)
    cased = ["".join(how(letter) for letter, how in zip("BTCUSDT", case, strict=True)) for case in cases]
    ways = itertools.cycle(itertools.product(("", *"-_/.: "), cased))
    return [each[:3] + separator + each[3:] for separator, each in itertools.islice(ways, number)]


@pytest.mark.parametrize(
    ("symbols", "counter"),
    [([f"NOBODYASKED{number}" for number in range(5_000)], "unsolicited"), (spellings(5_000), "bars.repeat")],
    ids=["symbols nobody asked for", "spellings of the one that was"],
)
def test_f12_five_thousand_symbols(case, symbols, counter):
    """Sends bars of 5,000 symbols that nobody asked for, or of as many spellings of the one that was → they are
    counted, nothing is kept of them, and memory stays flat."""
    go = threading.Event()

    def send(peer, some):
        peer.send(*[peer.bar(symbol=symbol) for symbol in some])

    case.serve(
        after(
            12,
            lambda peer: send(peer, symbols[:500]),
            lambda peer: until_set(peer, go),
            lambda peer: send(peer, symbols),
        )
    )
    case.open(pong_timeout=120)  # a server that makes 5,000 messages answers no ping meanwhile
    case.connected()
    case.play(2.4)
    case.counted(counter, 500)

    def meet_them() -> None:
        go.set()
        case.counted(counter, 5_500)

    assert memory_of(meet_them) < 200_000  # the names alone would be more
    assert case.counter(counter) == 5_500
    assert case.live.cache.get_cached_symbols() == [SERIES]
    assert len(case.live.cache) == 1
    assert [stream.symbol for stream in case.status.streams] == ["BTCUSDT"]
    assert len(case.held()) == 3
    assert case.session.adapter().get_all_symbols() == ["BTCUSDT"]


def test_f12_five_thousand_symbols_by_name(case):
    """Sends bars of 5,000 symbols and goes on well → each is counted and the connection stays."""
    case.serve("unasked-symbols:5000")
    case.open()
    case.counted("unsolicited", 5_000)
    assert (case.counter("unsolicited"), len(case.live.cache)) == (5_000, 0)
    case.play(1)
    case.until(lambda: len(case.held()) == 1)
    assert (case.status.epoch, case.counter("attempts")) == (1, 1)


# F14


class Reader:
    """A thread that asks time and again, and looks closely at each answer."""

    def __init__(self, case, ask: Callable[[int], Bars], seed: int) -> None:
        self.answers = 0
        self._rng = random.Random(seed)
        self.seen: set[tuple[int, int]] = set()
        self.failure: BaseException | None = None
        self._truth = bars_of(case.market)
        self._ask = ask
        self._kept: list[tuple[Bars, bytes, object]] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="a reader", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._done.wait(0.01):  # else eight threads would leave the client no time at all
                with contextlib.suppress(AllSourcesFailed, ClockError):  # before the first bar
                    self._look_at(self._ask(self._rng.randint(1, 60)))
                self.answers += 1
        except BaseException as error:  # noqa: BLE001 - for the test to see
            self.failure = error

    def _look_at(self, bars: Bars) -> None:
        times = bars.open_times
        places = (times - self._truth[0].open_time) // 3_600_000
        steps = np.diff(places)
        assert (steps > 0).all(), "not in order, or one twice"
        missing = [
            Hole(int(times[place]) + 3_600_000, int(times[place + 1]), int(steps[place]) - 1)
            for place in np.flatnonzero(steps > 1)
        ]
        assert list(bars.holes) == missing, "a hole is not listed"
        assert facts(bars) == facts([self._truth[place] for place in places])
        assert all(bar.closed for bar in bars)
        if len(bars) and (key := (int(times[0]), int(times[-1]))) not in self.seen:
            self.seen.add(key)
            self._kept.append((bars, bars.rows.tobytes(), bars.holes))

    def stop(self) -> None:
        """End it."""
        self._done.set()
        self._thread.join(20)

    def look_back(self) -> None:
        """See that all answers were right, and that none has changed since it was given."""
        assert not self._thread.is_alive()
        if self.failure is not None:
            raise self.failure
        for bars, rows, holes in self._kept:
            assert (bars.rows.tobytes(), bars.holes) == (rows, holes)
            with pytest.raises(ValueError, match="read-only"):
                bars.rows[0, 2] = 1.0
            with pytest.raises(AttributeError, match="cannot be changed"):
                bars.holes = ()


@pytest.mark.parametrize("order", ["burst", "shuffled", "reversed"])
def test_f14_eight_readers_meanwhile(case, order):
    """Sends 10,000 bars in whatever order while eight threads read → every answer is in order, lists each of its
    holes, holds nothing but the truth, and never changes."""
    readers: list[Reader] = []

    def script(peer):
        peer.join()
        bars = peer.finals()
        if order != "burst":
            bars.reverse()
        if order == "shuffled":
            peer.rng.shuffle(bars)
        while len(readers) < 8:
            peer.attend(0.002)
        for part in range(0, MANY, 1000):
            peer.send(*bars[part : part + 1000])
            wanted = [reader.answers + 1 for reader in readers]  # so that all of them read meanwhile
            deadline = time.monotonic() + 1
            while time.monotonic() < deadline and any(
                reader.answers < least for reader, least in zip(readers, wanted, strict=True)
            ):
                peer.attend(0.002)
        peer.behave()

    def ask_live(count: int) -> Bars:
        alone = SourceChain([ChainLink("live", case.live)])
        return alone.resolve(Query("BTCUSDT", Timeframe("1h"), case.session.clock.now(), count)).bars

    case.serve(script, market=Market.made(bars=MANY + 10, updates=0))
    case.play(MANY)
    case.open(pong_timeout=60)  # with eight readers a pong waits long behind the bars before it
    adapter = case.session.adapter()
    asking = [ask_live, lambda count: adapter.get_history("BTCUSDT", count)] * 4
    readers += [Reader(case, ask, number) for number, ask in enumerate(asking)]
    try:
        kinds = ("new", "repeat", "too_old")
        case.until(lambda: sum(case.counter(f"bars.{kind}") for kind in kinds) == MANY, timeout=120)
    finally:
        for reader in readers:
            reader.stop()
    for reader in readers:
        reader.look_back()
    case.counted("bars.new")  # not 1000 of them: what a hole was filled with in time comes as a repetition
    assert min(len(reader.seen) for reader in readers) > 3
    assert facts(case.held()) == facts(list(bars_of(case.market)[MANY - 1000 : MANY]))
