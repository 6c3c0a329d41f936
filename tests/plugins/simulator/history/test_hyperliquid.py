from __future__ import annotations

import pytest

from wealthsources_simulator.history.base import Refusal
from wealthsources_simulator.history.hyperliquid import Hyperliquid

from .asking import BARS, asked, at, opens, told

HYPERLIQUID = Hyperliquid()


def question(coin="ETH", **bounds):
    return {"type": "candleSnapshot", "req": {"coin": coin, "interval": "1m", **bounds}}


def test_bounds_are_inclusive_and_the_oldest_come_first():
    bars, rows = asked(HYPERLIQUID, "/info", question(startTime=at(5), endTime=at(7)))
    assert opens(bars) == [5, 6, 7]
    bar = BARS[5]
    assert [rows[0][name] for name in "tohlcv"] == [
        *(bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume)
    ]


def test_coins_are_listed_and_others_are_unknown():
    meta, told_of_each = told(HYPERLIQUID, "/info", {"type": "metaAndAssetCtxs"})
    assert [each["name"] for each in meta["universe"]] == ["ETH", "ETH"]
    assert len(told_of_each) == 2
    with pytest.raises(Refusal):
        asked(HYPERLIQUID, "/info", question("FOO", startTime=0))
    with pytest.raises(Refusal):
        told(HYPERLIQUID, "/info", {"type": "other"})
