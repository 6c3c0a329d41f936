"""Bars as they come one by one: what a record may say, and how what is wrong in one is told."""

from __future__ import annotations

from types import MappingProxyType, SimpleNamespace

import pytest

from wealthsources import CLOSED, FORMING, UNSET, Bars, Finality, Timeframe, pack_decimals
from wealthsources.model.records import pack_record, read_field
from wealthsources.model.rows import AS_NUMBER, KEPT_ASIDE, Row, finality_of, read_row, state_of

from ..support.bars import HOUR, T0, record, recorded

FRAME = Timeframe("1h")


def row_of(**changes) -> Row:
    return read_row(pack_record(record(0, **changes), FRAME)[0])


# what a record becomes -----------------------------------------------------------------------------------------


def test_a_record_becomes_a_row_its_open_time_and_no_text():
    packed, open_time, texts = pack_record(record(3), FRAME)
    row = read_row(packed)
    assert open_time == row.open_time == T0 + 3 * HOUR
    assert row.values == (10.5, 12.0, 9.0, 11.1, 3.0)
    assert row.decimals == pack_decimals(2, 0, 3, 1, 0)
    assert (row.source, row.revision) == (0, 0)
    assert texts is None


def test_a_text_that_the_row_cannot_give_back_comes_beside_it():
    packed, _, texts = pack_record(record(0, low=".5", volume=7), FRAME)
    assert texts == (None, None, ".5", None, None)
    assert read_row(packed).decimals == pack_decimals(2, 0, KEPT_ASIDE, 1, AS_NUMBER)


def test_without_a_close_time_it_is_the_end_of_the_window():
    assert row_of().close_time == T0 + HOUR
    assert row_of(close_time=None).close_time == T0 + HOUR
    assert read_row(pack_record(record(0, open_time=0), Timeframe("1M"))[0]).close_time == 31 * 24 * HOUR


def test_a_close_time_is_kept_as_it_was_sent():
    assert row_of(close_time=str(T0 + HOUR - 1)).close_time == T0 + HOUR - 1


def test_objects_serve_as_records_too():
    class Record:
        open_time, close_time = T0, T0 + HOUR - 1
        open, high, low, close, volume = "1", "2", "1", "2", "5"
        closed = True

    bar = Bars.from_records("X", "1h", [Record()])[0]
    assert (bar.closed, bar.finality, bar.close_time) == (True, Finality.HISTORY, T0 + HOUR - 1)


# closed or not -------------------------------------------------------------------------------------------------


def test_unset_closed_stays_unset():
    assert recorded()[0].closed is None


@pytest.mark.parametrize(("closed", "state"), [(True, CLOSED), (False, FORMING), (None, UNSET)])
def test_the_state_is_what_the_record_says(closed, state):
    assert state_of(row_of(closed=closed).status) == state


def test_a_closed_record_is_closed_by_history_unless_it_says_otherwise():
    assert finality_of(row_of(closed=True).status) is Finality.HISTORY
    assert finality_of(row_of(closed=True, finality=None).status) is Finality.HISTORY
    assert finality_of(row_of(closed=True, finality="flag").status) is Finality.FLAG
    assert finality_of(row_of(closed=True, finality=Finality.SUCCESSOR).status) is Finality.SUCCESSOR


@pytest.mark.parametrize("closed", [False, None])
def test_the_finality_of_a_record_that_is_not_closed_is_no_matter(closed):
    assert finality_of(row_of(closed=closed, finality="flag").status) is None


@pytest.mark.parametrize("closed", ["true", 1, 0, "no"])
def test_closed_is_true_or_false_and_nothing_like_it(closed):
    with pytest.raises(ValueError, match=r"^closed: .* is neither true nor false$"):
        pack_record(record(0, closed=closed), FRAME)


def test_a_finality_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="'guess'"):
        pack_record(record(0, closed=True, finality="guess"), FRAME)


# what is wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["open_time", "open", "high", "low", "close", "volume"])
def test_a_field_that_is_missing_is_named(field):
    without = {name: value for name, value in record(0).items() if name != field}
    for each in (without, SimpleNamespace(**without)):
        with pytest.raises(ValueError, match=f"^{field}: is missing$"):
            pack_record(each, FRAME)


@pytest.mark.parametrize("field", ["open_time", "close_time", "open", "high", "low", "close", "volume"])
def test_a_field_that_cannot_be_read_is_named(field):
    with pytest.raises(ValueError, match=f"^{field}: 'x' is not a "):
        pack_record(record(0, **{field: "x"}), FRAME)


def test_a_value_of_none_is_not_missing_but_no_number():
    with pytest.raises(ValueError, match=r"^high: None is not a number"):
        pack_record(record(0, high=None), FRAME)


# reading a field -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [dict, MappingProxyType, lambda given: SimpleNamespace(**given)])
def test_a_field_is_read_of_mappings_and_of_objects(make):
    bar = make({"close": 5, "finality": None})
    assert read_field(bar, "close") == 5
    assert read_field(bar, "finality", "default") is None
    assert read_field(bar, "volume") is None
    assert read_field(bar, "volume", "default") == "default"


def test_an_attribute_of_a_mapping_is_no_field_of_it():
    assert read_field({"a": 1}, "keys") is None
