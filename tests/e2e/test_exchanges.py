"""Each exchange on a real socket, its history behind it: every bar as true as it was, with every digit."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

import wealthsources
from wealthsources import Bars, Timeframe
from wealthsources_simulator import Market, MarketServer

from ..support.live_source import use_policies
from ..support.waiting import wait_until
from .exchanges import ALL, Exchange, Row, numbers, stated, told, told_of


class Stage:
    """One exchange that is played, and a session that hears it."""

    def __init__(self, exchange: Exchange, market: Market, server: MarketServer, session: Any) -> None:
        self.exchange = exchange
        self.market = market
        self.server = server
        self.session = session
        self.timeframe = Timeframe(exchange.timeframe)
        self.closings: list[tuple[str, Row]] = []  # what the live source told of closed bars

    @property
    def live(self) -> Any:
        return self.session.source("live")

    def stream(self, symbol: str) -> Any:
        return next(stream for stream in self.live.status().streams if stream.symbol == symbol)

    def hold(self, event: Any) -> None:
        bar = event.bar
        if bar is not None and bar.closed and bar.source == "live":
            self.closings.append((bar.symbol, told_of(bar)))

    def joined(self, epoch: int) -> None:
        """Wait until all symbols that there are were subscribed to on that connection."""
        known = set(self.exchange.series.values())
        wait_until(lambda: self.live.status().epoch == epoch)
        wait_until(lambda: any(known <= set(peer.series) for peer in self.server.peers if peer.following))

    def play(self, bars: float) -> None:
        self.market.play(bars)

    def heard(self) -> None:
        """Wait until what was played last of every series is here."""
        wait_until(lambda: all(self._has_heard(symbol, key) for symbol, key in self.exchange.series.items()))

    def _has_heard(self, symbol: str, key: Any) -> bool:
        last = next(played for played in reversed(self.market.messages_since(0)) if played.series == key)
        series = self.live.cache.get(symbol, self.timeframe)
        bar = None if series is None else series.at(last.bar.open_time)
        state = stated(self.market.timelines[key].state(last.step))
        if bar is None:
            return False
        return self._are_same([told_of(bar)], [state])

    def check(self, symbol: str) -> None:
        """What the chain answers from the first bar on, as soon as it has all of them."""
        closed = [stated(bar) for bar in self.market.closed(self.exchange.series[symbol])]
        span = {"start": closed[0][0], "end": self.timeframe.end(closed[-1][0])}

        def answer() -> Bars:
            return self.session.adapter().get_history(symbol, timeframe=self.timeframe.name, **span)

        wait_until(lambda: len(answer()) == len(closed))
        bars = answer()
        assert numbers(told(bars)) == numbers(closed)
        for bar, row, true in zip(bars, told(bars), closed, strict=True):
            if self.exchange.zeros or bar.source == "live":
                assert self._are_same([row], [true])

    def _are_same(self, found: list[Row], wanted: list[Row]) -> bool:
        """To the last digit, but for a volume that was counted in contracts: of that the number."""
        if self.exchange.contracts:
            prices = [[texts[:4] for _, texts in rows] for rows in (found, wanted)]
            return numbers(found) == numbers(wanted) and prices[0] == prices[1]
        return found == wanted

    def check_closings(self) -> None:
        """No bar was ever told as closed with other values than its last ones, and none twice."""
        true = {
            (symbol, row[0]): numbers([row])
            for symbol, key in self.exchange.series.items()
            for row in map(stated, self.market.all(key))
        }
        wait_until(lambda: self.closings)
        for symbol, row in self.closings:
            assert numbers([row]) == true[symbol, row[0]]
        assert len(self.closings) == len({(symbol, row[0]) for symbol, row in self.closings})


@pytest.fixture
def stage(request, monkeypatch):
    """A market of sixty bars, and a session that is connected to it."""
    exchange: Exchange = request.param
    use_policies(monkeypatch, close_timeout=0.2)
    market = exchange.play(60)
    history = exchange.serve_history(market)
    with MarketServer(market) as server, history or contextlib.nullcontext():
        with wealthsources.open(exchange.config(server, history)) as session:
            made = Stage(exchange, market, server, session)
            if history is not None:
                assert session.source("history").wait_loaded(20)
            session.subscribe(made.hold)
            session.start_live()
            made.joined(1)
            yield made
        assert server.failures == []


WITH_HISTORY = [exchange for exchange in ALL if exchange.history is not None]


@pytest.mark.parametrize("stage", WITH_HISTORY, ids=str, indirect=True)
def test_a_cut_in_the_middle_of_a_bar_costs_no_bar_and_no_digit(stage):
    exchange = stage.exchange
    stage.play(5.5)
    stage.heard()
    stage.server.refuse()
    stage.server.cut()
    wait_until(lambda: stage.live.status().state != "connected")
    stage.play(3.5)
    stage.server.refuse(False)
    stage.joined(2)
    stage.play(6.5)
    stage.heard()
    for symbol in exchange.symbols:
        stage.check(symbol)
    stage.check_closings()
    unknown, state = exchange.unknown
    wait_until(lambda: stage.stream(unknown).state == state)
    assert stage.live.status().epoch == 2


@pytest.mark.parametrize("stage", ALL, ids=str, indirect=True)
def test_bars_form_and_close_and_what_is_not_there_is_told(stage):
    stage.play(8.25)
    stage.heard()
    for symbol in stage.exchange.symbols:
        series = stage.live.cache.get(symbol, stage.timeframe)
        closed = [stated(bar) for bar in stage.market.closed(stage.exchange.series[symbol])]
        assert numbers(told(series.snapshot())) == numbers(closed)
    closed_bars = sum(len(stage.market.closed(key)) for key in stage.exchange.series.values())
    wait_until(lambda: len(stage.closings) >= closed_bars, what="the telling of every bar that was closed")
    stage.check_closings()
    unknown, state = stage.exchange.unknown
    wait_until(lambda: stage.stream(unknown).state == state)
    if state == "refused":
        assert stage.stream(unknown).reason
        assert stage.stream(unknown).reason in stage.live.status().reason
