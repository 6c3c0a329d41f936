"""The events of a real connection as asyncio hands them out: the same closed bars as a subscriber's, however read."""

from __future__ import annotations

import asyncio
import random

import wealthsources
from wealthsources_simulator import Market

from ..support.loops import run, until
from ..support.markets import fault_servers
from ..support.waiting import nothing_left_behind

SYMBOLS = ("BTCUSDT", "ETHUSDT")
BARS = 40


def config(url: str) -> dict:
    options = {"endpoint": url, "csrf_token": "a-secret-token", "symbols": list(SYMBOLS), "resolutions": ["1m"]}
    options |= {"backoff_base": 0.01, "backoff_cap": 0.02, "connects_per_minute": 100_000}
    return {"clock": "feed", "sources": [{"name": "live", "plugin": "websocket", "options": options}]}


def closed_of(events: list, symbol: str) -> list[int]:
    """When the closed bars of a symbol opened, in the order in which they came."""
    bars = [event.bar for event in events if event.kind == "bar" and event.symbol == symbol]
    return [bar.open_time for bar in bars if bar.closed]


async def connected(session) -> None:
    await until(lambda: session.status().sources["live"].state == "connected")


def market() -> Market:
    return Market.made(SYMBOLS, "1m", BARS)


def test_the_closed_bars_of_a_stream_are_those_of_a_subscriber_and_of_the_market():
    """Read at random, by somebody whose steps are given up again and again, over a connection that is cut."""
    chance, subscribed, streamed = random.Random(6), [], []

    async def read(stream) -> None:
        while True:
            try:
                async with asyncio.timeout(chance.choice([0, 0.0001, 0.01])):
                    streamed.append(await anext(stream))
            except TimeoutError:
                await asyncio.sleep(0)
            except StopAsyncIteration:
                return

    async def main():
        played = market()
        with fault_servers() as start:
            url = start("reset:50", market=played).url
            async with wealthsources.aopen(config(url)) as session:
                stream = session.stream("btc-usdt", "1m")
                reading = asyncio.create_task(read(stream))
                await until(lambda: session.sync.dispatcher.listening)
                session.sync.subscribe(subscribed.append)
                for _ in range(BARS):
                    await connected(session)
                    await asyncio.to_thread(played.play, 1)
                newest = played.closed(("BTCUSDT", "1m"))[-1].open_time
                await until(lambda: newest in closed_of(streamed, "BTCUSDT"))
            await reading
        true = {bar.open_time for bar in played.closed(("BTCUSDT", "1m"))}
        assert set(closed_of(streamed, "BTCUSDT")) <= true
        assert len(closed_of(streamed, "BTCUSDT")) > BARS // 2

    with nothing_left_behind():
        run(main)
    assert closed_of(streamed, "BTCUSDT") == closed_of(subscribed, "BTCUSDT")
    assert not closed_of(streamed, "ETHUSDT")
    assert "reconnecting" in {event.state for event in streamed if event.kind == "state"}


def test_somebody_who_reads_nothing_for_long_finds_each_closed_bar_and_the_newest_state_of_what_forms():
    async def main():
        played = market()
        with fault_servers() as start:
            url = start(market=played).url
            async with wealthsources.aopen(config(url)) as session, session.stream() as stream:
                await connected(session)
                played.play(BARS - 1)
                await until(lambda: all(each.bars >= BARS - 2 for each in session.status().sources["live"].streams))
                assert session.sync.dispatcher.drain(10)
                events = []
                while any(len(closed_of(events, symbol)) < BARS - 2 for symbol in SYMBOLS):
                    events.append(await anext(stream))
                for symbol in SYMBOLS:
                    true = [bar.open_time for bar in played.closed((symbol, "1m"))]
                    assert closed_of(events, symbol) == true[: len(closed_of(events, symbol))]
                assert len(events) < 4 * BARS + 10, "of each bar one state while it formed, at most, and one at its end"
                assert stream.lost == 0

    run(main)
