"""A live strategy, and a backtest over the store that is asked at the same times: of what was known then both see the
same; of what is known now, what was corrected or came late differs.
"""

from __future__ import annotations

import pathlib
from types import SimpleNamespace

import pytest

import wealthsources
from wealthsources import FIELDS, AllSourcesFailed
from wealthsources_simulator import Market, MarketServer
from wealthsources_store.reading import revisions

from ..support.waiting import wait_until

TOKEN = "tok-0123456789abcdef"
SERIES = ("BTCUSDT", "1h")
BARS, UPDATES, COUNT = 40, 2, 10
CORRECTED, CUT, DOWN = 12, 20, 5


def config(url: str, archive: pathlib.Path, *, live: bool = True) -> dict:
    options = {"endpoint": url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    options |= {"backoff_base": 0.01, "backoff_cap": 0.02}
    files = f"{archive.parent}/{{symbol}}-{{timeframe}}.csv"
    chain = [
        {"name": "live", "plugin": "websocket", "options": options},
        {"name": "bars", "plugin": "store"},
        {"name": "archive", "plugin": "file", "keep": True, "options": {"path": files}},
    ]
    return {"clock": "feed", "sources": chain, "recorder": {"store": {}}} if live else {"sources": chain[1:]}


def seen(adapter) -> list[tuple[str, ...]] | None:
    """What a strategy gets of its ten newest bars; None if there is none."""
    try:
        bars = adapter.get_history("BTCUSDT", COUNT, on_stale="mark")
    except AllSourcesFailed:
        return None
    return [(str(bar.open_time), *(bar.exact(field) for field in FIELDS)) for bar in bars]


class Market_:
    """A market that is played bar by bar. In one bar it says an older one again with another close."""

    def __init__(self) -> None:
        self.market = Market.made(updates=UPDATES, bars=BARS)
        self.bars = self.market.timelines[SERIES].bars
        self.corrected = None

    def script(self, peer):
        peer.join()
        if peer.number == 1:
            peer.follow(until=lambda played: self.market.length >= (CORRECTED + 2) * (UPDATES + 1))
            (final,) = [each for each in peer.finals(SERIES) if each["open_time"] == self.bars[CORRECTED].open_time]
            self.corrected = str(final["high"])
            peer.send(final | {"close": final["high"]})
        peer.behave()


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A file that gets the bars of the outage when the market is up again."""
    monkeypatch.chdir(tmp_path)
    pathlib.Path("data").mkdir()
    path = tmp_path / "BTCUSDT-1h.csv"
    path.write_text("open_time,open,high,low,close,volume\n")
    return path


def write_archive(path, bars):
    rows = [f"{bar.open_time},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}" for bar in bars]
    path.write_text("\n".join(["open_time,open,high,low,close,volume", *rows]) + "\n")


def run_live(archive) -> tuple[Market_, dict[int, list[tuple[str, ...]] | None]]:
    """What a strategy that is called after each bar saw, by the session's time."""
    played, answers = Market_(), {}
    market = played.market
    with (
        MarketServer(market, [played.script], token=TOKEN) as server,
        wealthsources.open(config(server.url, archive)) as session,
    ):
        session.start_live()
        adapter, live = session.adapter(), session.sources["live"]
        wait_until(lambda: session.status().sources["live"].state == "connected")
        for place in range(BARS - 1):
            if place == CUT:
                server.refuse()
                server.cut()
                wait_until(lambda: session.status().sources["live"].state != "connected")
            if place == CUT + DOWN:
                server.refuse(False)
                wait_until(lambda: session.status().sources["live"].state == "connected")
            if place == CUT + DOWN + 6:
                write_archive(archive, played.bars[CUT - 2 : CUT + DOWN + 2])
            market.play_steps(UPDATES + 1)
            if CUT <= place < CUT + DOWN:
                continue
            wait_until(lambda: live.cache.get_latest_bar(*SERIES) is not None)
            wait_until(lambda place=place: live.cache.get_latest_bar(*SERIES).open_time >= played.bars[place].open_time)
            if place == CORRECTED + 1:  # it comes within the same millisecond of the market's time: before the question
                wait_until(lambda: session.status().sources["live"].counters.get("bars.correction"))
            answers[session.clock.now()] = seen(adapter)
        wait_until(lambda: session.status().recorders["store"].counters["waiting"] == 0)
    return played, answers


def backtest(archive, times, known):
    with wealthsources.open(config("ws://127.0.0.1:1/", archive, live=False)) as session:
        context = SimpleNamespace(now_ms=0)
        adapter = session.adapter(context, mode="backtest", known=known)
        found = {}
        for time in times:
            context.now_ms = time
            found[time] = seen(adapter)
        return found


def test_a_backtest_of_what_was_known_then_sees_what_the_live_strategy_saw(archive):
    _, live = run_live(archive)
    assert len(live) > 25
    assert backtest(archive, live, "then") == live


def test_of_what_is_known_now_what_was_corrected_or_came_late_differs(archive):
    played, live = run_live(archive)
    now = backtest(archive, live, "now")
    with wealthsources.open(config("ws://127.0.0.1:1/", archive, live=False)) as session:
        found = revisions(
            session.sources["bars"].database, SERIES[0], wealthsources.Timeframe("1h"), start=0, end=1 << 50
        )
    assert [state.bar.open_time for state in found] == [played.bars[CORRECTED].open_time] * 2
    assert found[1].bar.exact("close") == played.corrected
    late = {str(bar.open_time) for bar in played.bars[CUT - 1 : CUT + DOWN + 1]} | {str(found[0].bar.open_time)}
    for time, answer in live.items():
        then, today = {row[0]: row for row in answer or ()}, {row[0]: row for row in now[time] or ()}
        same = [row for row in today if row not in late and row in then]
        assert [today[row] for row in same] == [then[row] for row in same]
        # Where the ten newest hold bars that came late, fewer older ones are among them.
        assert set(today) - set(then) <= late
    assert any(now[time] != answer for time, answer in live.items())
