"""Section F of the table of faults: what becomes of bars in the chain, beside other sources."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pandas as pd
import pytest

import wealthdata
from wealthsources import AllSourcesFailed, Bars, NotHere, Session, StaleDataError
from wealthsources.runtime.clocks import SystemClock
from wealthsources_simulator import Market, MarketServer

from ..support.bars import sources
from ..support.live_source import use_policies
from .case import QUICK, SERIES, TOKEN, facts
from .histories import Told, at, bars_of, hole, knows, number_of, skipping, stranger

# F10


def second_feed(case, chain, market):
    """A session of the case's server and then of another one with that market; the source that reads the latter."""
    server = MarketServer(market, token=TOKEN)
    case.servers.append(server)
    server.start()
    chain("live", {"name": "other", "plugin": "websocket", "options": {**QUICK, "endpoint": server.url}})
    case.connected()
    other = case.session.source("other")
    case.until(lambda: other.status().state == "connected")
    return other


@contextlib.contextmanager
def backfills_held(session: Session) -> Iterator[None]:
    """Nothing is backfilled while the block runs: both threads that would do it wait for its end."""
    begun, done = threading.Semaphore(0), threading.Event()
    for _ in range(2):
        session._fillers.submit(lambda: (begun.release(), done.wait(60)))
    assert all(begun.acquire(timeout=30) for _ in range(2))
    try:
        yield
    finally:
        done.set()


@pytest.mark.parametrize("differing", [True, False], ids=["another volume", "the same volume"])
def test_f10_one_bar_through_two_feeds(case, chain, monkeypatch, differing):
    """Two feeds have the same bars, one with other volumes, and the first has holes → bar by bar the first feed wins,
    the second one fills its holes, and disagreements are counted under the names of both."""
    bars = bars_of(case.market)
    use_policies(monkeypatch, first_retry=1.0)
    others = [dataclasses.replace(bar, volume="7.7") if place in (1, 3, 5) else bar for place, bar in enumerate(bars)]
    second = Market({SERIES: others if differing else bars})
    case.serve(skipping(lambda played: number_of(case, played) in (2, 4)))
    other = second_feed(case, chain, second)
    case.play(6.4)
    case.until(lambda: len(case.closed()) == 4)
    assert case.answer().holes == (hole(case, 2, 3), hole(case, 4, 5))
    assert case.session.status().disagreements == {}

    with backfills_held(case.session):
        second.play(6.4)
        case.until(lambda: other.cache.get_cache_size() == 7)
        answer = case.answer()
        assert (answer.holes, facts(answer)) == ((), facts(case.market.closed(SERIES)))
        assert sources(answer) == ["live", "live", "other", "live", "other", "live"]
        # The second feed was asked for the holes, what lay between them and a bar on either side: both have 1, 3 and 5.
        assert case.session.status().disagreements == ({"live against other": 3} if differing else {})
        assert case.session.status().label_shifts == {}
        explained = case.session.adapter().explain("BTCUSDT", start=at(case, 0))
        assert ("3 differ" in str(explained)) == differing

    case.counted("backfilled", 2)
    if differing:
        # Bars 1 and 5 were asked for too, as neighbours; bar 3 twice, if the second feed was so slow that each hole was
        # filled on its own.
        case.counted("disagreements", 3)
        assert case.counter("disagreements") in (3, 4)
    else:
        assert case.counter("disagreements") == 0
    assert sources(case.answer()) == ["live", "live", "other", "live", "other", "live"]


def test_f10_a_second_feed_that_is_ahead(case, chain):
    """The second feed has closed a bar, with another volume, that the first is still forming when it asks for a hole
    → the hole is filled, and that bar stays the first feed's: forming, and then closed with its own values."""
    bars = [
        dataclasses.replace(bar, volume="7.7") if place == 3 else bar for place, bar in enumerate(bars_of(case.market))
    ]
    second = Market({SERIES: bars})
    case.serve("skip-bars:2", market=Market.made())
    other = second_feed(case, chain, second)
    second.play(5.4)
    case.until(lambda: other.cache.get_cache_size() == 6)
    told = Told(case)
    case.play(3.4)
    case.counted("backfilled", 2)
    assert [bar.closed for bar in case.held()] == [True, True, True, False]
    assert [bar.source for bar in case.held()] == ["live", "other", "other", "live"]
    assert sources(case.answer()) == ["live", "other", "other", "other", "other"]  # of what has ended by now
    case.play(2)
    case.until(lambda: sum(event.source == "live" and event.bar.closed for event in told.of("bar")) == 3)
    assert [bar.exact("volume") for bar in case.closed()] == [bar.volume for bar in bars_of(case.market)[:5]]
    assert sources(case.answer()) == ["live", "other", "other", "live", "live"]


# F16


@pytest.fixture
def gone_silent(case, chain):
    """A chain in which live has bars 0 and 1 and part of 2, and is heard of no more; now is soon after bar 29 ended.

    `gone_silent(way, "live", "context", …)` gives an adapter whose context has bars 0 to 20.
    """
    wall = [at(case, 0)]

    def make(way: str, *others):
        silent = threading.Event()

        def script(peer):
            peer.join()
            peer.pass_on(12)
            if way == "is down":
                peer.server.close_port()
            else:
                silent.set()
                peer.stay()

        case.serve(script)
        chain("live", *others, clock=SystemClock(lambda: wall[0]))
        case.connected()
        case.play(2.4)
        case.until(lambda: len(case.held()) == 3)
        if way == "is down":
            case.counted("lost.cut")
        else:
            case.live._streams[SERIES].limit = 0.2  # as good as the hours that it may be silent
            case.counted("stale_streams")
        wall[0] = at(case, 30) + 10_000
        records = [{**dataclasses.asdict(bar), "close_time": bar.end} for bar in bars_of(case.market)[:21]]
        lists = [{"symbol": "BTCUSDT", "timeframe": "1h", "bars": records}]
        context = SimpleNamespace(market_data_context=lists, current_bar=records[-1])
        return case.session.adapter(context, mode="live")

    yield make
    wall[0] = 0  # from now on it is as late as the stream says, so that the truth can be checked
    case.live._streams[SERIES].limit = 3600.0
    for peer in case.server.peers:
        peer.cut()
    case.server.open_port()
    case.connected(2)
    case.play(28)


WAYS = pytest.mark.parametrize("way", ["is down", "is silent"])


@WAYS
def test_f16_the_tail_comes_from_the_sources_that_have_it(gone_silent, case, way):
    """Is down, or goes silent, while the Context and then the archive have newer bars → the answer is whole, its tail
    from them in their order, nothing forming is shown, and `explain` says what live cannot vouch for."""
    adapter = gone_silent(way, "context", "archive")
    answer = adapter.get_history("BTCUSDT", 40, on_stale="raise", include_now=True)
    assert facts(answer) == facts(list(bars_of(case.market)[:30]))
    assert sources(answer) == ["live"] * 2 + ["context"] * 19 + ["archive"] * 9
    assert all(bar.closed for bar in answer)
    assert (answer.holes, answer.behind) == ((), 0)
    explained = adapter.explain("BTCUSDT", 40)
    assert [(attempt.source, attempt.outcome, attempt.bars) for attempt in explained.attempts] == [
        ("live", "bars", 2),
        ("context", "bars", 19),
        ("archive", "bars", 9),
    ]
    assert "cannot vouch for the newest bars" in explained.attempts[0].reason
    assert explained.attempts[0].reason in str(explained)
    assert case.status.streams[0].state == "stale"


@WAYS
def test_f16_a_tail_that_nobody_has_whole(gone_silent, case, way):
    """Is down, or goes silent, and the Context is behind as well → what there is is refused as stale, with what each
    source said; or marked, if so told."""
    adapter = gone_silent(way, "context")
    with pytest.raises(StaleDataError, match="the newest 9 bars are missing") as caught:
        adapter.get_history("BTCUSDT", 40, on_stale="raise")
    assert "cannot vouch for the newest bars" in str(caught.value)
    assert [attempt.source for attempt in caught.value.attempts] == ["live", "context"]
    answer = adapter.get_history("BTCUSDT", 40)
    assert (answer.behind, sources(answer)) == (9, ["live"] * 2 + ["context"] * 19)
    assert facts(answer) == facts(list(bars_of(case.market)[:21]))
    case.market.snapshot = 48  # there is no archive: who connects anew is told everything


# F17


@pytest.fixture
def hanging(chain):
    """An answer that does not come before the test is over."""
    over = threading.Event()
    yield lambda request: over.wait(30)
    over.set()


def columns(request, times=(0, 1, 2), **changes) -> Bars:
    """Three bars of the request's series, but for the changes."""
    first = request.timeframe.floor(request.start or 0)
    values = {"open": [10.0] * 3, "high": [12.0] * 3, "low": [9.0] * 3, "close": [11.0] * 3, "volume": [5.0] * 3}
    symbol, timeframe = changes.pop("symbol", request.symbol), changes.pop("timeframe", request.timeframe)
    open_times = [int(first + place * 3_600_000) for place in times]
    return Bars.from_columns(symbol, timeframe, open_times, **{**values, **changes}, closed=True)


def raises(error: BaseException):
    def answer(request):
        raise error

    return answer


def gives(**changes):
    return lambda request: columns(request, **changes)


USELESS = {
    "raises": (raises(OSError("no disk")), "OSError: no disk"),
    "exits": (raises(SystemExit(1)), "raised SystemExit"),
    "hangs": (None, "gave no answer within 0.15 s (source_deadline)"),
    "nothing": (lambda request: None, "returned NoneType, not Bars"),
    "a list": (lambda request: [{"open_time": 1, "close": 2}], "returned list, not Bars"),
    "a frame": (lambda request: pd.DataFrame({"close": [1.0]}), "returned DataFrame, not Bars"),
    "another symbol": (gives(symbol="ETHUSDT"), "returned ETHUSDT 1h when asked for BTCUSDT 1h"),
    "another timeframe": (gives(timeframe="4h", times=(0, 4, 8)), "returned BTCUSDT 4h when asked for BTCUSDT 1h"),
    "out of order": (gives(times=(0, 2, 1)), "open_time is not after the one before"),
    "one bar twice": (gives(times=(0, 1, 1)), "open_time is not after the one before"),
    "off the grid": (gives(times=(0, 1, 1.5)), "is not on the 1h grid"),
    "seconds": (gives(times=(-444_000, -443_999, -443_998)), "is not a time in ms of 1980 to 2200"),
    "no number": (gives(close=[11.0, float("nan"), 11.0]), "is not a finite number"),
    "infinity": (gives(volume=[5.0, float("inf"), 5.0]), "is not a finite number"),
    "high below low": (gives(high=[12.0, 8.0, 12.0]), "high 8.0 is below low 9.0"),
    "close above high": (gives(close=[11.0, 12.5, 11.0]), "open 10.0 or close 12.5 is above high 12.0"),
    "negative volume": (gives(volume=[5.0, -1.0, 5.0]), "volume: -1.0 is negative"),
}


@pytest.mark.parametrize(("answer", "reason"), USELESS.values(), ids=USELESS)
def test_f17_a_source_of_no_use(case, chain, hanging, answer, reason):
    """A source raises, hangs, or returns garbage or another symbol → its answer is dropped and said to have failed,
    the others answer, in time; after five such answers in a row it is left alone, and its state says so."""
    case.serve()
    first = stranger(answer or hanging, "stranger", blocking=True)
    chain(first, "live", "archive", set_to={"source_deadline": 0.15})
    case.connected()
    case.play(5.4)
    case.until(lambda: len(case.closed()) == 5)
    case.counted("bars.new", 6)
    source = case.session.source("stranger")
    for number in range(1, 8):
        began = time.monotonic()
        bars = case.answer()
        assert time.monotonic() - began < 2
        assert facts(bars) == facts(case.market.closed(SERIES))
        assert sources(bars) == ["live"] * 5
        (failed,) = bars.failed
        assert (failed.source, failed.outcome) == ("stranger", "failed")
        if number == 1:
            assert reason in failed.reason
        assert failed.reason.startswith("not asked: failed 5 times in a row, the last: ") == (number > 5)
    assert len(source.asked) == (2 if answer is None else 5)  # a third that would hang too is not even begun
    status = case.session.status().sources["stranger"]
    assert status.state == "failing"
    assert status.reason.startswith("failed 5 times in a row, the last: ")
    assert case.session.status().sources["live"].state == "connected"


def test_f17_a_source_that_is_of_use_again(case, chain):
    """A source that was left alone works again → one request tries it after a while, and then it has its place in the
    chain again."""
    case.serve()
    settings_of_breaker = {"breaker_failures": 2, "breaker_probe_after": 0.2}
    chain(stranger(raises(OSError("no disk")), "stranger", blocking=True), "live", set_to=settings_of_breaker)
    case.connected()
    case.play(5.4)
    case.until(lambda: len(case.closed()) == 5)
    case.counted("bars.new", 6)
    for _ in range(2):
        assert sources(case.answer()) == ["live"] * 5
    assert case.session.status().sources["stranger"].state == "failing"
    case.session.source("stranger").answer = knows(case)
    case.until(lambda: sources(case.answer()) == ["stranger"] * 5)
    assert case.session.status().sources["stranger"].state == "ready"
    assert len(case.session.source("stranger").asked) == 3


def test_f17_a_source_that_has_nothing_is_no_failure(case, chain):
    """A source says time and again that it has nothing → it is asked every time, and is not called failing."""
    case.serve()
    chain(stranger(raises(NotHere("nothing of that")), "stranger", blocking=True), "live")
    case.connected()
    case.play(2.4)
    case.counted("bars.new", 3)
    for _ in range(7):
        bars = case.answer()
        assert (bars.failed, sources(bars)) == ((), ["live"] * 2)
    assert len(case.session.source("stranger").asked) == 7
    assert case.session.status().sources["stranger"].state == "ready"


@pytest.mark.parametrize("kind", ["raises", "hangs", "another symbol", "no number"])
def test_f17_a_source_of_no_use_among_those_that_fill_holes(case, chain, hanging, kind):
    """A source raises, hangs, or returns garbage or another symbol when it is asked for a hole → the one after it fills
    the hole."""
    answer = USELESS[kind][0] or hanging
    case.serve("skip-bars:2")
    chain("live", stranger(answer, "stranger", blocking=True), "archive", set_to={"source_deadline": 0.15})
    case.connected()
    case.play(4.4)
    case.counted("backfilled", 2)
    case.until(lambda: len(case.closed()) == 4)
    bars = case.answer()
    assert (bars.holes, facts(bars)) == ((), facts(case.market.closed(SERIES)))
    assert sources(bars) == ["live", "archive", "archive", "live"]


# F18


ASKED = {
    "get_price by count": lambda: wealthdata.get_price("BTCUSDT", count=5, frequency="1h"),
    "get_price by dates": lambda: wealthdata.get_price(
        "BTCUSDT", start_date="2020-09-01", end_date="2020-09-10", frequency="1h"
    ),
    "get_price of a list": lambda: wealthdata.get_price(["BTCUSDT"], count=5, frequency="1h"),
    "get_bars": lambda: wealthdata.get_bars("BTCUSDT", 5, "1h"),
}


@pytest.mark.parametrize("up", [True, False], ids=["says nothing", "is down"])
def test_f18_nobody_has_a_bar(case, chain, up):
    """Sends no bar or is down, and no other source has one → one typed error, which lists every source with its
    outcome and reason, for adapters and strategies alike; never an empty answer."""
    wall = at(case, 0)  # nothing has ended yet
    case.serve()
    if not up:
        case.server.close_port()
    nowhere = stranger(raises(NotHere("knows no such market")), "another")
    chain("live", "context", "archive", stranger(raises(OSError("no disk"))), nowhere, clock=SystemClock(lambda: wall))
    if up:
        case.connected()
    else:
        case.counted("lost.refused")
        case.until(lambda: case.status.last_error)
    adapter = case.session.adapter()
    with pytest.raises(AllSourcesFailed) as caught:
        adapter.get_history("BTCUSDT", 5)
    attempts = caught.value.attempts
    assert [(attempt.source, attempt.outcome) for attempt in attempts] == [
        ("live", "not_here"),
        ("context", "skipped"),
        ("archive", "not_here"),
        ("history", "failed"),
        ("another", "not_here"),
    ]
    reasons = [attempt.reason for attempt in attempts]
    assert reasons[0].startswith("is connected, but no bar" if up else "has received nothing: ")
    assert up or "refused" in reasons[0]
    assert reasons[1] == "no context is bound"
    assert "has none of these bars" in reasons[2]
    assert reasons[3:] == ["OSError: no disk", "knows no such market"]
    lines = str(caught.value).splitlines()
    assert "5 bars of BTCUSDT 1h up to 2020-09-13 12:00 UTC" in lines[0]
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["live", "context", "archive", "history", "another"]
    assert all(reason in line for reason, line in zip(reasons, lines[1:], strict=True))
    explained = adapter.explain("BTCUSDT", 5)
    assert isinstance(explained.error, AllSourcesFailed)
    assert explained.bars is None
    assert all(attempt.reason and attempt.reason in str(explained) for attempt in explained.attempts)

    case.session.make_current()
    for name, ask in ASKED.items():
        with pytest.raises(wealthdata.DataUnavailable) as refused:
            ask()
        assert isinstance(refused.value, AllSourcesFailed), name
        assert [attempt.source for attempt in refused.value.attempts] == [attempt.source for attempt in attempts]
        assert all(reason in str(refused.value) for reason in reasons[1:2] + reasons[3:]), name

    case.server.open_port()
    case.connected()
    case.play(1.4)
    case.counted("bars.new", 2)
    assert len(wealthdata.get_price("BTCUSDT", count=5, frequency="1h")) == 1
