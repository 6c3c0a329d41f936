"""A line for each closed bar and change of a state."""

from __future__ import annotations

import json

import pytest

from wealthsources import Bars, Event, Hole, StreamStatus, Timeframe
from wealthsources.cli.event_lines import (
    SeriesStates,
    as_json,
    as_text,
    facts_of,
    facts_of_series,
    facts_of_view,
    writer,
)
from wealthsources.cli.watching import SeriesView

from ..support.bars import HOUR, T0, record


def told(kind: str, **said: object) -> dict[str, object]:
    return facts_of(Event(kind, "okx", "BTC-USDT", Timeframe("1h"), **said))


def view(state: str, reason: str = "") -> SeriesView:
    return SeriesView("okx", StreamStatus("BTC-USDT", "1h", state, reason=reason), None)


def test_a_bar_has_its_texts_and_what_says_that_it_is_closed():
    (bar,) = Bars.from_records("BTC-USDT", "1h", [record(0, volume="1e-7", closed=True)])
    facts = told("bar", bar=bar)
    assert (facts["open"], facts["volume"]) == ("10.50", "1e-7")
    assert (facts["event"], facts["open_time"], facts["closed"]) == ("bar", T0, True)
    assert as_text(facts) == f"2020-09-13 12:00  BTC-USDT 1h  10.50  12  9.000  11.1  1e-7  {facts['finality']}  okx"


def test_a_hole_and_its_filling_are_told_with_their_span():
    hole = Hole(T0, T0 + 2 * HOUR, 2)
    assert as_text(told("hole", hole=hole)) == (
        "okx: BTC-USDT 1h hole: 2 bars from 2020-09-13 12:00 to 2020-09-13 14:00 UTC"
    )
    assert "filled by archive: 2 bars" in as_text(told("filled", hole=hole, reason="archive"))


def test_a_state_is_told_with_its_reason_on_one_line():
    facts = facts_of(Event("state", "okx", state="error", reason="gone\naway \x1b[31m"))
    assert as_text(facts) == "okx: error: gone away \N{REPLACEMENT CHARACTER}[31m"
    assert as_text(facts_of(Event("state", "okx", state="connected"))) == "okx: connected"


def test_a_series_is_told_with_the_servers_words():
    facts = facts_of_series(view("refused", "no such pair"))
    assert as_text(facts) == "okx: BTC-USDT 1h refused: no such pair"
    assert json.loads(as_json(facts)) == {
        "event": "series",
        "source": "okx",
        "symbol": "BTC-USDT",
        "timeframe": "1h",
        "state": "refused",
        "reason": "no such pair",
    }


def test_a_view_has_its_last_bar_if_there_is_one():
    assert facts_of_view(view("live"))["bar"] is None
    (bar,) = Bars.from_records("BTC-USDT", "1h", [record(0)])
    told = facts_of_view(SeriesView("okx", StreamStatus("BTC-USDT", "1h", "live", holes=2, idle=0.5), bar))
    assert (told["holes"], told["idle"], told["bar"]["open"], told["bar"]["source"]) == (2, 0.5, "10.50", "okx")


def test_only_changes_of_a_series_are_told():
    states = SeriesStates()
    seen = [
        [each.stream.state for each in states.changes([view(state)])]
        for state in ("never_received", "live", "late", "live", "hole", "live", "stale", "stale", "live")
    ]
    assert seen == [[], ["live"], [], [], [], [], ["stale"], [], ["live"]]


@pytest.mark.parametrize("json_lines", [False, True])
def test_a_line_is_for_people_or_for_programs(json_lines):
    line = writer(json_lines=json_lines)(facts_of(Event("state", "okx", state="connected")))
    assert line.startswith("{") is json_lines
