"""How Massive speaks."""

from __future__ import annotations

from wealthsources_simulator.exchanges.massive import Massive

from .talking import EIGHT, FIRST, MINUTE

AUTH = {"action": "auth", "params": "KEY"}
SUBSCRIBE = {"action": "subscribe", "params": "AM.AAPL,AM.FOO"}


def status(word: str, text: str):
    return [{"ev": "status", "status": word, "message": text}]


def begin(talk, **options):
    one = talk(Massive(), ("AAPL",), token="KEY", **options)
    assert one.hear() == status("connected", "Connected Successfully")
    return one


def test_a_key_comes_before_the_subscription(talk):
    one = begin(talk)
    assert one.asks(SUBSCRIBE) == status("error", "not authenticated")
    assert one.asks(AUTH) == status("auth_success", "authenticated")
    assert one.asks({"action": "hello"})[0]["status"] == "error"
    one.say(SUBSCRIBE)
    assert one.hears(2) == [*(status("success", "subscribed to: AM.AAPL"), status("success", "subscribed to: AM.FOO"))]


def test_a_wrong_key_ends_the_connection(talk):
    one = begin(talk)
    assert one.asks(AUTH | {"params": "X"}) == status("auth_failed", "authentication failed")
    assert one.client.frame()[0] == 0x8


def test_only_bars_that_are_closed_and_had_trades_come(talk):
    one = begin(talk)
    one.asks(AUTH)
    one.asks(SUBSCRIBE)
    one.hear()
    one.market.play(3)
    assert one.hear() == [
        {
            "ev": "AM",
            "sym": "AAPL",
            "v": 12.9,
            "av": 12.9,
            "op": 91000.1,
            "vw": 91006.2,
            "o": 91000.1,
            "c": 91006.2,
            "h": 91010,
            "l": 90990.5,
            "a": 91006.2,
            "z": 13,
            "s": EIGHT,
            "e": EIGHT + MINUTE,
        }
    ]
    assert one.hear()[0]["s"] == EIGHT + 2 * MINUTE
    assert Massive().bar(("AAPL", "1m"), FIRST, False)["ev"] == "A"
