from __future__ import annotations

import pytest

from wealthsources import Timeframe
from wealthsources_simulator.history.base import Ask, Refusal
from wealthsources_simulator.history.kraken import Kraken
from wealthsources_simulator.history.truth import Truth
from wealthsources_simulator.invented import invent_bars

from .asking import BARS, asked, at, opens, told

KRAKEN, PATH = Kraken(), "/0/public/OHLC"


def test_since_is_exclusive_quiet_windows_have_no_row_and_the_last_one_is_forming():
    assert opens(asked(KRAKEN, PATH, pair="XBTUSDT", interval=1, since=at(55) // 1000)[0]) == [56, 57, 59]


def test_a_row_has_the_volume_in_the_seventh_place():
    bar = BARS[0]
    _, answer = asked(KRAKEN, PATH, pair="XBTUSDT")
    row = answer["result"]["XBTUSDT"][0]
    assert row[:5] == [bar.open_time // 1000, bar.open, bar.high, bar.low, bar.close]
    assert row[6] == bar.volume


def test_older_than_720_bars_there_is_nothing():
    bars = invent_bars("X", Timeframe("1m"), 1000, 1)
    truth = Truth({("BTC/USDT", "1m"): bars}, bars[-1].end)
    assert KRAKEN.page(Ask(PATH, {"pair": "XBTUSDT", "since": "0"}), truth) == bars[-720:]


def test_symbols_are_listed_and_others_are_unknown():
    assert list(told(KRAKEN, "/0/public/AssetPairs")["result"]) == ["XBTUSDT", "XBTUSDC"]
    with pytest.raises(Refusal):
        asked(KRAKEN, PATH, pair="FOOUSD")
    with pytest.raises(Refusal):
        told(KRAKEN, "/0/public/Other")
