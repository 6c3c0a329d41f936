"""Alpaca's stocks: pages by token, the plan that has no recent bars, and answers that are not what was asked for."""

from __future__ import annotations

import contextlib
import json

import pytest

from wealthsources import NotHere, SourceError, Timeframe
from wealthsources_simulator.history import faults
from wealthsources_simulator.history.alpaca import Alpaca
from wealthsources_simulator.invented import invent_bars

from ..exchange import minutes, stage, truth, values

KEYS = {"api_key": "key-abcdefghij", "secret": "secret-klmnopqr"}
TOKEN = "key-abcdefghij:secret-klmnopqr"
MINUTE = 60_000


@contextlib.contextmanager
def shares(exchange=None, bars=None, market="iex", **options):
    """A stage whose two sides have the same time."""
    with stage(exchange or Alpaca(TOKEN), bars, "AAPL", exchange="alpaca", market=market, **KEYS, **options) as on:
        on.source._connection.exchange.milliseconds = on.clock.now
        yield on


def longer(timeframe):
    return invent_bars("AAPL", timeframe, 9, 7)


def numbers(rows):
    return [(row[0], *map(float, row[1:])) for row in rows]


def same(bars, played):
    return numbers(values(bars)) == numbers(truth(played))


@pytest.mark.parametrize(("market", "feed"), [("iex", "iex"), ("sip", "sip"), ("delayed_sip", "sip")])
def test_bars_are_asked_for_as_they_were_traded_and_of_one_feed_with_the_keys_in_header_lines(market, feed):
    with shares(market=market) as on:
        on.ask("aapl")
        ask = on.server.pages[0]
    assert (ask.query["adjustment"], ask.query["feed"], ask.query["timeframe"]) == ("raw", feed, "1Min")
    assert ask.headers["apca-api-key-id"] == KEYS["api_key"]
    assert not any(key in str(ask.query) + ask.path for key in KEYS.values())


def test_nobody_is_asked_for_a_list_of_symbols():
    with shares() as on:
        on.ask("AAPL")
        assert [ask.path for ask in on.server.asked] == ["/v2/stocks/bars"]


@pytest.mark.parametrize(("frame", "theirs"), [("5m", "5Min"), ("15m", "15Min"), ("30m", "30Min"), ("1h", "1Hour")])
def test_longer_bars_of_the_hour_are_those_of_the_exchange(frame, theirs):
    timeframe = Timeframe(frame)
    bars = longer(timeframe)
    with shares(bars=bars, frame=timeframe) as on:
        assert same(on.ask("AAPL", timeframe), bars)
        assert on.server.pages[0].query["timeframe"] == theirs


def test_a_page_that_has_fewer_bars_than_were_asked_for_is_no_end():
    with shares(Alpaca(TOKEN, most=7)) as on:
        assert same(on.ask("AAPL"), on.bars)
        assert len(on.server.pages) > 5


def test_a_page_with_no_bar_but_a_token_is_no_end():
    with shares(Alpaca(TOKEN, most=7), script=(faults.nothing(), None, faults.nothing())) as on:
        assert same(on.ask("AAPL"), on.bars)


def test_a_page_of_the_seam_alone_is_no_end():
    with shares(Alpaca(TOKEN, most=1), minutes(5)) as on:
        assert same(on.ask("AAPL"), on.bars)


def test_a_server_that_promises_more_for_ever_is_given_up():
    with shares(script=[faults.nothing()] * 20) as on:
        with pytest.raises(SourceError, match="again and again that there are more bars, and gives none"):
            on.ask("AAPL")
        assert len(on.server.pages) == 10


@pytest.mark.parametrize("real_time", [False, True])
def test_of_what_is_late_no_bar_is_given_of_which_a_part_may_be_missing(real_time):
    with shares(Alpaca(TOKEN, real_time=real_time), market="delayed_sip") as on:
        assert same(on.ask("AAPL"), on.bars[:-16])
        with pytest.raises(NotHere, match="gave no bar of AAPL 1m of that time"):
            on.ask("AAPL", start=on.bars[-5].open_time)


def test_a_longer_bar_that_is_over_and_of_which_the_plan_has_a_part_is_not_given():
    hour = Timeframe("1h")
    bars = longer(hour)
    with shares(Alpaca(TOKEN, real_time=False), bars, "delayed_sip", frame=hour) as on:
        on.clock.time += 5 * MINUTE
        assert same(on.ask("AAPL", hour), bars[:-1])


def test_a_plan_with_real_time_has_the_newest():
    with shares(Alpaca(TOKEN), market="sip") as on:
        assert same(on.ask("AAPL", start=on.bars[-5].open_time), on.bars[-5:])


def test_a_bar_that_was_not_over_yet_by_the_clock_of_this_machine_is_not_given():
    hour = Timeframe("1h")
    bars = longer(hour)
    with shares(Alpaca(TOKEN), bars, frame=hour) as on:
        on.source._connection.exchange.milliseconds = lambda: bars[-1].end - 10 * MINUTE
        assert same(on.ask("AAPL", hour), bars[:-1])


def test_a_plan_without_real_time_is_told_that_it_has_no_recent_bars():
    with (
        shares(Alpaca(TOKEN, real_time=False), market="sip") as on,
        pytest.raises(SourceError, match=r"or a plan that has this.* does not permit querying recent SIP data"),
    ):
        on.ask("AAPL")


@pytest.mark.parametrize("token", ["another-key:secret-klmnopqr", "key-abcdefghij:another-secret"])
def test_a_wrong_key_is_turned_down_and_is_in_nothing_that_is_shown(token, caplog):
    with shares(Alpaca(token)) as on:
        with pytest.raises(SourceError, match=r"alpaca: turned the key down \(HTTP 403\): it is wrong") as raised:
            on.ask("AAPL")
        shown = f"{raised.value!r} {on.source!r} {on.source.status()} {on.source.options!r} {caplog.text}"
    assert not any(key in shown for key in KEYS.values())


def test_keys_that_the_exchange_says_back_are_not_shown():
    echo = json.dumps({"message": " ".join(["who is", *KEYS.values()])}).encode()
    with shares(script=(faults.status(401, echo),)) as on:
        with pytest.raises(SourceError, match=r"turned the key down .HTTP 401.*who is \*\*\* \*\*\*") as raised:
            on.ask("AAPL")
        shown = f"{raised.value!r} {on.source.status()}"
    assert not any(key in shown for key in KEYS.values())


def test_who_asks_too_often_leaves_it_alone_for_as_long_as_it_says():
    with shares(script=(faults.too_many(30),)) as on:
        for told in ("left alone for 30 s", "not asked; it wants to be left alone"):
            with pytest.raises(SourceError, match=told):
                on.ask("AAPL")
        assert len(on.server.pages) == 1


def test_a_symbol_that_it_does_not_have_is_told_without_a_guess():
    with shares() as on, pytest.raises(NotHere, match=r"gave no bar of FOO 1m .* such a symbol it does not say"):
        on.ask("FOO")


def test_a_symbol_that_can_be_none_is_told_without_asking():
    with shares() as on:
        with pytest.raises(NotHere, match="'BTC/USD' can be no symbol of a stock"):
            on.ask("BTC/USD")
        assert not on.server.asked


def test_a_symbol_that_the_exchange_takes_for_none_is_told():
    with shares() as on, pytest.raises(SourceError, match=r"does not have this symbol.*invalid symbol: AAPl"):
        on.ask("AAPl")
    with shares() as on, pytest.raises(SourceError, match=r"does not have this symbol.*invalid symbol: A-1"):
        on.ask("A-1")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"bars": {"MSFT": []}, "next_page_token": null}',
        b'{"bars": {"AAPL": [], "MSFT": []}, "next_page_token": null}',
        b'{"bars": [], "next_page_token": null}',
    ],
)
def test_an_answer_that_is_not_of_this_symbol_is_no_empty_one(body):
    with shares(script=(faults.status(200, body),)) as on, pytest.raises(SourceError, match="in no place where"):
        on.ask("AAPL")


@pytest.mark.parametrize("body", [b'{"bars": null, "next_page_token": null}', b'{"bars": {}, "next_page_token": null}'])
def test_of_a_time_without_bars_there_is_none(body):
    with shares(script=(faults.status(200, body),)) as on, pytest.raises(NotHere, match="gave no bar of AAPL"):
        on.ask("AAPL")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (faults.half_body(), "broke off in the middle"),
        (faults.repeated(3), "twice"),
        (faults.shifted(3, 15_000), "where no 1m opens"),
        (faults.changed(3, high="1"), "can be no bar"),
        (faults.html(), "no list of bars|what cannot be right|could not answer"),
    ],
)
def test_a_page_that_cannot_be_right_is_refused_and_the_next_is_asked_for_anew(fault, told):
    with shares(script=(fault,)) as on:
        with pytest.raises(SourceError, match=told):
            on.ask("AAPL")
        assert same(on.ask("AAPL"), on.bars)


def test_a_page_that_lacks_its_beginning_is_noticed():
    with shares(Alpaca(TOKEN, most=20), script=(None, faults.without(0))) as on:
        with pytest.raises(SourceError, match=r"a page begins with .* though it was asked for from"):
            on.ask("AAPL")
        assert same(on.ask("AAPL"), on.bars)
