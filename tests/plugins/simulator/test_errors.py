"""The one error: what cannot be played is told in one line."""

from __future__ import annotations

import pytest

from wealthsources_simulator import Market, MarketServer, SimulatorError, fault


@pytest.mark.parametrize(
    "play",
    [
        lambda: Market.from_csv("no-such.csv", "BTCUSDT", "1h"),
        lambda: Market.made(timeframe="7h"),
        lambda: MarketServer(Market.made(), rate=-1),
        lambda: fault("no-such-fault"),
    ],
)
def test_what_cannot_be_played_is_one_kind_of_error_and_one_line(play):
    with pytest.raises(SimulatorError) as caught:
        play()
    assert str(caught.value)
    assert "\n" not in str(caught.value)
