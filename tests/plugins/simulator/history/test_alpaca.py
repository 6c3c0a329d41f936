from __future__ import annotations

import pytest

from wealthsources_simulator.bars import forming_state
from wealthsources_simulator.exchanges.values import rfc3339
from wealthsources_simulator.history.alpaca import Alpaca
from wealthsources_simulator.history.base import Ask, Refusal
from wealthsources_simulator.history.truth import Truth

from .asking import BARS, NOW, at, opens

STOCKS, CRYPTO = "/v2/stocks/bars", "/v1beta3/crypto/us/bars"
HEADERS = {"apca-api-key-id": "K", "apca-api-secret-key": "S"}
TRUTH = Truth({("AAPL", "1m"): BARS, ("AAPL", "1h"): BARS[:1], ("BTC/USD", "1m"): BARS}, NOW)


def ask(path, headers=HEADERS, **query):
    return Ask(path, {name: str(value) for name, value in query.items()}, None, headers)


def bars_of(exchange, headers=HEADERS, truth=TRUTH, **query):
    """The places of the bars of an answer, and the answer."""
    query = {"symbols": "AAPL", "timeframe": "1Min", "start": rfc3339(at(0)), **query}
    asked = ask(STOCKS if "/" not in query["symbols"] else CRYPTO, headers, **query)
    bars = exchange.page(asked, truth)
    return opens(bars), exchange.written(asked, bars, truth)


def refusal(exchange, path=STOCKS, headers=HEADERS, truth=TRUTH, **query):
    with pytest.raises(Refusal) as raised:
        exchange.page(ask(path, headers, **{"symbols": "AAPL", "timeframe": "1Min", **query}), truth)
    return raised.value.status, raised.value.content["message"]


def test_bounds_are_inclusive_the_oldest_come_first_and_a_quiet_window_of_a_stock_has_no_bar():
    places, answer = bars_of(Alpaca(), start=rfc3339(at(56)), end=rfc3339(at(59)))
    assert places == [56, 57, 59]
    first = answer["bars"]["AAPL"][0]
    assert (first["t"], first["c"], first["v"]) == (rfc3339(at(56)), float(BARS[56].close), float(BARS[56].volume))
    assert answer["next_page_token"] is None


def test_a_quiet_window_of_crypto_has_a_bar_without_volume():
    assert bars_of(Alpaca(), symbols="BTC/USD", start=rfc3339(at(57)))[0] == [57, 58, 59]


def test_what_is_more_than_the_limit_comes_by_token():
    exchange = Alpaca()
    places, answer = bars_of(exchange, limit=40)
    assert places == list(range(40))
    places, answer = bars_of(exchange, limit=40, page_token=answer["next_page_token"])
    assert places == [*range(40, 58), 59]
    assert answer["next_page_token"] is None


def test_a_page_may_have_fewer_bars_than_were_asked_for_and_says_that_there_are_more():
    places, answer = bars_of(Alpaca(most=3), limit=40)
    assert places == [0, 1, 2]
    assert answer["next_page_token"]


def test_what_it_does_not_have_has_no_bars():
    assert bars_of(Alpaca(), symbols="FOO")[1] == {"bars": {}, "next_page_token": None}


@pytest.mark.parametrize(("theirs", "count"), [("1H", 1), ("1Hour", 1), ("1T", 59), ("5Min", 0), ("1D", 0)])
def test_timeframes_are_a_number_and_a_unit(theirs, count):
    assert len(bars_of(Alpaca(), timeframe=theirs)[0]) == count


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"timeframe": "1x"}, "invalid timeframe"),
        ({"timeframe": "minute"}, "invalid timeframe"),
        ({"start": "0"}, "Invalid format for parameter start"),
        ({"limit": 10_001}, "invalid limit"),
        ({"symbols": "BTC/USD"}, "invalid symbol"),
        ({"page_token": "eA=="}, "invalid page token"),
        ({"start": rfc3339(at(5)), "end": rfc3339(at(4))}, "end should not be before start"),
    ],
)
def test_what_is_no_question_is_turned_down(query, told):
    status, message = refusal(Alpaca(), **query)
    assert status == 400
    assert told in message


def test_without_a_key_and_with_a_wrong_one_nothing_of_stocks_is_told():
    exchange = Alpaca("K:S")
    assert bars_of(exchange)[0]
    assert refusal(exchange, headers={}) == (401, "unauthorized.")
    assert refusal(exchange, headers={**HEADERS, "apca-api-secret-key": "X"}) == (403, "forbidden.")
    with pytest.raises(Refusal):
        exchange.other(ask("/v2/assets", {}), TRUTH)


def test_crypto_needs_no_key_but_none_that_is_wrong():
    exchange = Alpaca("K:S")
    assert bars_of(exchange, {}, symbols="BTC/USD")[0]
    wrong = {**HEADERS, "apca-api-key-id": "X"}
    assert refusal(exchange, CRYPTO, wrong, symbols="BTC/USD") == (403, "forbidden.")


def test_a_plan_without_real_time_may_not_ask_for_the_newest_of_all_exchanges_and_gets_none_of_them():
    exchange = Alpaca(real_time=False)
    assert refusal(exchange, feed="sip", end=rfc3339(NOW)) == (
        403,
        "subscription does not permit querying recent SIP data",
    )
    assert bars_of(exchange, feed="sip")[0] == list(range(45))
    assert bars_of(exchange, feed="iex", end=rfc3339(NOW))[0][-1] == 59


def test_a_bar_that_ends_later_than_was_asked_for_is_made_of_what_came_before():
    whole, part = BARS[44], forming_state(BARS[44], 1, 4)
    assert bars_of(Alpaca(), end=rfc3339(whole.end - 1))[1]["bars"]["AAPL"][-1]["v"] == float(part.volume)
    assert bars_of(Alpaca(), end=rfc3339(at(45)))[1]["bars"]["AAPL"][-2]["v"] == float(whole.volume)


def test_what_is_traded_is_listed_by_class():
    exchange = Alpaca()
    crypto = exchange.other(ask("/v2/assets", asset_class="crypto"), TRUTH)
    assert [each["symbol"] for each in crypto] == ["BTC/USD"]
    assert [each["symbol"] for each in exchange.other(ask("/v2/assets"), TRUTH)] == ["AAPL"]
    assert exchange.page(ask("/v2/assets"), TRUTH) is None
    with pytest.raises(Refusal):
        exchange.other(ask("/v2/other"), TRUTH)
