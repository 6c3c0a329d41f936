"""The live source of a session, against servers that listen on this machine."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from wealthsources import AllSourcesFailed, Finality, Hole, NotHere, Timeframe

from ...support.bars import FRAME, HOUR, T0, at, places
from ...support.live_source import use_policies
from ...support.waiting import wait_until
from .live import HINT, MINUTE, Steps, ask, closes, counters, held, request

# What comes in.


def test_a_bar_closes_when_the_next_one_comes(serve, open_session, bar):
    script = Steps([bar(0, "9.5")], [bar(0, "10.25")], [bar(1)])
    session = open_session(serve(script).url)
    session.start_live()
    script.go()
    wait_until(lambda: len(held(session)) == 1)
    script.go()
    wait_until(lambda: closes(held(session)) == ["10.25"])
    with pytest.raises(AllSourcesFailed, match=r"holds no closed bar of that time \(1 "):
        ask(session)
    script.go()
    wait_until(lambda: len(held(session)) == 2)
    wait_until(lambda: session.clock.now() == at(1))
    (closed,) = ask(session)
    assert (closed.close, closed.closed, closed.finality, closed.source) == (10.25, True, Finality.SUCCESSOR, "live")
    assert closed.revision == 1


def test_a_closed_flag_closes_at_once(serve, open_session, bar):
    script = Steps([bar(0, x=False), bar(0, "11", x=True)])
    session = open_session(serve(script).url)
    session.start_live()
    script.go()
    wait_until(lambda: len(held(session)) == 1 and held(session)[0].closed)
    wait_until(lambda: session.clock.now() == at(1))
    assert [(bar.exact("close"), bar.finality) for bar in ask(session)] == [("11", Finality.FLAG)]


def test_a_symbol_that_was_not_asked_for_is_counted_and_not_stored(serve, open_session, bar):
    others = [bar(0, symbol=f"X{number}USDT") for number in range(50)]
    wrong_frame = bar(0, timeframe="1d", open_time=T0 // (24 * HOUR) * 24 * HOUR)
    script = Steps([*others, wrong_frame, bar(0)])
    session = open_session(serve(script).url)
    session.start_live()
    script.go()
    wait_until(lambda: len(held(session)) == 1)
    assert counters(session)["unsolicited"] == 51
    assert session.source("live").cache.get_cached_symbols() == [("BTCUSDT", "1h")]


def test_another_spelling_of_a_symbol_is_the_same_symbol(serve, open_session, bar):
    script = Steps([bar(0, symbol="btc-usdt"), bar(1, symbol="BTC/USDT"), bar(2, symbol="BTCUSDT")])
    session = open_session(serve(script).url)
    session.start_live()
    script.go()
    wait_until(lambda: len(held(session)) == 3)
    wait_until(lambda: session.clock.now() == at(2))
    assert places(ask(session)) == [0, 1]
    assert "unsolicited" not in counters(session)


@pytest.mark.parametrize("clock", ["system", "feed"])
def test_a_bar_from_the_future_is_refused_unless_the_feed_tells_the_time(serve, open_session, bar, clock, monkeypatch):
    present, began = int(time.time() * 1000) // MINUTE, time.monotonic()
    # Amid a minute, whenever this runs: a bar of the next one would be taken in the last five seconds before it.
    use_policies(monkeypatch, wall=lambda: present * MINUTE / 1000 + 30 + time.monotonic() - began)

    def minute(offset: int, **changes: Any):
        return bar(0, timeframe="1m", open_time=(present + offset) * MINUTE, **changes)

    def script(peer):
        peer.accept()
        # A flag says that a bar is over; that of the present minute cannot be, if it has more than five seconds left.
        peer.send(minute(-2), minute(-1), minute(0), minute(2), minute(60))
        peer.send(minute(1, x=True), minute(-3))
        peer.stay()

    session = open_session(serve(script).url, clock=clock, resolutions=["1m"])
    session.start_live()
    cache = session.source("live").cache
    wait_until(lambda: cache.get_cache_size() == (4 if clock == "system" else 7))
    if clock == "system":
        assert counters(session)["from_the_future"] == 3
        assert max(cache.get_bars("BTCUSDT", "1m").open_times) <= time.time() * 1000
    else:
        assert "from_the_future" not in counters(session)


def test_late_and_repeated_bars_go_where_they_belong(serve, open_session, bar):
    script = Steps([bar(0, "9"), bar(1, "10"), bar(2, "11"), bar(1, "10"), bar(0, "9"), bar(3), bar(1, "10")])
    session = open_session(serve(script).url)
    session.start_live()
    script.go()
    wait_until(lambda: counters(session).get("bars.repeat") == 3)
    wait_until(lambda: session.clock.now() == at(3))
    bars = ask(session)
    assert places(bars) == [0, 1, 2]
    assert closes(bars) == ["9", "10", "11"]
    assert [bar.revision for bar in bars] == [0, 0, 0]


@pytest.mark.parametrize(("policy", "close"), [("accept", "11"), ("reject", "10")])
def test_another_message_for_a_closed_bar_is_a_correction_by_policy(serve, open_session, bar, policy, close):
    script = Steps([bar(0, "10"), bar(1), bar(0, "11", volume="4"), bar(0, "9", volume="1")])
    session = open_session(serve(script).url, corrections=policy)
    session.start_live()
    script.go()
    wait_until(lambda: counters(session).get("bars.older") == 1)
    counted = "correction" if policy == "accept" else "rejected"
    assert counters(session)[f"bars.{counted}"] == 1
    assert closes(ask(session)) == [close]


def test_the_cache_holds_no_more_than_its_capacity(serve, open_session, bar):
    script = Steps([bar(place) for place in range(500)])
    session = open_session(serve(script).url, capacity=10)
    session.start_live()
    script.go()
    wait_until(lambda: counters(session).get("bars.new") == 500)
    wait_until(lambda: session.clock.now() == at(499))
    assert places(held(session)) == list(range(490, 500))
    assert places(ask(session, 5)) == list(range(494, 499))


def test_the_first_bar_of_a_connection_is_left_out_where_a_server_counts_from_the_subscription(
    serve, open_session, bar
):
    script = Steps([bar(0), bar(0, "11"), bar(1), bar(2)], "cut", [bar(2, "9"), bar(3), bar(4)])
    session = open_session(serve(script).url, partial_first=True)
    session.start_live()
    script.go()
    wait_until(lambda: places(held(session)) == [1, 2])
    script.go()
    script.go()
    wait_until(lambda: places(held(session)) == [1, 2, 3, 4])
    wait_until(lambda: session.clock.now() == at(4))
    # 2 was forming when the connection ended, and of the next one it is the first
    assert places(ask(session)) == [1, 3]


# What a lost connection leaves.


def test_a_bar_that_a_lost_connection_left_forming_is_not_closed_by_the_next(serve, open_session, bar):
    script = Steps([bar(0), bar(1), bar(2, "9.5")], "cut", [bar(4)], [bar(5)])
    session = open_session(serve(script).url)
    session.start_live()
    script.go()
    wait_until(lambda: len(held(session)) == 3)
    script.go()
    script.go()
    wait_until(lambda: len(held(session)) == 4)
    wait_until(lambda: session.clock.now() == at(4))
    assert places(ask(session)) == [0, 1]
    assert ask(session).behind == 2
    script.go()
    wait_until(lambda: len(held(session)) == 5)
    wait_until(lambda: session.clock.now() == at(5))
    bars = ask(session)
    assert places(bars) == [0, 1, 4]
    assert bars.holes == (Hole(at(2), at(4), 2),)
    assert counters(session)["holes"] == 1


@pytest.mark.parametrize("again", ["9.5", "11"], ids=["as it was", "moved on"])
def test_a_bar_that_the_next_connection_sends_again_is_whole(serve, open_session, bar, again):
    script = Steps([bar(0), bar(1, "9.5")], "cut", [bar(1, again), bar(2)])
    session = open_session(serve(script).url)
    session.start_live()
    script.go()
    wait_until(lambda: len(held(session)) == 2)
    script.go()
    script.go()
    wait_until(lambda: len(held(session)) == 3)
    wait_until(lambda: session.clock.now() == at(2))
    bars = ask(session)
    assert places(bars) == [0, 1]
    assert closes(bars)[1] == again
    assert bars.holes == ()
    assert "holes" not in counters(session)


def test_a_forming_bar_is_shown_only_while_its_connection_lasts(serve, open_session, bar):
    script = Steps([bar(0), bar(1, "9.5")], "cut", [bar(1, "9.5")])
    server = serve(script)
    session = open_session(server.url)
    live = session.source("live")
    session.start_live()
    script.go()
    wait_until(lambda: len(held(session)) == 2)
    wait_until(lambda: session.clock.now() == at(1))
    shown = ask(session, include_now=True)
    assert (places(shown), shown[-1].closed, shown[-1].exact("close")) == ([0, 1], False, "9.5")
    assert places(ask(session)) == [0]
    script.go()
    wait_until(lambda: live.status().epoch == 2)
    assert places(ask(session, include_now=True)) == [0]
    script.go()
    wait_until(lambda: counters(session).get("bars.repeat") == 1)
    assert places(ask(session, include_now=True)) == [0, 1]


def test_closed_bars_are_given_whatever_the_state_of_the_stream(serve, open_session, bar):
    script = Steps([bar(0), bar(1)], "cut")
    server = serve(script)
    session = open_session(server.url, backoff_base=60, backoff_cap=60)
    live = session.source("live")
    session.start_live()
    script.go()
    wait_until(lambda: len(held(session)) == 2)
    assert live.stale_for("BTCUSDT", FRAME) == live.stale_for() == 0.0
    script.go()
    wait_until(lambda: live.status().state == "reconnecting")
    bars = live.get_history(request(forming=True))
    assert places(bars) == [0]
    assert "reconnecting" in bars.note
    assert "cannot vouch" in bars.note
    assert live.stale_for("BTCUSDT", FRAME) > 0
    assert live.stale_for("btc-usdt", FRAME) > 0
    assert live.stale_for("BTCUSDT", Timeframe("1m")) is None
    (stream,) = live.status().streams
    assert (stream.state, stream.bars, stream.holes) == ("stale", 2, 0)


def test_a_stream_that_fell_silent_on_a_connection_that_lives_is_stale(serve, open_session, bar):
    script = Steps([bar(0), bar(1), bar(1, symbol="ETHUSDT")], [bar(2)])
    session = open_session(serve(script).url, symbols=["BTCUSDT", "ETHUSDT"])
    live = session.source("live")
    session.start_live()
    script.go()
    wait_until(lambda: live.cache.get_cache_size() == 3)
    assert places(ask(session, include_now=True)) == [0, 1]
    live._streams["BTCUSDT", "1h"].limit = 0.01  # it would be two hours and thirty seconds
    wait_until(lambda: live.stale_for("BTCUSDT", FRAME))
    assert places(ask(session, include_now=True)) == [0]
    assert "nothing came for" in live.get_history(request()).note
    assert [stream.state for stream in sorted(live.status().streams, key=lambda stream: stream.symbol)] == [
        "stale",
        "live",
    ]
    assert live.status().state == "connected"
    assert live.stale_for() == 0.0
    live._streams["BTCUSDT", "1h"].limit = 60
    script.go()
    wait_until(lambda: len(held(session)) == 3)
    assert live.get_history(request()).note == ""


def test_time_without_a_connection_counts_from_its_loss_and_not_from_the_last_attempt(serve, open_session, bar):
    def script(peer):
        if peer.number > 1:
            peer.request()
            peer.http("403 Forbidden" if peer.number % 2 else "503 Service Unavailable")
            return
        peer.accept()
        peer.send(bar(0), bar(1))
        assert cut.wait(10)

    cut = threading.Event()
    server = serve(script)
    session = open_session(server.url, backoff_base=0.02, backoff_cap=0.02)
    session.start_live()
    wait_until(lambda: len(held(session)) == 2)
    live = session.source("live")
    cut.set()
    wait_until(lambda: live.status().state != "connected")
    began, before = time.monotonic(), server.accepted
    wait_until(lambda: server.accepted >= before + 8)
    assert live.stale_for("BTCUSDT", FRAME) >= time.monotonic() - began - 0.001


def test_a_stream_that_was_never_connected_is_stale_since_its_start(open_session, nowhere):
    session = open_session(nowhere, backoff_base=0.02, backoff_cap=0.02)
    began = time.monotonic()
    session.start_live()
    live = session.source("live")
    started = time.monotonic() - began
    wait_until(lambda: counters(session).get("lost.refused", 0) >= 8)
    assert live.stale_for() >= time.monotonic() - began - started - 0.01


# Saying why there is nothing.


def test_before_it_is_started_it_says_so(open_session, nowhere):
    session = open_session(nowhere)
    live = session.source("live")
    with pytest.raises(NotHere, match="has not been started"):
        live.get_history(request())
    assert live.status().state == "not started"
    assert live.stale_for() is None
    live.stop()


def test_before_the_first_bar_it_says_why_there_is_none(serve, open_session, nowhere):
    session = open_session(nowhere)
    session.start_live()
    wait_until(lambda: counters(session).get("lost.refused"))
    with pytest.raises(NotHere, match=r"has received nothing: (error|connecting) \(.*refused"):
        session.source("live").get_history(request())
    session = open_session(serve(lambda peer: (peer.accept(), peer.stay())).url)
    session.start_live()
    live = session.source("live")
    wait_until(lambda: live.status().state == "connected")
    with pytest.raises(NotHere, match="is connected, but no bar of this series has come"):
        live.get_history(request())
    (stream,) = live.status().streams
    assert (stream.symbol, stream.timeframe, stream.state, stream.idle) == ("BTCUSDT", "1h", "never_received", None)


def test_a_time_of_which_it_holds_nothing(serve, open_session, bar):
    script = Steps([bar(5), bar(6)])
    session = open_session(serve(script).url)
    session.start_live()
    script.go()
    wait_until(lambda: len(held(session)) == 2)
    live = session.source("live")
    with pytest.raises(NotHere, match="holds no closed bar of that time"):
        live.get_history(request(end=at(3)))
    assert places(live.get_history(request(end=at(6)))) == [5]


@pytest.mark.parametrize("told", [True, False])
def test_a_server_that_seems_to_push_closed_bars_only(serve, open_session, bar, caplog, monkeypatch, told):
    use_policies(monkeypatch, snapshot=0.0)
    script = Steps([bar(0), bar(1)], [bar(2), bar(3)])
    session = open_session(serve(script).url, bar_push="closed" if told else "forming")
    session.start_live()
    live = session.source("live")
    script.go()
    wait_until(lambda: len(held(session)) == 2)
    assert live.status().reason == ""
    script.go()
    wait_until(lambda: len(held(session)) == 4)
    wait_until(lambda: session.clock.now() == at(4 if told else 3))
    assert places(ask(session)) == ([0, 1, 2, 3] if told else [0, 1, 2])
    assert live.status().reason == ("" if told else HINT)
    assert (HINT in str(session.adapter().explain("BTCUSDT", 3, "1h"))) is not told
    assert caplog.text.count(HINT) == (0 if told else 1)


def test_one_update_shows_that_forming_bars_are_pushed(serve, open_session, bar, caplog):
    script = Steps([bar(0), bar(0, "11")], [bar(1), bar(2), bar(3), bar(4)])
    session = open_session(serve(script).url)
    session.start_live()
    script.go()
    script.go()
    wait_until(lambda: len(held(session)) == 5)
    assert session.source("live").status().reason == ""
    assert HINT not in caplog.text


def test_events_are_handed_out_in_order_and_each_bar_closes_once(serve, open_session, bar):
    script = Steps([bar(0), bar(0, "11"), bar(1), bar(0, "11"), bar(1), bar(2)], "cut", [bar(2), bar(3)])
    session = open_session(serve(script).url)
    events: list[Any] = []
    session.subscribe(events.append)
    wait_until(lambda: [event.state for event in events] == ["connecting", "connected"])
    script.go()
    wait_until(lambda: len(held(session)) == 3)
    script.go()
    script.go()
    wait_until(lambda: [event.bar.open_time for event in events if event.bar and not event.bar.closed][-1:] == [at(3)])
    assert [(event.bar.open_time, event.bar.exact("close")) for event in events if event.bar and event.bar.closed] == [
        (at(0), "11"),
        (at(1), "10.5"),
        (at(2), "10.5"),
    ]
    states = [event.state for event in events if event.kind == "state"]
    assert states == ["connecting", "connected", "reconnecting", "connected"]
    assert {event.source for event in events} == {"live"}


def test_a_subscriber_that_sleeps_holds_nobody_up(serve, open_session, bar):
    script = Steps([bar(place // 4, str(10 + place % 2)) for place in range(400)])
    session = open_session(serve(script).url)
    awake = threading.Event()
    session.subscribe(lambda event: awake.wait(20))
    script.go()
    wait_until(lambda: len(held(session)) == 100)
    assert session.source("live").status().state == "connected"
    assert session.status().events_lost == 0
    awake.set()


@pytest.mark.parametrize(
    "spoiled",
    [
        "{not json",
        {"type": "BAR", "symbol": "BTCUSDT", "timeframe": "1h", "open_time": T0 + HOUR, "open": "1"},
        [{"symbol": "BTCUSDT", "timeframe": "1h", "open_time": T0 + HOUR, "open": "x"}],
    ],
)
def test_a_bar_whose_last_message_could_not_be_read_is_not_closed_by_its_successor(serve, open_session, bar, spoiled):
    """What it was before that message is not what it became."""
    script = Steps([bar(0), bar(1), spoiled, bar(2), bar(3), bar(4)])
    session = open_session(serve(script).url)
    live = session.source("live")
    session.start_live()
    script.go()
    wait_until(lambda: live.cache.get_cache_size() == 5)
    assert places(live.get_history(request())) == [0, 2, 3]


def test_a_spoiled_message_of_one_series_does_no_harm_to_another(serve, open_session, bar):
    spoiled = {"type": "BAR", "symbol": "ETHUSDT", "timeframe": "1h", "open_time": T0 + HOUR, "open": "1"}
    script = Steps([bar(0), bar(1), spoiled, bar(2), bar(3)])
    session = open_session(serve(script).url, symbols=["BTCUSDT", "ETHUSDT"])
    live = session.source("live")
    session.start_live()
    script.go()
    wait_until(lambda: live.cache.get_cache_size() == 4)
    assert places(live.get_history(request())) == [0, 1, 2]


def test_clearing_the_cache_leaves_the_streams_at_work(serve, open_session, bar):
    script = Steps([bar(0), bar(1)], [bar(2), bar(3)])
    session = open_session(serve(script).url)
    live = session.source("live")
    session.start_live()
    script.go()
    wait_until(lambda: live.cache.get_cache_size() == 2)
    live.cache.clear()
    assert live.cache.get_cached_symbols() == []
    script.go()
    wait_until(lambda: live.cache.get_cache_size() == 2)
    assert places(live.get_history(request())) == [2]


def test_a_message_that_is_lost_before_the_acknowledgement_counts_too(serve, open_session, bar):
    def script(peer):
        connect = peer.subscribed()
        peer.send(bar(0), bar(1), "{not json", {"type": "CONNECTED", "request_id": connect["request_id"]})
        peer.send(bar(2), bar(3))
        peer.stay()

    session = open_session(serve(script).url)
    live = session.source("live")
    session.start_live()
    wait_until(lambda: live.cache.get_cache_size() == 4)
    assert places(live.get_history(request())) == [0, 2]


@pytest.mark.parametrize(
    "harmless",
    [
        "heartbeat",
        {"type": "BAR", "symbol": "BTCUSDT", "timeframe": "10s", "open_time": T0, "open": "1"},
        {"type": "BAR", "symbol": "BTCUSDT", "timeframe": "1h", "open_time": T0 + 9 * HOUR, "open": "x"},
    ],
)
def test_what_cannot_have_been_of_the_forming_bar_does_it_no_harm(serve, open_session, bar, harmless):
    script = Steps([bar(0), bar(1), harmless, bar(2), bar(3)])
    session = open_session(serve(script).url)
    live = session.source("live")
    session.start_live()
    script.go()
    wait_until(lambda: live.cache.get_cache_size() == 4)
    assert places(live.get_history(request())) == [0, 1, 2]


def test_a_hole_is_told_filled_and_told_again(serve, open_session, bar, tmp_path):
    (tmp_path / "BTCUSDT").mkdir()
    rows = [f"{at(place)},10,12,9,{place + 9.5},1" for place in range(3)]
    header = "open_time,open,high,low,close,volume"
    (tmp_path / "BTCUSDT" / "1h.csv").write_text("\n".join([header, *rows, ""]))
    archive = {"name": "archive", "plugin": "file", "options": {"path": f"{tmp_path}/{{symbol}}/{{timeframe}}.csv"}}
    script = Steps([bar(0)], [bar(3)])
    session = open_session(serve(script).url, archive)
    events: list[Any] = []
    session.subscribe(events.append)
    script.go()
    wait_until(lambda: len(held(session)) == 1)
    script.go()
    wait_until(lambda: [event.kind for event in events if event.kind in ("hole", "filled")] == ["hole", "filled"])
    hole, filled = (event for event in events if event.kind in ("hole", "filled"))
    assert hole.hole == filled.hole == Hole(at(1), at(3), 2)
    assert "archive: 3 bars" in filled.reason
    assert [(bar.source, bar.finality) for bar in held(session)][1:3] == [("archive", Finality.HISTORY)] * 2
    assert closes(held(session))[1:3] == ["10.5", "11.5"]
    assert counters(session)["backfilled"] == 2
    assert [stream.state for stream in session.source("live").status().streams] == ["live"]


def test_it_is_shown_with_its_state_and_without_its_secrets(serve, open_session, bar):
    script = Steps([bar(0)])
    session = open_session(f"{serve(script).url}?key=a-secret-key")
    source = session.source("live")  # of the class that gives a test its policies
    assert repr(source) == "<WithPolicies: not started, 1 series>"
    session.start_live()
    script.go()
    wait_until(lambda: source.status().state == "connected")
    address = source.status().endpoint
    assert address.endswith("?…")
    assert repr(source) == f"<WithPolicies: live, connected, {address}, 1 series>"
    session.stop()
    assert repr(source) == f"<WithPolicies: live, disconnected, {address}, 1 series>"
