from __future__ import annotations

import pytest

from wealthsources import SourceError, Timeframe
from wealthsources_ccxt.page import read_page

from .exchange import MINUTE

T0 = 1_600_000_020_000 // 60_000 * 60_000


def row(place, **changes):
    values = {"open": "10.50", "high": "12", "low": "9.000", "close": "11.1", "volume": "3", **changes}
    return (T0 + place * 60_000, *values.values())


def test_a_page_is_read_with_the_text_of_its_values():
    bars = read_page([row(0), row(2, volume="1e-7")], MINUTE, T0, T0 + 180_000)
    assert [bar.open_time for bar in bars] == [T0, T0 + 120_000]
    assert bars[0].exact("open") == "10.50"
    assert bars[1].exact("volume") == "1e-7"


def test_what_ends_after_the_exchanges_time_is_left_out():
    assert len(read_page([row(0), row(1)], MINUTE, T0, T0 + 119_999)) == 1
    assert len(read_page([row(0), row(1)], MINUTE, T0, T0 + 120_000)) == 2


def test_without_its_time_the_last_row_is_left_out():
    assert len(read_page([row(0), row(1)], MINUTE, T0, None)) == 1
    assert len(read_page([], MINUTE, T0, None)) == 0


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([row(0), row(0)], "twice"),
        ([row(1), row(0)], "out of order"),
        ([row(0.5)], "where no 1m opens; does it count days and weeks in another zone"),
        ([row(-1)], "before .* as asked for"),
        ([row(0, high="10")], "can be no bar"),
        ([row(0, close="nan")], "no bar: .*close"),
    ],
)
def test_rows_that_cannot_be_right_are_refused(rows, told):
    rows = [(int(time), *values) for time, *values in rows]
    with pytest.raises(SourceError, match=told):
        read_page(rows, MINUTE, T0, T0 + 600_000)


def test_a_week_that_opens_on_thursday_is_refused():
    thursday = 1_799_884_800_000 // 604_800_000 * 604_800_000
    with pytest.raises(SourceError, match="where no 1w opens"):
        read_page([(thursday, "1", "1", "1", "1", "1")], Timeframe("1w"), thursday, None)
