"""The whole path, tried with a market of our own."""

from __future__ import annotations

import contextlib
import tempfile
import threading

import pytest

import wealthsources
from wealthsources import Bars, WealthSourcesError
from wealthsources.cli.doctor import self_test
from wealthsources.cli.doctor.self_test import try_it_all

from ...support.waiting import nothing_left_behind


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where temporary folders are made."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_bars_come_live_a_hole_is_filled_and_a_strategy_reads_them(temporary):
    with nothing_left_behind():
        lines = list(try_it_all())
    assert [line.level for line in lines] == ["ok"] * 4, lines
    market, live, same, price = [line.text for line in lines]
    assert market.startswith("a market of our own plays 60 bars at ws://127.0.0.1:")
    assert "after the connection was cut (reconnects: 1)" in live
    assert same.startswith("40 bars are those of the file; ")
    assert int(same.split("; ")[1].split()[0]) >= 5
    assert price == "wealthdata.get_price answers with the same 40 bars"
    assert list(temporary.iterdir()) == []
    assert wealthsources.current_session() is None


def test_a_market_that_does_not_start_is_an_error_with_its_words(temporary, monkeypatch):
    monkeypatch.setattr(self_test, "_TIMEFRAME", "1m")
    monkeypatch.setattr(self_test, "_AWAY_FOR", -1)
    (line,) = try_it_all()
    assert line.level == "error"
    assert line.text.startswith("`wealthsources simulate` does not start: ")
    assert "install wealthsources again" in line.text


def test_bars_that_do_not_come_are_an_error(temporary, monkeypatch):
    monkeypatch.setattr(self_test, "_PLAY", 0.3)
    monkeypatch.setattr(self_test, "_RATE", 1)
    with nothing_left_behind():
        *_, line = try_it_all()
    assert line.level == "error"
    assert "its bars did not all come within 0.3 s" in line.text
    assert not [each for each in threading.enumerate() if "websocket" in each.name]
    assert list(temporary.iterdir()) == []


def test_another_bar_than_that_of_the_file_is_told(temporary):
    with contextlib.ExitStack() as opened:
        steps = self_test._Steps(temporary, opened)
        row = {"open_time": next(iter(steps._truth)), **dict.fromkeys(("open", "high", "low", "close", "volume"), "1")}
        steps._bars = Bars.from_records("SELFTEST", "1m", [row])
        with pytest.raises(WealthSourcesError, match=r"of 40 bars 1 came, and 1 of them are not those of the file"):
            steps.compare()
