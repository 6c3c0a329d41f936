from __future__ import annotations

import pytest

from wealthsources_simulator.bars import forming_state
from wealthsources_simulator.history.base import Ask, Refusal
from wealthsources_simulator.history.massive import Massive
from wealthsources_simulator.history.truth import Truth

from .asking import BARS, NOW, at, opens

HEADERS = {"authorization": "Bearer K"}
TRUTH = Truth({("AAPL", "1m"): BARS, ("AAPL", "1h"): BARS[:1]}, NOW)


def ask(first=BARS[0].open_time, last=NOW, span="1/minute", symbol="AAPL", headers=HEADERS, **query):
    path = f"/v2/aggs/ticker/{symbol}/range/{span}/{first}/{last}"
    return Ask(path, {"adjusted": "false", **{name: str(value) for name, value in query.items()}}, None, headers)


def bars_of(exchange, *args, **options):
    """The places of the bars of an answer, and the answer."""
    asked = ask(*args, **options)
    bars = exchange.page(asked, TRUTH)
    return opens(bars), exchange.written(asked, bars, TRUTH)


def refusal(exchange, **options):
    with pytest.raises(Refusal) as raised:
        exchange.page(ask(**options), TRUTH)
    return raised.value.status, raised.value.content


def test_bounds_snap_outwards_the_oldest_come_first_and_a_quiet_window_has_no_bar():
    places, answer = bars_of(Massive(), at(56) + 30_000, at(59) + 1)
    assert places == [56, 57, 59]
    assert answer["resultsCount"] == 3
    row = answer["results"][0]
    assert (row["t"], row["c"], row["v"]) == (at(56), float(BARS[56].close), float(BARS[56].volume))
    assert "next_url" not in answer


def test_the_newest_first_is_another_order():
    assert bars_of(Massive(), at(55), at(57), sort="desc")[0] == [57, 56, 55]


def test_behind_the_limit_another_address_goes_on():
    places, answer = bars_of(Massive(), limit=40)
    assert places == list(range(40))
    path = answer["next_url"].removeprefix("https://api.massive.com").partition("?")[0]
    asked = Ask(path, {}, None, HEADERS)
    assert opens(Massive().page(asked, TRUTH)) == [*range(40, 58), 59]


def test_the_limit_counts_minutes_whatever_the_bars_are_made_of():
    assert bars_of(Massive(), span="1/hour", limit=60)[0] == [0]
    assert bars_of(Massive(), span="1/hour", limit=59)[0] == []
    assert bars_of(Massive(most=3), limit=40)[0] == [0, 1, 2]


def test_it_says_whether_splits_are_reckoned_in_and_by_default_they_are():
    assert bars_of(Massive())[1]["adjusted"] is False
    assert bars_of(Massive(), adjusted="true")[1]["adjusted"] is True


def test_of_what_it_does_not_have_there_is_nothing():
    _, answer = bars_of(Massive(), symbol="FOO")
    assert (answer["ticker"], answer["resultsCount"], answer["status"]) == ("FOO", 0, "OK")
    assert "results" not in answer


def test_without_a_key_and_with_a_wrong_one_nothing_is_told():
    exchange = Massive("K")
    assert bars_of(exchange)[0]
    assert exchange.page(ask(headers={}, apiKey="K"), TRUTH)
    status, content = refusal(exchange, headers={})
    assert (status, content["status"]) == (401, "ERROR")
    assert refusal(exchange, headers={"authorization": "Bearer X"})[1]["error"] == "Unknown API Key"


def test_a_plan_may_not_have_it():
    status, content = refusal(Massive(entitled=False))
    assert (status, content["status"]) == (403, "NOT_AUTHORIZED")
    assert "upgrade your plan" in content["message"]


def test_a_plan_may_have_it_late_and_then_the_newest_minute_is_not_whole():
    places, answer = bars_of(Massive(delayed=True))
    assert places == list(range(45))
    assert answer["status"] == "DELAYED"
    assert answer["results"][-1]["v"] == float(forming_state(BARS[44], 1, 4).volume)


def test_there_is_nothing_else():
    exchange, asked = Massive(), Ask("/v3/reference/tickers", {}, None, HEADERS)
    assert exchange.page(asked, TRUTH) is None
    with pytest.raises(Refusal):
        exchange.other(asked, TRUTH)
