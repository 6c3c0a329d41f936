from __future__ import annotations

import pytest

from wealthsources_simulator.history.base import Refusal
from wealthsources_simulator.history.htx import Htx

from .asking import BARS, asked, opens, told

HTX, PATH = Htx(), "/market/history/kline"


def test_it_has_the_newest_so_many_and_knows_no_bounds():
    assert opens(asked(HTX, PATH, symbol="btcusdt", period="1min", size=3)[0]) == [59, 58, 57]


def test_values_are_numbers_and_the_amount_is_in_the_base():
    _, answer = asked(HTX, PATH, symbol="btcusdt", period="1min")
    assert answer["data"][-1]["id"] == BARS[0].open_time // 1000
    assert answer["data"][-1]["amount"] == float(BARS[0].volume)


def test_symbols_are_listed_and_others_are_unknown():
    assert [each["symbol"] for each in told(HTX, "/v1/common/symbols")["data"]] == ["btcusdt", "btcusdc"]
    with pytest.raises(Refusal):
        asked(HTX, PATH, symbol="foousdt", period="1min")
    with pytest.raises(Refusal):
        told(HTX, "/v1/other")
