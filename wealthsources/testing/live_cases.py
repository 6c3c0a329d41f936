"""The cases about sources that receive bars as they happen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from wealthsources.testing.hooks import SourceHooks
from wealthsources.testing.ready import held_of

if TYPE_CHECKING:
    from wealthsources.testing.ready import Ready


class LiveCases(SourceHooks):
    """S21, S34 to S36."""

    # as it happens -----------------------------------------------------------------------------------------------

    def test_s21_a_forming_bar_is_one_more_and_the_last(self, ready: Ready) -> None:
        """S21: `include_forming` changes nothing about the closed bars. Skipped for sources that are not live."""
        if not ready.view.capabilities.live:
            pytest.skip("S21: only live sources are asked for a forming bar")
        now = int(ready.held.ends[-1]) + 1
        closed, _ = ready.ask(end=now, count=2, include_forming=True).split_forming()
        assert held_of(closed) == held_of(ready.held[-2:]), (
            f"S21: with include_forming, count is of closed bars: {closed}"
        )
        stated = [bar.open_time for bar in closed if bar.closed is False]
        assert not stated, f"S21: only the last bar may be stated as not closed; opened {stated}"

    def test_s34_its_status_names_the_series_that_it_holds(self, ready: Ready) -> None:
        """S34: with a state that is not refused, silent or never_received. Skipped for sources that are not live."""
        if not ready.view.capabilities.live:
            pytest.skip("S34: only live sources have streams")
        states = _states(ready, ready.held.symbol)
        assert states, f"S34: status().streams lacks {ready.held.symbol} {ready.held.timeframe}, which it holds bars of"
        assert not states & _WITHOUT_BARS, f"S34: status().streams says {states} of a series that it holds bars of"

    def test_s35_of_a_series_that_the_server_refuses_it_says_so(self, ready: Ready) -> None:
        """S35: the reason in the server's words, by NotHere and by status; other series live on. `refused_symbol`."""
        self._check_empty(ready, "S35", self.refused_symbol, "refused_symbol", {"refused"})

    def test_s36_a_series_of_which_nothing_comes_is_not_said_to_live(self, ready: Ready) -> None:
        """S36: it was acknowledged, and no bar came: NotHere, and a state that says so. `silent_symbol`."""
        self._check_empty(ready, "S36", self.silent_symbol, "silent_symbol", _WITHOUT_BARS - {"refused"})

    def _check_empty(self, ready: Ready, number: str, symbol: str, name: str, right: set[str]) -> None:
        if not (symbol and ready.view.capabilities.live):
            pytest.skip(f"{number}: {name} names no series")
        deadline = time.monotonic() + self.patience
        while not (states := _states(ready, symbol)) & right and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        assert states & right, f"{number}: status().streams says {states or 'nothing'} of {symbol}, not {sorted(right)}"
        came = ready.refusal(symbol=symbol)
        assert not came, f"{number}: raise NotHere(why) for {symbol}, of which there is no bar; came {came}"
        assert held_of(ready.ask()) == held_of(ready.held), f"{number}: because of {symbol}, other bars are missing"


#: States of series without a bar.
_WITHOUT_BARS = {"never_received", "silent", "refused"}
_PAUSE = 0.02


def _states(ready: Ready, symbol: str) -> set[str]:
    """What the status says of this symbol in the timeframe of what is held."""
    name = ready.held.timeframe.name
    streams = ready.source.status().streams
    return {stream.state for stream in streams if (stream.symbol, stream.timeframe) == (symbol, name)}
