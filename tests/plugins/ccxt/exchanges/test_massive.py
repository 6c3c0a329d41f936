"""Massive: spans that no limit cuts, answers that are whole, and the key where no address shows it."""

from __future__ import annotations

import dataclasses
import json

import pytest

from wealthsources import NotHere, SourceError, Timeframe
from wealthsources_ccxt.exchanges.massive import Massive as Asking
from wealthsources_simulator.history import faults
from wealthsources_simulator.history.massive import Massive

from ..exchange import minutes, stage, truth, values

KEY = "key-abcdefghij"
MINUTE = 60_000
WHOLE = {"ticker": "AAPL", "queryCount": 0, "resultsCount": 0, "adjusted": False, "status": "OK", "request_id": "1"}


def shares(exchange=None, bars=None, script=(), **options):
    return stage(exchange or Massive(KEY), bars, "AAPL", script=script, exchange="massive", api_key=KEY, **options)


def numbers(rows):
    return [(row[0], *map(float, row[1:])) for row in rows]


def same(bars, played):
    return numbers(values(bars)) == numbers(truth(played))


def answer(**changes):
    return faults.status(200, json.dumps({**WHOLE, **changes}).encode())


def test_bars_are_asked_for_without_splits_with_the_key_in_a_header_line():
    with shares() as on:
        on.ask("aapl")
        (ask,) = on.server.asked
    assert ask.path.startswith(f"/v2/aggs/ticker/AAPL/range/1/minute/{on.bars[0].open_time}/")
    assert (ask.query["adjusted"], ask.query["sort"], ask.query["limit"]) == ("false", "asc", "50000")
    assert ask.headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in ask.path + str(ask.query)


def test_a_span_of_years_is_asked_for_in_spans_that_the_limit_does_not_cut():
    """Bars of one minute in a thousand: the limit counts minutes, whether they have a bar or not."""
    bars = minutes(120_000)[::1000]
    with shares(bars=bars) as on:
        assert same(on.ask("AAPL"), bars)
        spans = [ask.path.rsplit("/", 2)[1:] for ask in on.server.pages]
    assert len(spans) == 3
    for first, last in spans:
        assert int(last) - int(first) + 1 <= 50_000 * MINUTE


def test_the_end_of_what_is_asked_for_is_within_the_last_minute_that_is_wanted():
    """Bounds snap outwards to the minute: a bound that is the open time of the next one would bring that too."""
    with shares() as on:
        assert same(on.ask("AAPL", end=on.bars[9].end), on.bars[:10])
        assert (int(on.server.pages[0].path.rsplit("/", 1)[1]) + 1) % MINUTE == 0


def test_an_answer_that_is_cut_is_gone_on_with_behind_its_last_bar():
    with shares(Massive(KEY, most=7)) as on:
        assert same(on.ask("AAPL"), on.bars)
        assert len(on.server.pages) > 5


def test_an_answer_that_is_cut_before_its_first_new_bar_is_no_quiet_time():
    with (
        shares(Massive(KEY, most=7), script=(None, faults.nothing())) as on,
        pytest.raises(SourceError, match="says that there are more bars, and gives none"),
    ):
        on.ask("AAPL")


def test_it_has_bars_of_a_minute_alone_and_others_are_made_of_them():
    with shares() as on, pytest.raises(NotHere, match="massive has no 5m on our grid; it has 1m"):
        on.ask("AAPL", Timeframe("5m"))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (answer(resultsCount=3), "that it has 3 bars of AAPL, and gives another number"),
        (answer(results=[{}]), "that it has 0 bars of AAPL, and gives another number"),
        (answer(adjusted=True), "another question"),
        (answer(ticker="MSFT"), "another question"),
        (answer(ticker="AAPl"), "another question"),
        (answer(status="ERROR", error="no such thing"), "another question.*no such thing"),
        (faults.status(200, b"{}"), "another question"),
        (faults.status(200, b"[]"), "another question"),
        (faults.half_body(), "broke off in the middle"),
        (faults.repeated(3), "twice"),
        (faults.shifted(3, 15_000), "where no 1m opens"),
        (faults.changed(3, high="1"), "can be no bar"),
        (faults.html(), "no list of bars|what cannot be right|could not answer"),
        (faults.status(500), "does not work at present"),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused_and_the_next_is_asked_for_anew(fault, told):
    with shares(script=(fault,)) as on:
        with pytest.raises(SourceError, match=told):
            on.ask("AAPL")
        assert same(on.ask("AAPL"), on.bars)


def test_an_answer_of_a_plan_that_is_late_is_an_answer():
    rows = [{"o": 1, "h": 2.50, "l": 1, "c": 2, "v": 9099.618093, "t": minutes(1)[0].open_time}]
    with shares(bars=minutes(1), script=(answer(status="DELAYED", results=rows, resultsCount=1),)) as on:
        (bar,) = on.ask("AAPL")
    assert [bar.exact(name) for name in ("open", "high", "volume")] == ["1", "2.5", "9099.618093"]


def test_of_a_plan_that_is_late_no_bar_is_given_of_which_a_part_may_be_missing():
    with shares(Massive(KEY, delayed=True), market="delayed-stocks") as on:
        on.source._connection.exchange.milliseconds = on.clock.now
        assert same(on.ask("AAPL"), on.bars[:-16])


def test_a_symbol_that_it_does_not_have_is_told_without_a_guess():
    with shares() as on, pytest.raises(NotHere, match=r"gave no bar of FOO 1m .* such a symbol it does not say"):
        on.ask("FOO")


def test_a_wrong_key_is_turned_down_and_is_in_nothing_that_is_shown(caplog):
    with shares(Massive("another-key")) as on:
        with pytest.raises(
            SourceError, match=r"massive: turned the key down \(HTTP 401\): .*Unknown API Key"
        ) as raised:
            on.ask("AAPL")
        shown = f"{raised.value!r} {on.source!r} {on.source.status()} {on.source.options!r} {caplog.text}"
    assert KEY not in shown


def test_a_key_that_it_says_back_is_not_shown():
    echo = json.dumps({"status": "ERROR", "error": f"Unknown API Key {KEY}"}).encode()
    with shares(script=(faults.status(401, echo),)) as on:
        with pytest.raises(SourceError, match=r"Unknown API Key \*\*\*") as raised:
            on.ask("AAPL")
        assert KEY not in f"{raised.value!r} {on.source.status()}"


def test_what_the_plan_does_not_have_is_told():
    with (
        shares(Massive(KEY, entitled=False)) as on,
        pytest.raises(SourceError, match=r"may not do this \(HTTP 403\): .* or a plan that has this.*not entitled"),
    ):
        on.ask("AAPL")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (faults.too_many(30), "asks to be left alone for 30 s"),
        (faults.status(429, b'{"status":"ERROR","error":"too many"}'), "asked too often, not for how long .HTTP 429"),
    ],
)
def test_who_asks_more_often_than_the_plan_allows_is_told(fault, told):
    with shares(script=(fault,)) as on, pytest.raises(SourceError, match=told):
        on.ask("AAPL")


def test_without_a_key_nothing_is_sent():
    with pytest.raises(Exception, match="apiKey"):
        Asking().fetch_ohlcv("AAPL", "1m", 0, 5)


def test_the_newest_minute_is_no_bar_until_it_is_over():
    bars = minutes(20)
    with shares(bars=bars) as on:
        on.clock.time = bars[-1].end - 1000
        assert same(on.ask("AAPL"), bars[:-1])


def test_a_night_without_trades_joins_the_days():
    bars = minutes(900)
    bars = [*bars[:100], *(dataclasses.replace(bar, volume="0") for bar in bars[100:600]), *bars[600:]]
    with shares(bars=bars) as on:
        assert same(on.ask("AAPL"), [*bars[:100], *bars[600:]])
