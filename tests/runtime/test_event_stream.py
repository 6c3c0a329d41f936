"""The events of a session for one task of asyncio: what waits, what is lost, and what ends it."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from concurrent.futures import Future

import pytest
from hypothesis import given, settings, strategies as st

import wealthsources
from wealthsources import Bar, Capabilities, Event, RequestError, Timeframe, WealthSourcesError
from wealthsources.runtime.event_stream import EventStream, Filter, Mailbox, _Opening, outcome
from wealthsources.testing import ListSource

from ..support.loops import run, turns, until
from .conftest import PLUGIN

HOUR = Timeframe("1h")
LIVE = {"sources": [{"name": "s0", "plugin": "zmine", "options": {"live": True}}]}


def bar_event(place: int, *, closed: bool = True, symbol: str = "BTCUSDT", volume: float = 1) -> Event:
    bar = Bar(symbol, HOUR, place * 3_600_000, 1, 1, 1, 1, volume, closed=closed)
    return Event("bar", "s0", symbol, HOUR, bar)


def state(name: str = "connected") -> Event:
    return Event("state", "s0", state=name)


@pytest.fixture
def zmine(distribution):
    distribution(zmine_module=PLUGIN)


def host_of(session):
    return session.sync.source("s0").host


def is_subscribed(session) -> bool:
    """Somebody is, and the source has heard of it."""
    return session.sync.dispatcher.listening and host_of(session) is not None


async def begun(session, *of, **options) -> EventStream:
    """A stream that is subscribed."""
    stream = session.stream(*of, **options)
    await stream.__aenter__()
    return stream


# which are wanted ----------------------------------------------------------------------------------------------


def live_source(symbols=("BTC-USDT", "ETH-USDT"), timeframes=("1m", "1h")) -> ListSource:
    return ListSource(capabilities=Capabilities(live=True, symbols=symbols, timeframes=timeframes))


@pytest.mark.parametrize(
    ("symbol", "timeframe", "taken"),
    [
        (None, None, True),
        ("btc/usdt", "1h", True),
        ("BTC-USDT", None, True),
        ("ETHUSDT", "1h", False),
        (None, "1m", False),
    ],
)
def test_events_are_chosen_by_symbol_in_any_spelling_and_by_timeframe(symbol, timeframe, taken):
    event = bar_event(0, symbol="BTC-USDT")
    assert Filter(symbol, timeframe).takes(event, live_source()) is taken
    assert Filter(symbol, timeframe).takes(event, live_source(None, None)) is taken


def test_a_spelling_that_may_be_two_symbols_takes_neither():
    source = live_source(("BTC-USDT", "BTC_USDT"))
    assert not Filter("btcusdt", None).takes(bar_event(0, symbol="BTC-USDT"), source)
    assert Filter("BTC_USDT", None).takes(bar_event(0, symbol="BTC_USDT"), source)


def test_what_becomes_of_a_connection_is_told_to_those_whose_series_it_may_bring():
    assert Filter("BTCUSDT", "1m").takes(state(), live_source())
    assert not Filter("DOGEUSDT", "1m").takes(state(), live_source())
    assert not Filter("BTCUSDT", "1d").takes(state(), live_source())
    assert Filter("DOGEUSDT", "1m").takes(state(), live_source(None, None))


def test_what_is_no_symbol_and_no_timeframe_is_refused():
    for symbol in ("", 5, ["BTCUSDT"]):
        with pytest.raises(RequestError, match="symbol must be text like 'BTCUSDT', or None for all"):
            Filter(symbol, None)
    with pytest.raises(RequestError, match="'5x' is not a timeframe"):
        Filter(None, "5x")


def test_a_series_that_nobody_brings_is_an_error_and_no_silence(distribution):
    module = PLUGIN.replace("live=options.live,", "live=options.live, symbols=['ETHUSDT'], timeframes=['1m'],")
    distribution(zmine_module=module)

    async def main():
        async with wealthsources.aopen(LIVE) as session:
            with pytest.raises(RequestError, match=r"brings BTCUSDT 1h, so no event would come: s0 has ETHUSDT in 1m"):
                await anext(session.stream("BTCUSDT", "1h"))
            assert not session.sync.dispatcher.listening

    run(main)


def test_without_a_live_source_it_says_so(zmine):
    async def main():
        async with wealthsources.aopen({"sources": [{"plugin": "zmine"}]}) as session:
            with pytest.raises(RequestError, match="there is none; list one"):
                async for _ in session.stream():
                    pass

    run(main)


# what waits ----------------------------------------------------------------------------------------------------


def test_events_come_in_order(zmine):
    async def main():
        async with wealthsources.aopen(LIVE) as session, session.stream("btcusdt", "1h") as stream:
            events = [state(), bar_event(0), bar_event(1, symbol="ETHUSDT"), bar_event(2)]
            for event in events:
                host_of(session).emit(event)
            assert [await anext(stream) for _ in range(3)] == [events[0], events[1], events[3]]

    run(main)


def test_updates_of_forming_bars_are_left_out_where_nobody_wants_them(zmine):
    async def main():
        async with wealthsources.aopen(LIVE) as session, session.stream(forming=False) as stream:
            host = host_of(session)
            assert host.listening
            assert not host.wants_forming, "the source need not even make them"
            host.emit(bar_event(0, closed=False))
            host.emit(bar_event(0))
            assert (await anext(stream)).bar.closed

    run(main)


def test_of_a_forming_bar_the_newest_state_waits_and_closed_bars_all_do(zmine):
    async def main():
        async with wealthsources.aopen(LIVE) as session, session.stream() as stream:
            for place in range(50):
                for volume in range(20):
                    host_of(session).emit(bar_event(place, closed=False, volume=volume))
                host_of(session).emit(bar_event(place, volume=20))
            assert session.sync.dispatcher.drain(10)
            seen = [await anext(stream)]
            while seen[-1].bar.open_time < 49 * 3_600_000 or not seen[-1].bar.closed:
                seen.append(await anext(stream))
            assert [event.bar.open_time // 3_600_000 for event in seen if event.bar.closed] == list(range(50))
            assert {event.bar.volume for event in seen if not event.bar.closed} == {19}
            assert len(seen) == 100
            assert (stream.lost, stream.conflated + session.sync.dispatcher.conflated) == (0, 50 * 19)

    run(main)


def test_a_consumer_that_is_too_slow_loses_the_oldest_and_is_told(zmine, caplog):
    async def main():
        async with wealthsources.aopen(LIVE) as session, session.stream() as stream:
            for place in range(10_100):
                host_of(session).emit(bar_event(place))
                if place % 1000 == 0:
                    assert session.sync.dispatcher.drain(10)
            assert session.sync.dispatcher.drain(10)
            assert (await anext(stream)).bar.open_time == 100 * 3_600_000
            assert stream.lost == session.status().events_lost == 100
            assert repr(stream) == "<EventStream: any symbol of any timeframe, 100 lost>"

    run(main)
    (said,) = [record.getMessage() for record in caplog.records if record.name == "wealthsources.stream"]
    assert "read too slowly: 10000 events of any symbol of any timeframe wait (a fixed limit), the oldest" in said


def test_nobody_else_is_held_up_by_a_slow_stream(zmine):
    async def main():
        seen = []
        async with wealthsources.aopen(LIVE) as session, session.stream():
            session.sync.subscribe(seen.append)
            for place in range(100):
                host_of(session).emit(bar_event(place))
            await until(lambda: len(seen) == 100)
            assert session.status().slow_consumer == 0

    run(main)


def test_others_have_their_turn_at_every_event(zmine):
    async def main():
        ticks = []

        async def tick():
            while True:
                ticks.append(None)
                await asyncio.sleep(0)

        async with wealthsources.aopen(LIVE) as session, session.stream() as stream:
            for place in range(100):
                host_of(session).emit(bar_event(place))
            assert session.sync.dispatcher.drain(10)
            ticking = asyncio.create_task(tick())
            for _ in range(100):
                await anext(stream)
            ticking.cancel()
            assert len(ticks) >= 50
            await asyncio.wait([ticking])

    run(main)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["forming", "closed", "state", "pause"]))), st.data())
@settings(max_examples=25)
def test_its_closed_bars_are_those_of_a_subscriber_whatever_comes_and_however_it_is_read(steps, data):
    """And the updates of a forming bar that it has are some of the subscriber's, in the same order."""
    subscribed, streamed = [], []
    dispatcher = wealthsources.runtime.dispatcher.Dispatcher()
    pauses = data.draw(st.randoms(use_true_random=False))

    async def main():
        mailbox = Mailbox(asyncio.get_running_loop(), "all")

        def put(event):
            subscribed.append(event)
            mailbox.put(event)

        dispatcher.subscribe(put, at_end=mailbox.end)

        async def read():
            while (event := await mailbox.take()) is not None:
                streamed.append(event)
                await turns(pauses.randrange(4))

        reading = asyncio.create_task(read())
        for place, (symbol, what) in enumerate(steps):
            if what == "pause":
                await turns(pauses.randrange(6))
            else:
                dispatcher.emit(
                    state() if what == "state" else bar_event(place, closed=what == "closed", symbol=symbol)
                )
        assert dispatcher.drain(10)
        dispatcher.stop(10)
        await reading

    run(main)
    whole = [event for event in subscribed if event.bar is None or event.bar.closed]
    assert [event for event in streamed if event.bar is None or event.bar.closed] == whole
    for symbol in "AB":
        rest = iter(subscribed)
        assert all(any(event is other for other in rest) for event in streamed if event.symbol == symbol)


# what ends it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["break", "error", "cancel"])
def test_a_stream_that_nobody_has_any_more_is_closed_at_once(zmine, how):
    """However the loop was left, and whoever still looks at the error."""

    async def read(session):
        async for _ in session.stream():
            if how == "error":
                raise LookupError("mine")
            if how == "break":
                break

    async def main():
        async with wealthsources.aopen(LIVE) as session:
            dispatcher = session.sync.dispatcher
            reading = asyncio.create_task(read(session))
            await until(lambda: is_subscribed(session))
            if how == "cancel":
                await turns()
                reading.cancel()
            else:
                host_of(session).emit(state())
            await asyncio.wait([reading])
            assert not dispatcher.listening
            assert reading.cancelled() is (how == "cancel")
            assert how != "error" or isinstance(reading.exception(), LookupError)

    run(main)


def test_one_that_is_kept_is_closed_by_its_block(zmine):
    async def main():
        async with wealthsources.aopen(LIVE) as session:
            async with session.stream() as stream:
                assert session.sync.dispatcher.listening
            assert not session.sync.dispatcher.listening
            assert [event async for event in stream] == []
            await stream.aclose()

    run(main)


def test_a_step_that_takes_too_long_loses_nothing_and_ends_nothing(zmine):
    async def main():
        async with wealthsources.aopen(LIVE) as session, session.stream() as stream:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await anext(stream)
            host_of(session).emit(bar_event(0))
            assert (await anext(stream)).bar.open_time == 0

    run(main)


def test_one_step_is_enough_for_who_wants_one_event(zmine):
    async def main():
        async with wealthsources.aopen(LIVE) as session:
            waiting = asyncio.ensure_future(anext(session.stream()))
            await until(lambda: is_subscribed(session))
            host_of(session).emit(bar_event(5))
            assert (await waiting).bar.open_time == 5 * 3_600_000
            await until(lambda: not session.sync.dispatcher.listening)

    run(main)


def test_two_tasks_cannot_wait_for_one_stream(zmine):
    async def main():
        async with wealthsources.aopen(LIVE) as session, session.stream() as stream:
            first = asyncio.ensure_future(anext(stream))
            await turns()
            with pytest.raises(WealthSourcesError, match="another task waits for this stream already"):
                await anext(stream)
            host_of(session).emit(bar_event(0))
            assert (await first).bar.open_time == 0

    run(main)


def test_when_the_session_stops_it_ends_whoever_stopped_it(zmine):
    async def main():
        async with wealthsources.aopen(LIVE) as session, session.stream() as stream:
            waiting = asyncio.ensure_future(_all(stream))
            await turns()
            threading.Thread(target=session.sync.stop).start()
            assert await waiting == []
            assert repr(stream) == "<EventStream: any symbol of any timeframe, ended>"

    run(main)


async def _all(stream) -> list[Event]:
    return [event async for event in stream]


def test_what_waits_when_the_session_is_closed_can_still_be_read(zmine):
    async def main():
        async with wealthsources.aopen(LIVE) as session:
            stream = await begun(session)
            host_of(session).emit(bar_event(0))
            assert session.sync.dispatcher.drain(10)
        assert [event.bar.open_time for event in await _all(stream)] == [0]

    run(main)


def test_a_stream_that_is_given_up_while_it_opens_is_not_subscribed_in_the_end(distribution):
    distribution(zmine_module=PLUGIN)

    async def read(session):
        async for _ in session.stream():
            pass

    async def main():
        config = {"sources": [{"name": "s0", "plugin": "zmine", "options": {"live": True, "slow": True}}]}
        async with wealthsources.aopen(config) as session:
            source = session.sync.source("s0")
            reading = asyncio.create_task(read(session))
            await until(source.starting.is_set)
            reading.cancel()
            await asyncio.wait([reading])
            source.release.set()
            await until(lambda: source.calls == ["start"])
            await until(lambda: not session.sync.dispatcher.listening)

    run(main)


def test_one_that_could_not_be_opened_is_tried_again_by_the_next_step(zmine):
    async def main():
        async with wealthsources.aopen(LIVE) as session:
            stream, source = session.stream(), session.sync.source("s0")
            source.options = source.options.model_copy(update={"fail": "start"})
            with pytest.raises(wealthsources.ConfigError, match="did not start"):
                await anext(stream)
            assert not session.sync.dispatcher.listening
            source.options = source.options.model_copy(update={"fail": ""})
            waiting = asyncio.ensure_future(anext(stream))
            await until(lambda: is_subscribed(session))
            host_of(session).emit(bar_event(3))
            assert (await waiting).bar.open_time == 3 * 3_600_000
            await stream.aclose()

    run(main)


def test_one_that_is_given_up_just_as_it_opens_is_not_opened_again():
    async def main():
        opened: list[Future[None]] = []
        opening = _Opening(lambda mailbox: opened.append(Future()) or opened[-1], mailbox())
        first = asyncio.create_task(opening.wait())
        await turns()
        opened[0].set_result(None)
        first.cancel()
        await asyncio.wait([first])
        await opening.wait()
        assert (first.cancelled(), opening.begun, len(opened)) == (True, True, 1)

    def mailbox() -> Mailbox:
        return Mailbox(asyncio.get_running_loop(), "any")

    run(main)


def test_a_loop_that_was_closed_troubles_nobody():
    with asyncio.Runner() as runner:
        mailbox = Mailbox(runner.get_loop(), "all")
        waiting = runner.get_loop().create_task(mailbox.take())
        runner.run(turns())
        left = []
        mailbox.leave_with(lambda: left.append(True))
        waiting.cancel()
        runner.run(asyncio.wait([waiting]))
        mailbox._is_waited_for = True  # as if the loop had ended just then
    assert mailbox.put(bar_event(0))
    assert (left, mailbox.ended) == ([True], True)
    assert mailbox.put(bar_event(1)), "what comes afterwards is nobody's"


def test_what_is_cancelled_at_any_moment_leaves_no_subscriber_no_task_and_no_word(zmine, caplog):
    chance = random.Random(14)

    async def read(session):
        async for _ in session.stream(*chance.choice([(), ("BTCUSDT", "1h")])):
            await session.get_history("X", 3, on_stale="mark")
            await turns(chance.randrange(3))

    async def main():
        config = {
            "sources": [*LIVE["sources"], {"name": "s1", "plugin": "zmine", "options": {"bars": 3, "blocking": True}}]
        }
        async with wealthsources.aopen(config) as session:
            for place in range(150):
                reading = asyncio.create_task(read(session))
                for number in range(chance.randrange(12)):
                    if is_subscribed(session):
                        host_of(session).emit(bar_event(place * 100 + number, closed=chance.random() < 0.5))
                    await asyncio.sleep(chance.choice([0, 0, 0.0005]))
                reading.cancel()
                await asyncio.wait([reading])
                assert reading.cancelled()
                del reading
            await until(lambda: not session.sync.dispatcher.listening)
            assert (await session.get_history("X", 3, on_stale="mark")).sources[-1] == "s1"

    with caplog.at_level(logging.WARNING):
        run(main)
    assert not [record for record in caplog.records if record.name.startswith(("concurrent", "wealthsources.disp"))]
    assert "never" not in caplog.text


def test_the_outcome_of_another_thread_is_waited_for_without_a_thread_and_given_up_without_harm():
    async def main():
        future: Future[int] = Future()
        waiting = asyncio.create_task(outcome(future))
        await turns()
        waiting.cancel()
        await asyncio.wait([waiting])
        assert not future.cancelled()
        threading.Timer(0.01, future.set_result, [5]).start()
        assert await outcome(future) == 5
        failed: Future[int] = Future()
        failed.set_exception(LookupError("mine"))
        with pytest.raises(LookupError, match="mine"):
            await outcome(failed)

    run(main)
