"""The live source: changing the subscription, starting and stopping."""

from __future__ import annotations

import threading

import pytest

from wealthsources import ConfigError, Hole, RequestError

from ...support.bars import at, places
from ...support.waiting import wait_until
from .live import Steps, ask, closes, counters, held, request, shard_of

# Changing the subscription.


def test_a_new_subscription_is_told_to_the_server_and_to_the_chain(serve, open_session, bar):
    def script(peer):
        peer.accept()
        message = peer.message()
        peer.send({"type": "CONNECTED", "request_id": message["request_id"]}, bar(0, symbol="ETHUSDT"), bar(0))
        peer.stay()

    server = serve(script)
    session = open_session(server.url)
    session.start_live()
    live = session.source("live")
    wait_until(lambda: live.status().state == "connected")
    live.update_subscription(["ETHUSDT", "SOLUSDT"], ["1h", "5m"])
    wait_until(lambda: counters(session).get("unsolicited"))
    assert (server.received[1]["symbols"], server.received[1]["resolutions"]) == (["ETHUSDT", "SOLUSDT"], ["1h", "5m"])
    assert live.capabilities.symbols == ("ETHUSDT", "SOLUSDT")
    assert live.capabilities.timeframes == ("1h", "5m")
    assert live.cache.get_cached_symbols() == [("ETHUSDT", "1h")]
    assert len(live.status().streams) == 4


@pytest.mark.parametrize(("symbols", "resolutions"), [([], ["1h"]), (["X"], []), (["X"], ["5x"]), (["X"], [""])])
def test_a_subscription_that_makes_no_sense_changes_nothing(open_session, nowhere, symbols, resolutions):
    live = open_session(nowhere).source("live")
    with pytest.raises(RequestError):
        live.update_subscription(symbols, resolutions)
    assert (live.capabilities.symbols, live.capabilities.timeframes) == (("BTCUSDT",), ("1h",))


def test_bars_of_a_series_that_stays_are_kept_and_go_on(serve, open_session, bar):
    def script(peer):
        peer.accept()
        peer.send(bar(0), bar(1))
        message = peer.message()
        peer.send({"type": "CONNECTED", "request_id": message["request_id"]}, bar(1, "11"), bar(2))
        peer.stay()

    session = open_session(serve(script).url)
    session.start_live()
    wait_until(lambda: len(held(session)) == 2)
    session.source("live").update_subscription(["BTCUSDT", "ETHUSDT"], ["1h"])
    wait_until(lambda: len(held(session)) == 3)
    wait_until(lambda: session.clock.now() == at(2))
    assert closes(ask(session)) == ["10.5", "11"]


def test_what_was_missed_between_two_subscriptions_is_not_closed_by_the_second(serve, open_session, bar):
    again = threading.Event()

    def script(peer):
        peer.accept()
        peer.send(bar(0), bar(1, "9.5"))  # a half bar, whose rest nobody was there to hear
        for bars in ([bar(1, symbol="ETHUSDT"), bar(4, symbol="ETHUSDT")], [bar(5), bar(6)]):
            message = peer.message()
            peer.send({"type": "CONNECTED", "request_id": message["request_id"]}, *bars)
        peer.stay()

    session = open_session(serve(script).url)
    session.start_live()
    live = session.source("live")
    wait_until(lambda: len(held(session)) == 2)
    live.update_subscription(["ETHUSDT"], ["1h"])
    wait_until(lambda: live.cache.get_cache_size("ETHUSDT") == 2)
    live.update_subscription(["BTCUSDT", "ETHUSDT"], ["1h"])
    wait_until(lambda: len(held(session)) == 4)
    wait_until(lambda: session.clock.now() == at(6))
    again.set()
    bars = ask(session, on_hole="mark")
    assert places(bars) == [0, 5]
    assert bars.holes == (Hole(at(1), at(5), 4),)
    assert places(ask(session, include_now=True)) == [0, 5, 6]


# Starting and stopping.


def test_a_certificate_file_that_is_not_there_stops_the_start(open_session, tmp_path):
    session = open_session("wss://127.0.0.1:1/", ca_file=str(tmp_path / "none.pem"))
    with pytest.raises(ConfigError, match=r"ca_file .*none\.pem: No such file"):
        session.start_live()


def test_what_is_in_the_cache_stays_after_a_stop(serve, open_session, bar):
    script = Steps([bar(0), bar(1)])
    session = open_session(serve(script).url)
    session.start_live()
    script.go()
    wait_until(lambda: len(held(session)) == 2)
    live = session.source("live")
    live.stop()
    live.stop()
    assert live.status().state == "disconnected"
    assert places(live.get_history(request())) == [0]


def test_neither_repr_nor_status_shows_the_token(serve, open_session):
    session = open_session(serve(lambda peer: (peer.accept(), peer.stay())).url, csrf_token="s3cr3t-0123456789")
    session.start_live()
    live = session.source("live")
    wait_until(lambda: live.status().state == "connected")
    shown = [
        repr(live),
        repr(live.options),
        str(live.options),
        repr(live.status()),
        repr(session.config),
        repr(session),
    ]
    shown += [repr(live.status().as_dict()), repr(session.status()), str(live.options.model_dump())]
    assert [text for text in shown if "s3cr3t" in text] == []


def test_a_new_subscription_on_the_same_connection_leaves_the_bar_before_it_open(serve, open_session, bar):
    """The server may begin its streams anew; what it sent in between is not known."""
    script = Steps([bar(0), bar(1)], [bar(2), bar(3)])
    session = open_session(serve(script).url)
    live = session.source("live")
    session.start_live()
    script.go()
    wait_until(lambda: live.cache.get_cache_size() == 2)
    live.on_resubscribed(shard_of(live))
    script.go()
    wait_until(lambda: live.cache.get_cache_size() == 4)
    assert places(live.get_history(request())) == [0, 2]
