"""What is remembered of lists, which an engine may change in any way between two calls."""

from __future__ import annotations

import copy
import gc
import random
import threading
import weakref
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from wealthsources import NotHere, SourceError, Timeframe
from wealthsources_context.row_cache import RowCache
from wealthsources_context.source import ContextSource

from ...support.bars import FRAME, at, places, record
from ...support.laws import tries
from .contexts import ask, context, series, view_of

# the law: it is as if every list were read anew ------------------------------------------------------------------


class Moody(float):
    """Stays the same object, and says something else whenever it is told to."""

    says = 1.0

    def __float__(self) -> float:
        return self.says


#: Equal to one another in part, and of another text; some are no values at all.
VALUES: list[Any] = [
    *("1", "1.0", "1.00", "1.50", ".5", "1e-7", "0", "-0.0", "123456789.123456789", "12345678901234567890"),
    *(1, 1.0, 2.5, 0, 0.0, -0.0, 10**18, Decimal("1"), Decimal("1.0"), Decimal("1.00"), Decimal("2.50")),
    *(np.float64(1), np.int64(1), np.float32(2.5), np.float64(-0.0)),
    *(True, None, "", "abc", float("nan"), float("inf"), [1], Moody(1)),
]
FLAGS: list[Any] = [True, False, 1, 0, "true", "false", None, "perhaps", np.bool_(True), 1.0]
FIELDS = ("open_time", "close_time", "open", "high", "low", "close", "volume", "closed", "is_closed", "more")


class Engine:
    """A context whose one list is changed at random, as engines do it and as none would."""

    def __init__(self, rng: random.Random, kind: type) -> None:
        self.rng, self.kind = rng, kind
        self.bars: list[Any] = [self.new(place) for place in range(12)]
        self.next = 12
        self.entry = series()
        self.entry["bars"] = self.bars
        self.context = context(self.entry)

    def new(self, place: int, **changes: Any) -> Any:
        return self.kind(**{**record(place, close_time=at(place + 1) - 1), **changes})

    def somewhere(self) -> int:
        return self.rng.randrange(len(self.bars)) if self.bars else 0

    def change(self) -> None:
        getattr(self, self.rng.choice([name for name in dir(Engine) if name.startswith("may_")]))()

    def may_append(self) -> None:
        self.bars.append(self.new(self.next))
        self.next += 1

    def may_append_and_drop_the_oldest(self) -> None:
        self.may_append()
        del self.bars[0]

    def may_replace_a_record(self) -> None:
        if self.bars:
            self.bars[self.somewhere()] = self.new(self.rng.randrange(self.next), close=self.rng.choice(VALUES))

    def may_replace_a_record_by_a_copy(self) -> None:
        if self.bars:
            place = self.somewhere()
            self.bars[place] = copy.deepcopy(self.bars[place])

    def may_edit_a_value(self) -> None:
        if self.bars:
            self.set(self.somewhere(), self.rng.choice(FIELDS[2:7]), self.rng.choice(VALUES))

    def may_edit_the_last(self) -> None:
        if self.bars:
            self.set(-1, self.rng.choice(FIELDS[2:7]), self.rng.choice(VALUES[:10]))

    def may_edit_a_time(self) -> None:
        if self.bars:
            time = at(self.rng.randrange(self.next)) - self.rng.choice([0, 0, 1])
            kinds = [int, str, float, np.int64, Decimal]
            self.set(self.somewhere(), self.rng.choice(FIELDS[:2]), self.rng.choice(kinds)(time))

    def may_write_times_otherwise(self) -> None:
        for place in range(len(self.bars)):
            time = self.get(place, "open_time")
            if isinstance(time, int | float | str):
                self.set(place, "open_time", self.rng.choice([int, float, str])(float(time)) if time != "" else time)

    def may_flag(self) -> None:
        if self.bars:
            self.set(self.somewhere(), self.rng.choice(FIELDS[7:]), self.rng.choice(FLAGS))

    def may_remove_a_field(self) -> None:
        if self.bars:
            self.remove(self.somewhere(), self.rng.choice(FIELDS))

    def may_rename_a_field(self) -> None:
        if self.bars:
            place, old, new = self.somewhere(), *self.rng.sample(FIELDS, 2)
            value = self.get(place, old)
            self.remove(place, old)
            self.set(place, new, value)

    def may_change_its_mood(self) -> None:
        Moody.says = self.rng.choice([1.0, 2.0])

    def may_insert(self) -> None:
        self.bars.insert(self.somewhere(), self.new(self.rng.randrange(self.next)))

    def may_swap(self) -> None:
        if self.bars:
            first, second = self.somewhere(), self.somewhere()
            self.bars[first], self.bars[second] = self.bars[second], self.bars[first]

    def may_delete(self) -> None:
        if len(self.bars) > 3:
            del self.bars[self.somewhere()]

    def may_repair_all(self) -> None:
        self.bars[:] = [self.new(place) for place in range(self.next)]

    def may_put_a_copy_in_place(self) -> None:
        self.bars = self.entry["bars"] = copy.deepcopy(self.bars)

    def may_put_the_same_records_in_place(self) -> None:
        self.bars = self.entry["bars"] = list(self.bars)

    def may_make_records_of_another_kind(self) -> None:
        if self.bars:
            place = self.somewhere()
            one = self.bars[place]
            self.bars[place] = SimpleNamespace(**one) if isinstance(one, dict) else dict(vars(one))

    def get(self, place: int, name: str) -> Any:
        one = self.bars[place]
        return one.get(name) if isinstance(one, dict) else getattr(one, name, None)

    def set(self, place: int, name: str, value: Any) -> None:
        one = self.bars[place]
        if isinstance(one, dict):
            one[name] = value
        else:
            setattr(one, name, value)

    def remove(self, place: int, name: str) -> None:
        one = self.bars[place]
        (one if isinstance(one, dict) else vars(one)).pop(name, None)


def answer(view: Any, request: dict[str, Any]) -> object:
    """All that an answer says, or its error."""
    try:
        bars = ask(view, **request)
    except (NotHere, SourceError) as error:
        return type(error), str(error)
    exact = [[bar.exact(name) for name in FIELDS[2:7]] for bar in bars]
    return bars.rows.tobytes(), exact, dict(bars.texts), bars.symbol, bars.timeframe, bars.sources


@given(st.integers(0, 1 << 32), st.sampled_from([dict, SimpleNamespace]))
@settings(max_examples=tries(20))
def test_whatever_an_engine_changes_the_answer_is_that_of_a_list_that_is_read_anew(seed, kind):
    rng = random.Random(seed)
    engine = Engine(rng, kind)
    view = view_of(engine.context)
    for _ in range(15):
        for _ in range(rng.choice([0, 1, 1, 2, 5])):
            engine.change()
        start = rng.choice([None, None, at(rng.randrange(engine.next))])
        request = {
            "end": at(rng.choice([engine.next, engine.next + 1, rng.randrange(engine.next + 1)])),
            "start": start,
            "count": rng.choice([None, 1, 3, 5, 10, 50]),
            "live": rng.choice([False, True]),
            "now": at(engine.next),
        }
        assert answer(view, request) == answer(view_of(engine.context), request)


# what is remembered ----------------------------------------------------------------------------------------------


class Reading:
    """A cache that counts what is made anew."""

    def __init__(self, **limits: int) -> None:
        self.cache = RowCache(**limits)
        self.made = 0

    def read(self, records: list[Any], symbol: str = "X", timeframe: Timeframe = FRAME) -> int:
        """How many of the records were made anew."""
        before = self.made
        span = records[0]["open_time"], records[-1]["open_time"]
        bars = self.cache.read(symbol, timeframe, records, span, self._make)
        assert bars.open_times.tolist() == [each["open_time"] for each in records]
        assert bars.values[:, 3].tolist() == [float(each["close"]) for each in records]
        return self.made - before

    def _make(self, record: dict[str, Any]) -> dict[str, Any]:
        self.made += 1
        return record


def hours(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [dict(record(first + place)) for place in range(count)]


def test_what_is_unchanged_is_not_made_anew():
    reading, records = Reading(), hours(20)
    assert [reading.read(records) for _ in range(3)] == [20, 0, 0]


def test_a_part_of_it_is_not_either():
    reading, records = Reading(), hours(20)
    reading.read(records)
    assert [reading.read(records[first:last]) for first, last in ((0, 5), (15, 20), (7, 8), (0, 20))] == [0] * 4


def test_only_what_was_appended_is_made():
    reading, records = Reading(), hours(20)
    reading.read(records)
    for place in range(20, 200):
        records.append(dict(record(place)))
        assert reading.read(records[-20:]) == 1
        assert reading.read(records[-3:]) == 0


def test_only_what_was_edited_is_made():
    reading, records = Reading(), hours(20)
    reading.read(records)
    records[7]["close"] = "11.10"
    records[19]["close"] = 11.1
    assert reading.read(records) == 2
    assert reading.read(records) == 0


def test_records_that_are_made_anew_by_the_engine_and_say_the_same_are_not_made():
    reading = Reading()
    reading.read(hours(20))
    assert reading.read(hours(20)) == 0
    assert reading.read(hours(20, 1)) == 1


def test_a_longer_question_leaves_alone_what_a_shorter_one_made():
    reading, records = Reading(), hours(40)
    assert reading.read(records[-10:]) == 10
    assert reading.read(records) == 30
    assert reading.read(records[-10:]) == 0
    assert reading.read(records) == 0


def test_what_reaches_beyond_both_ends_is_made():
    reading, records = Reading(), hours(40)
    reading.read(records[10:20])
    assert reading.read(records) == 40
    assert reading.read(records) == 0


def test_each_series_has_its_own():
    reading, records = Reading(), hours(20)
    assert [reading.read(records, symbol) for symbol in "ABAB"] == [20, 20, 0, 0]
    assert reading.read(records, "A", Timeframe("1m")) == 20


def test_values_that_may_change_unseen_are_made_anew_each_time():
    class Text(str):
        __slots__ = ()

    reading, records = Reading(), hours(20)
    records[3]["close"] = Text("11.1")
    assert [reading.read(records) for _ in range(3)] == [20, 1, 1]


def test_of_a_series_no_more_is_held_than_thrice_the_widest_question():
    reading, records = Reading(), hours(500)
    for place in range(30, 500, 7):
        reading.read(records[place - 5 : place])
        reading.read(records[place - 30 : place])
    for place in range(500, 30, -50):
        reading.read(records[place - 30 : place])
    assert reading.cache._size() <= 3 * 30


def test_in_all_no_more_than_so_many_rows_are_held_and_the_oldest_goes_first():
    reading, records = Reading(most_rows=100), hours(30)
    for symbol in "ABC":
        reading.read(records, symbol)
    reading.read(hours(30, 1), "A")
    reading.read(records, "D")
    assert reading.cache._size() <= 100
    assert reading.read(records, "C") == 0
    assert reading.read(records, "B") == 30


def test_one_series_may_have_more():
    reading, records = Reading(most_rows=10), hours(30)
    assert [reading.read(records) for _ in range(2)] == [30, 0]


def test_rows_out_of_order_are_not_remembered():
    reading, records = Reading(), hours(10)
    reading.read(records)
    records[3], records[5] = records[5], records[3]
    assert reading.read(records) == 2
    assert reading.read(hours(10)) == 0


def test_texts_of_values_that_are_gone_are_gone():
    reading, records = Reading(), hours(10)
    for turn in range(50):
        records[3]["close"] = f"{turn}.1234567890123456"
        bars = reading.cache.read("X", FRAME, records, (at(0), at(9)), dict)
        assert bars[3].exact("close") == f"{turn}.1234567890123456"
        assert list(bars.texts) == [at(3)]
    records[3]["close"] = "1"
    assert reading.cache.read("X", FRAME, records, (at(0), at(9)), dict).texts == {}


def test_an_answer_has_the_texts_of_its_own_bars_only():
    reading, records = Reading(), hours(10)
    records[3]["close"] = "1.1234567890123456"
    texts = [
        list(reading.cache.read("X", FRAME, records[first:], (at(first), at(9)), dict).texts) for first in (0, 0, 4, 3)
    ]
    assert texts == [[at(3)], [at(3)], [], [at(3)]]


def test_an_answer_stays_what_it_was_whatever_comes_after():
    records = hours(20)
    view = view_of(context({"symbol": "BTCUSDT", "timeframe": "1h", "bars": records}))
    first = ask(view, count=15)
    before = [repr(bar) for bar in first]
    for one in records:
        one["close"] = "12"
    assert ask(view, count=15)[0].close == 12
    assert [repr(bar) for bar in first] == before


def test_contexts_that_come_and_go_share_what_they_have_in_common(monkeypatch):
    source, made = ContextSource(), []
    real = RowCache.read

    def read(cache, symbol, timeframe, records, span, make):
        return real(cache, symbol, timeframe, records, span, lambda raw: made.append(raw) or make(raw))

    monkeypatch.setattr(RowCache, "read", read)
    for place in range(20, 30):
        view = source.for_context(context(series(*hours(place))))
        assert places(ask(view, count=10)) == list(range(place - 10, place))
    assert len(made) == 10 + 9, "one with each bar"


def test_no_context_and_no_record_is_kept_alive():
    class Record(SimpleNamespace):
        pass

    class Context(SimpleNamespace):
        pass

    source = ContextSource()
    bars = [Record(**record(place)) for place in range(20)]
    made = Context(market_data_context=[{"symbol": "BTCUSDT", "timeframe": "1h", "bars": bars}])
    gone = [weakref.ref(made), weakref.ref(bars[3]), weakref.ref(bars[-1])]
    assert len(ask(source.for_context(made))) == 10
    del made, bars
    gc.collect()
    assert [each() for each in gone] == [None] * 3


def test_every_thread_gets_what_its_own_context_says():
    source, wrong = ContextSource(), []

    def work(number: int) -> None:
        rng = random.Random(number)
        records = [dict(record(place, close=f"{number}.{place}")) for place in range(60)]
        view = source.for_context(context(series(*records)))
        for _ in range(20):
            end = rng.randrange(20, 60)
            bars = ask(view, end=at(end), count=15)
            wanted = [f"{number}.{place}" for place in range(end - 15, end)]
            if [bar.exact("close") for bar in bars] != wanted:
                wrong.append((number, end))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("bars", [tuple, list])
def test_a_sequence_of_any_kind_is_read(bars):
    made = context({"symbol": "BTCUSDT", "timeframe": "1h", "bars": bars(hours(20))})
    assert places(ask(view_of(made), count=3)) == [17, 18, 19]
