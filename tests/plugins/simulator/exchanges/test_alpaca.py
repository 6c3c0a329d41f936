"""How Alpaca speaks."""

from __future__ import annotations

import pytest

from wealthsources_simulator.exchanges.alpaca import Alpaca

from .talking import FIRST, THIRD

AUTH = {"action": "auth", "key": "K", "secret": "S"}
SUBSCRIBE = {"action": "subscribe", "bars": ["AAPL"], "updatedBars": ["AAPL"]}
NONE = {"T": "subscription", "trades": [], "quotes": [], "bars": [], "updatedBars": [], "dailyBars": []}


def begin(talk, *symbols: str, exchange=None, **options):
    one = talk(exchange or Alpaca(), symbols or ("AAPL",), token="K:S", **options)
    assert one.hear() == [{"T": "success", "msg": "connected"}]
    return one


def test_credentials_come_before_the_subscription(talk):
    one = begin(talk)
    assert one.asks(SUBSCRIBE) == [{"T": "error", "code": 401, "msg": "not authenticated"}]
    assert one.asks(AUTH | {"secret": "X"}) == [{"T": "error", "code": 402, "msg": "auth failed"}]
    assert one.asks(AUTH) == [{"T": "success", "msg": "authenticated"}]
    assert one.asks(SUBSCRIBE) == [NONE | {"bars": ["AAPL"], "updatedBars": ["AAPL"]}]
    assert one.server.acknowledged == 1


def test_an_acknowledgement_lists_everything_so_far_known_or_not(talk):
    one = begin(talk, "AAPL", "MSFT")
    one.asks(AUTH)
    one.asks(SUBSCRIBE)
    more = {"action": "subscribe", "bars": ["MSFT", "FOO"]}
    assert one.asks(more) == [NONE | {"bars": ["AAPL", "FOO", "MSFT"], "updatedBars": ["AAPL"]}]
    left = more | {"action": "unsubscribe"}
    assert one.asks(left) == [NONE | {"bars": ["AAPL"], "updatedBars": ["AAPL"]}]


def test_only_bars_that_are_closed_and_had_trades_come(talk):
    one = begin(talk)
    one.asks(AUTH)
    one.asks(SUBSCRIBE)
    one.market.play(3)
    assert one.text() == (
        '[{"T":"b","S":"AAPL","o":91000.10,"h":91010.00,"l":90990.50,"c":91006.20,"v":12.90000,"n":13,'
        '"vw":91006.20,"t":"2027-01-15T08:00:00Z"}]'
    )
    assert one.hear()[0]["t"] == "2027-01-15T08:02:00Z"
    assert one.market.closed(("AAPL", "1m")) == [FIRST, THIRD]


def test_a_bar_can_be_told_again_after_late_trades(talk):
    exchange = Alpaca("sip")

    def script(peer):
        peer.join()
        peer.send(exchange.updated(("AAPL", "1m"), FIRST))
        peer.behave()

    one = begin(talk, exchange=exchange, script=[script])
    one.asks(AUTH)
    one.asks(SUBSCRIBE)
    (bar,) = one.hear()
    assert (bar["T"], bar["c"]) == ("u", 91006.2)
    assert exchange.bar(("AAPL", "1m"), FIRST, False)["T"] == "d"


@pytest.mark.parametrize(
    ("market", "path"), [("sip", "/v2/sip"), ("test", "/v2/test"), ("crypto", "/v1beta3/crypto/us")]
)
def test_each_market_has_its_path(market, path):
    assert Alpaca(market).path == path


def test_one_connection_is_all_there_is(talk):
    one = begin(talk, exchange=Alpaca(taken=True))
    assert one.asks(AUTH) == [{"T": "error", "code": 406, "msg": "connection limit exceeded"}]
    assert one.client.frame()[0] == 0x8


def test_who_shows_no_credentials_is_cut_and_what_is_no_request_refused(talk):
    assert begin(talk, exchange=Alpaca(pace=0.001)).is_cut()
    assert begin(talk).asks({"action": "hello"})[0]["code"] == 400
