"""A day with faults and corrections, lived through by a strategy, recorded, and compared: played again it is answered
the same, and so it is in a backtest that sees what was known then; of what is known now, what was corrected or came
late differs.
"""

from __future__ import annotations

import contextlib
import json
import time

import pytest
from typer.testing import CliRunner

import wealthsources
from wealthsources import Timeframe
from wealthsources_replay.commands.parity import app, find_differences
from wealthsources_replay.comparison import Comparison
from wealthsources_replay.moments import moments
from wealthsources_replay.options import ReplayOptions
from wealthsources_replay.sides import Side, open_sides
from wealthsources_replay.strategy import Strategy
from wealthsources_simulator import Market, MarketServer
from wealthsources_store.reading import revisions

from ..support.live_source import use_policies
from ..support.waiting import wait_until
from .exchanges import ALL
from .test_exchanges import Stage

TOKEN = "tok-0123456789abcdef"
SYMBOLS = ("BTCUSDT", "ETHUSDT")
TIMEFRAME, BARS, UPDATES = "30m", 48, 1
STEPS = UPDATES + 1
#: Bars of the day, and what goes wrong then.
OUTAGES = {10: 3, 30: 4}  # for so many bars nobody is let in
ARCHIVED = 16  # when the bars of the first outage come into the archive
CUTS = (6, 26, 38)
IN_THE_MIDDLE = (24, 36)
#: Then another close of that bar comes: what was its high or its low.
CORRECTED = {5: (3, "high"), 18: (15, "high"), 22: (15, "low"), 25: (22, "low"), 42: (40, "high")}
GARBAGE = (20, 21)

STRATEGY = """
import contextlib

from wealthdata import WealthDataError, get_bars, get_price, history


def handle_bar(context, bar):
    for count, frequency in ((20, "30m"), (3, "1h")):
        with contextlib.suppress(WealthDataError):
            get_price(bar.symbol, count=count, frequency=frequency)
    with contextlib.suppress(WealthDataError):
        get_bars("ETHUSDT", 60, unit="30m", fields=["close"])
    with contextlib.suppress(WealthDataError):
        history(5, "30m", "high", ["BTCUSDT"])
"""


class Day:
    """The market, what goes wrong in it, and what a strategy that is called after each bar was answered."""

    def __init__(self, server: MarketServer, session: wealthsources.Session, folder) -> None:
        self.server, self.session, self.folder = server, session, folder
        self.live = session.sources["live"]
        self.side = Side(session, Strategy(folder / "strategy.py"), "live")
        self.side.strategy.load()
        self.answers: dict[tuple[int, str], list[wealthsources.Observation]] = {}

    def live_through(self) -> None:
        self._wait_connected(0)
        down_until = 0
        for number in range(BARS - 1):
            if number in OUTAGES:
                down_until = number + OUTAGES[number]
                self.server.refuse()
                self._cut()
            if number == down_until and number:
                epoch = self.live.status().epoch
                self.server.refuse(False)
                self._wait_connected(epoch)
            if number in IN_THE_MIDDLE:
                self.server.play_steps(1)
                self._reconnect()
                self.server.play_steps(STEPS - 1)
            else:
                self.server.play_steps(STEPS)
            if number < down_until:
                continue
            for symbol in SYMBOLS:
                wait_until(lambda symbol=symbol: self._has(symbol, number))  # noqa: B023 - it is called here
            self._go_wrong(number)
            for symbol in SYMBOLS:
                self._ask(symbol)
        wait_until(lambda: self.session.status().recorders["store"].counters["waiting"] == 0)

    def _go_wrong(self, number: int) -> None:
        if number in CUTS:
            self._reconnect()
        if number in CORRECTED:
            self._correct(*CORRECTED[number])
        if number in GARBAGE:
            self._say("no JSON")
            self._say(json.dumps(self._final(number - 5)))  # once more
            self._say(json.dumps(self._final(number) | {"high": "-1"}))
        if number == ARCHIVED:
            self._write_archive()

    def _has(self, symbol: str, number: int) -> bool:
        bar = self.live.cache.get_latest_bar(symbol, TIMEFRAME)
        return bar is not None and bar.open_time >= self._bar(symbol, number).open_time

    def _bar(self, symbol: str, number: int):
        return self.server.market.timelines[symbol, TIMEFRAME].bars[number]

    def _final(self, number: int, symbol: str = "BTCUSDT") -> dict:
        opened = self._bar(symbol, number).open_time
        (final,) = [each for each in self._peer().finals((symbol, TIMEFRAME)) if each["open_time"] == opened]
        return dict(final)

    def _peer(self):
        return [peer for peer in self.server.peers if peer.following][-1]

    def _correct(self, number: int, field: str) -> None:
        final = self._final(number)
        self._say(json.dumps(final | {"close": final[field]}))

    def _say(self, text: str) -> None:
        """It comes in the same time of the market: it is here before the question."""
        before = self.live.status().counters
        self._peer().send(text)
        wait_until(lambda: self.live.status().counters != before)

    def _cut(self) -> None:
        self.server.cut()
        wait_until(lambda: self.live.status().state != "connected")

    def _reconnect(self) -> None:
        epoch = self.live.status().epoch
        self.server.cut()
        self._wait_connected(epoch)

    def _wait_connected(self, epoch: int) -> None:
        wait_until(lambda: self.live.status().epoch > epoch and self.live.status().state == "connected")
        wait_until(lambda: any(peer.following for peer in self.server.peers))

    def _write_archive(self) -> None:
        for symbol in SYMBOLS:
            bars = [self._bar(symbol, number) for number in range(8, 15)]
            rows = [f"{bar.open_time},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}" for bar in bars]
            path = self.folder / f"{symbol}-{TIMEFRAME}.csv"
            path.write_text("\n".join(["open_time,open,high,low,close,volume", *rows]) + "\n")

    def _ask(self, symbol: str) -> None:
        series = self.live.cache.get(symbol, Timeframe(TIMEFRAME))
        closed, _ = series.snapshot().split_forming()
        if not len(closed):
            return
        now = self.session.clock.now()
        called = self.side.call(now, closed[-1])
        assert called.raised is None
        self.answers[now, symbol] = called.answers


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """The folder of the deployment, and the answers of the day."""
    folder = tmp_path_factory.mktemp("day")
    (folder / "data").mkdir()
    (folder / "strategy.py").write_text(STRATEGY)
    for symbol in SYMBOLS:
        (folder / f"{symbol}-{TIMEFRAME}.csv").write_text("open_time,open,high,low,close,volume\n")
    with pytest.MonkeyPatch.context() as patch:
        use_policies(patch)
        with MarketServer(Market.made(SYMBOLS, TIMEFRAME, BARS, updates=UPDATES), token=TOKEN) as server:
            (folder / "config.yaml").write_text(json.dumps(config(server.url, folder)))
            with wealthsources.open(folder / "config.yaml") as session:
                session.start_live()
                day = Day(server, session, folder)
                day.live_through()
    return folder, day.answers


def config(url: str, folder) -> dict:
    options = {"endpoint": url, "csrf_token": TOKEN, "symbols": [*SYMBOLS], "resolutions": [TIMEFRAME]}
    options |= {"backoff_base": 0.005, "backoff_cap": 0.01, "connects_per_minute": 100_000}
    return {
        "clock": "feed",
        "on_stale": "mark",
        "sources": [
            {"name": "live", "plugin": "websocket", "options": options},
            {"name": "bars", "plugin": "store"},
            {
                "name": "archive",
                "plugin": "file",
                "keep": True,
                "options": {"path": f"{folder}/{{symbol}}-{{timeframe}}.csv"},
            },
        ],
        "recorder": {"store": {}, "frames": {"folder": "recordings"}},
    }


def run(folder, *arguments):
    given = [folder / "recordings" / "live", "--strategy", folder / "strategy.py", "--config", folder / "config.yaml"]
    return CliRunner().invoke(app, [str(each) for each in [*given, *arguments]])


def test_a_backtest_of_what_was_known_then_is_answered_as_the_recorded_feed(lived):
    folder, _ = lived
    done = run(folder)
    assert (done.stdout, done.exit_code, done.exception) == ("", 0, None)
    assert ", 0 different" in done.stderr
    assert int(done.stderr.split()[0].replace(",", "")) > 250


def test_the_recorded_feed_is_answered_as_the_strategy_that_lived_through_it(lived):
    folder, answers = lived
    comparison, seen, differences = Comparison(), 0, []
    with opened(folder, "then") as (ahead, live, _):
        side = Side(live, loaded(folder), "live")
        played = live.sources["replay"]
        for moment in moments(ahead, ahead.sources["replay"]):
            while played.played < moment.played:
                played.step()
            for bar in moment.bars:
                if (moment.now, bar.symbol) in answers:
                    seen += 1
                    again = side.call(moment.now, bar).answers
                    differences += comparison.compare(moment.now, answers[moment.now, bar.symbol], again)
    assert [str(each) for each in differences] == []
    assert seen > 60
    assert comparison.answers > 250


def test_of_what_is_known_now_exactly_what_was_corrected_or_came_late_differs(lived):
    folder, _ = lived
    with opened(folder, "now") as (ahead, live, backtest):
        sides = Side(live, loaded(folder), "live"), Side(backtest, loaded(folder), "backtest")
        found = [*find_differences(ahead, live, sides, Comparison())]
        store = backtest.sources["bars"].database
        states = {symbol: revisions(store, symbol, Timeframe(TIMEFRAME), start=0, end=1 << 50) for symbol in SYMBOLS}
        bars = Market.made(SYMBOLS, TIMEFRAME, BARS).timelines["BTCUSDT", TIMEFRAME].bars
    corrected = {bars[number].open_time for number, _ in CORRECTED.values()}
    assert {state.bar.open_time for state in states["BTCUSDT"]} == corrected
    assert states["ETHUSDT"] == []
    late = {bar.open_time for bar in bars[9:13]}  # of the first outage
    differ = {
        symbol: {time for each in found if f"{symbol} {TIMEFRAME} " in each.question for time in each.bars}
        for symbol in SYMBOLS
    }
    assert corrected <= differ["BTCUSDT"] <= corrected | late
    assert differ["BTCUSDT"] & late
    assert differ["ETHUSDT"] <= late


def test_so_it_is_by_the_time_of_this_machine(tmp_path, monkeypatch):
    use_policies(monkeypatch, close_timeout=0.2)
    exchange = next(each for each in ALL if str(each) == "binance-spot")
    market = exchange.play(60)
    (tmp_path / "data").mkdir()
    (tmp_path / "strategy.py").write_text(STRATEGY.replace("30m", "1m"))
    with MarketServer(market) as server:
        chain = exchange.config(server, None)
        chain["sources"].append({"plugin": "store"})
        chain["recorder"] = {"store": {}, "frames": {"folder": "recordings"}}
        (tmp_path / "config.yaml").write_text(json.dumps(chain))
        with wealthsources.open(tmp_path / "config.yaml") as session:
            stage = Stage(exchange, market, server, session)
            session.start_live()
            stage.joined(1)
            for number in range(6):
                stage.play(4.5)
                stage.heard()
                time.sleep(0.3)  # as between the bars of a minute: nothing comes
                if number == 2:
                    server.cut()
                    stage.joined(2)
    done = run(tmp_path)
    assert (done.stdout, done.exit_code) == ("", 0)
    assert int(done.stderr.split()[0].replace(",", "")) > 200


@contextlib.contextmanager
def opened(folder, known):
    options = ReplayOptions.of_command({"recording": str(folder / "recordings" / "live")})
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(each) for each in open_sides(folder / "config.yaml", options, known)]
        for session in sessions[:2]:
            session.start_live()
        yield sessions


def loaded(folder):
    strategy = Strategy(folder / "strategy.py")
    strategy.load()
    return strategy
