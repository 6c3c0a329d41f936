"""Section E of the table of faults: messages of other kinds and names, of what was not asked for, and errors."""

from __future__ import annotations

import json
import threading

import pytest

from wealthsources_simulator import Market, Peer

from ..support.bars import HOUR
from .case import SERIES, TOKEN, facts
from .messages import flat, is_ignored, logged, parts_of_the_token
from .sending import delivered, on_go, once, spoiled, stayed, told_by

# E5 ------------------------------------------------------------------------------------------------------------------


def test_e5_a_message_of_an_unknown_type(case):
    """Sends a message of a type that nobody knows → ignored and counted, the connection stays."""
    is_ignored(case, "unknown-type", "ignored_messages")


@pytest.mark.parametrize("text", ["{}", '{"hello": "world"}', '{"type": null}', '{"type": "bar"}', '{"type": ""}'])
def test_e5_a_message_without_a_type_that_is_known(case, text):
    """Sends an object that says nothing known → ignored and counted, the connection stays."""
    is_ignored(case, once(lambda peer: peer.send(text)), "ignored_messages")


def test_e5_a_bar_with_extra_keys(case):
    """Sends a bar with more fields than there should be → they are ignored, the bar is taken with every digit."""
    delivered(case, "extra-keys")
    assert case.counter("bad_bar") == 0


def test_e5_extra_keys_that_look_like_ours(case):
    """Sends extra fields whose names begin like ours, or differ in case → they change nothing."""
    extra = {"Close": "1", "close_": "2", "open_interest": "3", "symbols": ["ETHUSDT"], "openTime": 0, "volumes": [1]}
    delivered(case, once(lambda peer: peer.send(peer.bar(**extra))))


# E6 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["resolution", "both", "kline", "lower-symbol", "dashed-symbol", "slashed-symbol"])
def test_e6_another_way_to_write_the_names(case, kind):
    """Says `resolution` for `timeframe`, KLINE for BAR, writes the symbol in lower case or with a separator → it is the
    series that was subscribed."""
    delivered(case, f"odd-names:{kind}")
    assert case.live.cache.get_cached_symbols() == [SERIES]
    assert case.counter("unsolicited") == 0


def test_e6_two_timeframes_in_one_message(case, caplog):
    """Says one timeframe under `timeframe` and another under `resolution` → not guessed: `bad_bar`, which says so; the
    connection stays."""
    is_ignored(case, "odd-names:contradiction", "bad_bar")
    assert "timeframe" in logged(caplog, "bad_bar: ")[0]


def test_e6_two_timeframes_in_the_last_message_of_a_bar(case):
    """Says two timeframes in the last message of a bar → the older state is never closed; the bar comes from the next
    source."""
    told_by(case, spoiled(lambda peer, message: peer.send(message | {"resolution": "1m"})), "bad_bar", "archive")


@pytest.mark.parametrize("symbol", ["btcusdt", "BTC_USDT", "BTC:USDT", "BTC.USDT", "btc usdt"])
def test_e6_another_way_to_write_the_symbol(case, symbol):
    """Writes the symbol with other separators, always → all bars are in the one series that was subscribed."""

    def script(peer: Peer) -> None:
        peer.behave(lambda played: peer.send(json.loads(played.text) | {"symbol": symbol}))

    case.serve(script)
    case.open()
    case.connected()
    case.play(5.5)
    case.counted("bars.new", 6)
    case.until(lambda: len(case.closed()) == 5)
    assert facts(case.closed()) == facts(case.market.closed(SERIES))
    assert case.live.cache.get_cached_symbols() == [SERIES]


def test_e6_a_symbol_that_could_mean_two(case):
    """Writes a symbol that could be either of two that are subscribed → neither is guessed: counted, not stored."""
    is_ignored(
        case,
        once(lambda peer: peer.send(peer.bar(symbol="btc/usdt"))),
        "unsolicited",
        symbols=["BTCUSDT", "BTC-USDT"],
    )


def test_e6_the_exact_spelling_is_not_doubted(case):
    """Sends bars of two symbols that differ in a separator only → each is in its own series."""
    other = ("BTC-USDT", "1h")
    case.serve(market=Market.made(["BTCUSDT", "BTC-USDT"]))
    case.open(symbols=["BTCUSDT", "BTC-USDT"])
    case.connected()
    case.play(5.5)
    case.counted("bars.new", 12)
    for series in (SERIES, other):
        case.until(lambda series=series: len(case.closed(series)) == 5)
        assert facts(case.closed(series)) == facts(case.market.closed(series))


@pytest.mark.parametrize("name", ["60", "3600", "H", "7m"])
def test_e6_a_timeframe_that_nobody_knows(case, caplog, name):
    """Writes "60" or "3600" for "1h" → not guessed: `bad_bar`, which names the timeframe; the connection stays."""
    is_ignored(case, once(lambda peer: peer.send(peer.bar(timeframe=name))), "bad_bar")
    assert f"timeframe: {name!r} is not one" in logged(caplog, "bad_bar: ")[0]


@pytest.mark.parametrize("kind", ["long-unit", "upper-unit"])
def test_e6_another_name_of_the_hour(case, kind):
    """Writes "1hour" or "1H" for "1h" → it can mean no other timeframe, so it is that bar."""
    case.serve(f"odd-names:{kind}")
    case.open()
    case.counted("bars.new")
    assert case.live.cache.get_cached_symbols() == [SERIES]
    assert (case.counter("bad_bar"), case.counter("unsolicited")) == (0, 0)


def test_e6_a_minute_is_not_a_month(case):
    """Sends bars of the minute and of the month with the same open time → each is in its own series, never mixed."""
    minute, month = ("BTCUSDT", "1m"), ("BTCUSDT", "1M")
    market = Market(
        {
            minute: flat(*minute, [f"{number}.5" for number in range(1, 13)]),
            month: flat(*month, [f"{number}000.25" for number in range(1, 13)]),
        }
    )
    case.serve(market=market)
    case.open(resolutions=["1m", "1M"], archive=False)  # the minutes of whole months would be asked for
    case.connected()
    case.play(5.5)
    case.counted("bars.new", 12)
    for series in (minute, month):
        case.until(lambda series=series: len(case.closed(series)) == 5)
        assert facts(case.closed(series)) == facts(case.market.closed(series))
    stayed(case)


MINUTE = ("BTCUSDT", "1m")


@pytest.mark.parametrize(
    ("name", "counter"),
    [("1M", "unsolicited"), ("M1", "bad_bar"), ("60", "bad_bar"), ("1", "bad_bar"), ("2min", "bad_bar")],
)
def test_e6_what_is_not_the_minute_that_was_subscribed(case, name, counter):
    """Sends a bar of "1M", "M1" or "60" to who subscribed to "1m" → counted, stored nowhere, and named in answers."""
    case.serve(
        once(lambda peer: peer.send(peer.bar(timeframe=name))),
        market=Market({MINUTE: flat(*MINUTE, ["1.5"] * 12)}),
    )
    case.open(resolutions=["1m"])
    case.counted(counter)
    assert case.live.cache.get_cached_symbols() == []
    assert case.counter(counter) == 1
    assert f"bars of this symbol came under {name!r} (1)" in case.session.status().sources["live"].reason


@pytest.mark.parametrize("name", ["1min", "1 m", "60s", "m1"])
def test_e6_another_name_of_the_minute_that_was_subscribed(case, name):
    """Calls "1m" by a name that can mean no other: "1min", "60s" → read as what it means."""
    case.serve(
        once(lambda peer: peer.send(peer.bar(timeframe=name))),
        market=Market({MINUTE: flat(*MINUTE, ["1.5"] * 12)}),
    )
    case.open(resolutions=["1m"])
    case.counted("bars.new")
    assert case.live.cache.get_cached_symbols() == [MINUTE]


# E7 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ["unsolicited:symbol", "unsolicited:timeframe", "odd-names:month"])
def test_e7_a_bar_that_was_not_asked_for(case, entry):
    """Sends a bar of a symbol or a timeframe that was not asked for → counted, not stored, the connection stays."""
    is_ignored(case, entry, "unsolicited")


def test_e7_ever_new_symbols_that_were_not_asked_for(case):
    """Sends bars of 3,000 symbols that were not asked for → all counted, none stored, the asked-for one undisturbed."""
    case.play(3)
    case.serve("unasked-symbols:3000")
    case.open()
    case.counted("unsolicited", 3000)
    assert case.live.cache.get_cached_symbols() == [SERIES]
    assert case.counter("bars.new") == 2
    stayed(case)


def test_e7_an_unasked_bar_does_not_move_the_time(case):
    """Sends a bar of next year that was not asked for → nothing that is known of time comes from it."""
    year = 365 * 24 * HOUR

    def send(peer: Peer) -> None:
        bar = peer.bar()
        later = {"open_time": bar["open_time"] + year, "close_time": bar["close_time"] + year}
        peer.send(bar | later | {"symbol": "NOBODYASKED", "is_closed": True})

    is_ignored(case, once(send), "unsolicited")
    assert case.session.status().now == case.held()[-1].open_time
    assert case.answer().behind == 0


# E8 ------------------------------------------------------------------------------------------------------------------

ERRORS = {
    "bad csrf_token": "auth",
    "token expired": "auth",
    "Unauthorized": "auth",
    "unknown symbol DOGEUSDT": "subscription",
    "resolution 7m is not served": "subscription",
    "slow down": "other",
    "": "other",
}


@pytest.mark.parametrize(("text", "kind"), ERRORS.items())
def test_e8_an_error_while_streaming(case, caplog, text, kind):
    """Sends ERROR while bars flow → counted as auth, subscription or other, told in log and status; the connection
    stays, the bars go on."""
    is_ignored(case, f"error-while-streaming:{text}", f"server_errors.{kind}")
    counted = {name for name in case.status.counters if name.startswith("server_errors.")}
    assert counted == {f"server_errors.{kind}"}
    assert logged(caplog, "the server says: ") == [text]
    assert case.status.last_error == text


def test_e8_an_error_with_the_token_in_it(case, caplog):
    """Sends ERROR with the token in it, and what steers a terminal → one short line, in log and status, without it."""
    text = f"wrong csrf_token\x1b[31m\n{TOKEN} {json.dumps(TOKEN)} for {'x' * 10_000}"
    is_ignored(case, f"error-while-streaming:{text}", "server_errors.auth")
    (shown,) = logged(caplog, "the server says: ")
    assert case.status.last_error == shown
    assert "***" in shown
    assert shown.isprintable()
    assert len(shown) <= 130
    everything = caplog.text + repr(case.session.status())
    assert [part for part in parts_of_the_token() if part in everything] == []


def test_e8_an_error_about_one_of_two_series(case):
    """Says that it does not know one of two symbols → told in the status, where that stream is `never_received`; the
    other one is live."""
    go = threading.Event()

    def complain(peer: Peer) -> None:
        peer.send({"type": "ERROR", "message": "unknown symbol ETHUSDT"})
        peer.behave()

    case.play(3)
    case.serve(on_go(complain, go))
    case.open(symbols=["BTCUSDT", "ETHUSDT"])
    case.counted("bars.new", 2)
    go.set()
    case.counted("server_errors.subscription")
    assert {stream.symbol: stream.state for stream in case.status.streams} == {
        "BTCUSDT": "live",
        "ETHUSDT": "never_received",
    }
    case.until(lambda: case.status.last_error == "unknown symbol ETHUSDT")
    stayed(case)


def test_e8_many_errors(case):
    """Sends 2,000 ERRORs in a row → each is counted, the connection stays."""
    case.play(3)
    case.serve(once(lambda peer: peer.send(*[{"type": "ERROR", "message": "slow down"}] * 2000)))
    case.open()
    case.counted("server_errors.other", 2000)
    stayed(case)
