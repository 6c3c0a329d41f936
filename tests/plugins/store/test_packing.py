from __future__ import annotations

import numpy as np
import pytest

from wealthsources import FIELDS, Bars, Finality, Timeframe, row_fields
from wealthsources_store.packing import Form, Stored, read_texts, to_bars, to_columns

from ...support.bars import at, ms, record
from .stock import FRAME, SYMBOL, closes

TEXTS = ["1e-7", "0.12345678901234567890", ".5", "5.", "+7", "100.500", "-0", "-0.00", "007", "1", 2, 0.1, 1e300, -0.0]


def there_and_back(bars: Bars) -> Bars:
    """Through the columns, as the table has them."""
    columns = to_columns(bars)
    nothing = [0] * len(bars)
    rows = zip(
        columns.open_time,
        nothing,
        columns.close_after,
        *[[value + 0.0 for value in values] for values in columns.values],  # SQLite has no -0.0 either
        [place + 10 for place in columns.form],
        columns.texts,
        nothing,
        nothing,
        strict=True,
    )
    stored = [Stored(*row) for row in rows]
    return to_bars(bars.symbol, bars.timeframe, stored, {place + 10: form for place, form in enumerate(columns.forms)})


@pytest.mark.parametrize("field", FIELDS)
def test_every_value_keeps_its_text(field):
    bars = Bars.from_records(SYMBOL, FRAME, [record(place, **{field: text}) for place, text in enumerate(TEXTS)])
    again = there_and_back(bars)
    for bar, same, text in zip(bars, again, TEXTS, strict=True):
        assert same.exact(field) == bar.exact(field)
        assert getattr(same, field) == getattr(bar, field)
        assert same.exact("volume") == bar.exact("volume")
        if isinstance(text, str):
            assert same.exact(field) == text


def test_a_sign_that_sqlite_loses_does_not_hide_the_texts_beside_it():
    bars = Bars.from_records(SYMBOL, FRAME, [record(0, open="-0.0", high=".5", low="-0", close="1e-7")])
    (bar,) = there_and_back(bars)
    assert [bar.exact(field) for field in FIELDS] == ["-0.0", ".5", "-0", "1e-7", "3"]


def test_finality_source_and_close_time_come_back():
    rows = [record(place, closed=True, finality=finality) for place, finality in enumerate(Finality)]
    rows += [record(3, close_time=at(4) - 1), record(4)]
    (*first, unset) = Bars.from_records(SYMBOL, FRAME, rows).named(SYMBOL, "one")
    bars = Bars.from_records(SYMBOL, FRAME, rows).named(SYMBOL, "one")
    again = there_and_back(bars)
    assert [bar.finality for bar in again] == [*Finality, Finality.HISTORY, Finality.HISTORY]
    assert all(bar.closed for bar in again)
    assert [bar.close_time for bar in again] == [bar.close_time for bar in (*first, unset)]
    assert {bar.source for bar in again} == {"one"}


def test_several_sources_in_one_answer():
    bars = closes({0: "1", 1: "2", 2: "3"})
    rows = np.array(bars.rows)
    rows.view(np.uint8)[:, 57] = [1, 0, 1]
    mixed = Bars(SYMBOL, FRAME, rows, ("history", "live"))
    assert [bar.source for bar in there_and_back(mixed)] == ["live", "history", "live"]


def test_months_end_where_the_next_one_begins():
    frame = Timeframe("1M")
    values = dict.fromkeys(FIELDS, "1")
    bars = Bars.from_records(SYMBOL, frame, [{"open_time": ms(2024, month, 1), **values} for month in (1, 2)])
    assert to_columns(bars).close_after == [None, None]
    assert there_and_back(bars).close_times.tolist() == [ms(2024, 2, 1), ms(2024, 3, 1)]


def test_no_bars_are_no_bars():
    assert len(to_bars(SYMBOL, FRAME, [], {})) == 0


@pytest.mark.parametrize(
    ("bars", "told"),
    [
        (closes({0: "1", 1: "2"}, closed=False), "BTCUSDT 1h: the bar of .* is still forming"),
        (Bars.from_records(SYMBOL, FRAME, [record(1), record(0)]), "not in order of time"),
        (Bars.from_records(SYMBOL, FRAME, [record(1), record(1)]), "one is there twice"),
        (Bars.from_columns(SYMBOL, FRAME, [at(0)], [1.0], [float("nan")], [1.0], [1.0], [1.0]), "no finite number"),
    ],
)
def test_what_cannot_be_kept_is_refused(bars, told):
    with pytest.raises(ValueError, match=told):
        to_columns(bars)


def test_more_sources_than_one_answer_can_name_are_not_mixed_up():
    row = Stored(0, 0, None, 1.0, 1.0, 1.0, 1.0, 1.0, 0, None, None, 0)
    stored = [row._replace(open_time=at(place), form=place) for place in range(300)]
    with pytest.raises(ValueError, match="bars of 300 sources in one answer"):
        to_bars(SYMBOL, FRAME, stored, {place: Form(str(place), 0, 0) for place in range(300)})


def test_a_revision_that_a_row_cannot_count_stays_at_the_most():
    row = Stored(at(0), 70_000, None, 1.0, 1.0, 1.0, 1.0, 1.0, 1, None, None, 0)
    assert to_bars(SYMBOL, FRAME, [row], {1: Form("live", 0, 0)})[0].revision == 65_535


def test_bars_of_several_forms_have_each_its_own():
    row = Stored(0, 0, None, 1.0, 1.0, 1.0, 1.0, 1.0, 0, None, None, 0)
    stored = [row._replace(open_time=at(place), form=form) for place, form in enumerate((9, 4, 9, 5))]
    two = closes({0: "1.00"}).rows
    decimals = [int(row_fields(rows)["decimals"][0]) for rows in (two, closes({0: 1}).rows)]
    forms = {9: Form("b", 1, decimals[0]), 4: Form("a", 2, decimals[1]), 5: Form("b", 0, decimals[1])}
    bars = to_bars(SYMBOL, FRAME, stored, forms)
    assert [bar.source for bar in bars] == ["b", "a", "b", "b"]
    assert [bar.finality for bar in bars] == ["flag", "successor", "flag", "history"]
    assert [bar.exact("close") for bar in bars] == ["1.00", "1.0", "1.00", "1.0"]


def test_texts_are_read_from_json():
    assert read_texts(None) is None
    assert read_texts('[null,"1e-7",null,null,null]') == (None, "1e-7", None, None, None)
