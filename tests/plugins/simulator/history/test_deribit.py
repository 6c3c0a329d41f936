from __future__ import annotations

import pytest

from wealthsources_simulator.history.base import Refusal
from wealthsources_simulator.history.deribit import Deribit

from .asking import BARS, asked, at, opens, told

DERIBIT, PATH = Deribit(), "/api/v2/public/get_tradingview_chart_data"
PERPETUAL = {"instrument_name": "ETH_USDC-PERPETUAL", "resolution": "1"}


def test_bounds_are_inclusive_and_an_answer_is_columns():
    bars, answer = asked(DERIBIT, PATH, start_timestamp=at(5), end_timestamp=at(7), **PERPETUAL)
    assert opens(bars) == [5, 6, 7]
    assert answer["result"]["ticks"] == [at(5), at(6), at(7)]
    assert answer["result"]["volume"][0] == float(BARS[5].volume)
    assert answer["result"]["status"] == "ok"


def test_where_there_is_none_it_says_so():
    _, answer = asked(DERIBIT, PATH, start_timestamp=0, end_timestamp=1, **PERPETUAL)
    assert answer["result"]["status"] == "no_data"


def test_symbols_are_listed_and_others_are_unknown():
    listed = told(DERIBIT, "/api/v2/public/get_instruments")["result"]
    assert [each["kind"] for each in listed] == ["future", "future", "spot", "spot"]
    with pytest.raises(Refusal):
        asked(DERIBIT, PATH, instrument_name="FOO", resolution="1")
    with pytest.raises(Refusal):
        told(DERIBIT, "/api/v2/public/other")
