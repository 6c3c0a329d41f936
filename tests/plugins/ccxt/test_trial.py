"""An exchange asked once, on this machine."""

from __future__ import annotations

import pytest

from wealthsources_ccxt.options import CcxtOptions
from wealthsources_ccxt.source import CcxtSource

from .exchange import stage


@pytest.fixture
def made():
    sources = []

    def make(**options):
        sources.append(CcxtSource(CcxtOptions(**{"exchange": "binance"} | options)))
        return sources[-1]

    yield make
    for source in sources:
        source.stop()


@pytest.mark.parametrize("more", [{}, {"live": "poll", "watch": ["BTCUSDT"], "timeframes": ["1m"]}])
def test_an_exchange_that_answers_is_ok_and_its_clock_is_compared(made, more):
    with stage() as on:
        line, clock = made(endpoint=on.server.url, **more).diagnose(online=True)
    assert (line.level, line.text.partition(" symbols in 0.")[0]) == ("ok", f"{on.server.url}: 1")
    assert clock.text.startswith(f"{on.server.url}: this machine's clock is ")  # its bars are of 2020, and so is it
    assert (clock.level, "behind" in clock.text or "ahead" in clock.text) == ("error", True)


def test_one_that_does_not_is_an_error(made, closed_port):
    (line,) = made(endpoint=f"http://127.0.0.1:{closed_port}").diagnose(online=True)
    assert line.level == "error"
    assert line.text.startswith("binance: cannot be reached")
    assert "wealthsources markets" in line.remedy


def test_offline_nobody_is_asked(made, closed_port):
    assert list(made(endpoint=f"http://127.0.0.1:{closed_port}").diagnose(online=False)) == []


def test_a_source_can_be_started_after_it(made):
    with stage() as on:
        source = made(endpoint=on.server.url)
        assert list(source.diagnose(online=True))
        assert source._connection.load()
