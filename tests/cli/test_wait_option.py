"""`--wait`: how long it may be, and what is said meanwhile."""

from __future__ import annotations

import sys

import pytest

from wealthsources import RequestError
from wealthsources.cli.wait_option import check_wait, progress


def test_a_terminal_is_told_what_is_waited_for(cli, serve, live_config, monkeypatch):
    live_config(serve().url)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert "up to 0.5 s for live: connected, 9 of 20 bars" in cli("get", "BTCUSDT", "1h", "--wait", 0.5).err


@pytest.mark.parametrize("seconds", [0, 0.5, 86_400])
def test_a_wait_may_be_nothing_or_a_day(seconds):
    check_wait(seconds)


@pytest.mark.parametrize("seconds", [-0.1, 86_400.1, float("inf"), float("nan")])
def test_a_wait_that_cannot_be_waited_for_is_refused(seconds):
    with pytest.raises(RequestError, match=f"^wait must be 0 to 86400 seconds, was {seconds}$"):
        check_wait(seconds)


def test_where_nobody_looks_nothing_is_said_meanwhile(capsys):
    with progress(5) as tell:
        tell("live: connecting")
    assert capsys.readouterr() == ("", "")


def test_where_somebody_looks_what_is_waited_for_is_one_line_that_steers_nothing(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    with progress(2.5) as tell:
        tell("live:\nconnect\x07ing")
    out, err = capsys.readouterr()
    assert out == ""
    assert "up to 2.5 s for live: connect\ufffding" in err
