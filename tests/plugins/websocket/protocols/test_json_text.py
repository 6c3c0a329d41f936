"""Times, gzip and bars, as all protocols in JSON read them."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from typing import ClassVar

import pytest
from hypothesis import given, strategies as st

from wealthsources_websocket.protocols.base import Alive, BarMessage, Ignored, Malformed
from wealthsources_websocket.protocols.json_text import (
    JsonProtocol,
    as_list,
    as_text,
    each_of,
    end_of,
    inflate,
    milliseconds,
    parse_json,
    rfc3339,
    text_in,
)

from .frames import JSON, OPEN, read, read_one, said
from .invented import Invented

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Plain(JsonProtocol, Invented):
    plain_texts: ClassVar = {b"pong": Alive(answer=True)}

    def understand(self, message):
        yield self.bar(message["s"], message["i"], milliseconds(message["t"]), message["v"], message.get("x"))


PLAIN = Plain()
GOOD = {"s": "BTC", "i": "60", "t": OPEN, "v": ["10.50", "12", "9", "11", "1.0"]}


# reading -------------------------------------------------------------------------------------------------------


def test_a_bar_has_its_end_and_its_text():
    assert said(read_one(PLAIN, GOOD)) == ("BTC", "1m", OPEN, "10.50 12 9 11 1.0", None)


def test_numbers_keep_their_text():
    assert parse_json(b"[1.50, 1e-7, 12.50012345678901234567, 7]") == ["1.50", "1e-7", "12.50012345678901234567", 7]


@pytest.mark.parametrize(("flag", "closed"), [(None, None), (True, True), (False, False)])
def test_its_flag_is_the_servers(flag, closed):
    assert read_one(PLAIN, GOOD | {"x": flag}).closed is closed


@pytest.mark.parametrize("flag", ["false", "true", 0, 1, [], {}])
def test_a_flag_that_is_none_closes_nothing(flag):
    event = read_one(PLAIN, GOOD | {"x": flag})
    assert isinstance(event, Malformed)
    assert "is neither true nor false" in event.why


def test_where_finished_bars_alone_are_pushed_one_without_a_flag_is_closed():
    assert said(read_one(Plain(push_closed=True), GOOD))[-1] is True


def test_a_text_that_is_not_json_may_be_known():
    assert read_one(PLAIN, b"pong") == Alive(answer=True)
    assert read_one(PLAIN, b"other").may_be_bar is False


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_json_that_is_cut_short_may_have_been_a_bar(cut):
    event = read_one(PLAIN, json.dumps(GOOD)[:cut])
    assert isinstance(event, Malformed)
    assert event.may_be_bar


def test_a_timeframe_that_is_not_streamed_on_our_grid_is_told_with_its_series():
    event = read_one(PLAIN, GOOD | {"i": "1D"})
    assert (event.what, event.symbol, event.timeframe, event.open_time) == ("bad_bar", "BTC", "1D", OPEN)
    assert "no timeframe that invented streams on our grid" in event.why


def test_a_value_that_is_none_is_told_with_its_bar():
    event = read_one(PLAIN, GOOD | {"v": ["10", "x", "9", "11", "1"]})
    assert (event.what, event.symbol, event.timeframe, event.open_time) == ("bad_bar", "BTC", "1m", OPEN)


@given(JSON)
def test_whatever_comes_nothing_is_raised(message):
    for event in read(PLAIN, json.dumps(message)):
        assert isinstance(event, BarMessage | Malformed)


@pytest.mark.parametrize("depth", [500, 990, 995, 1000, 5000, 100_000])
def test_however_deep_it_is_nested_nothing_is_raised(depth):
    nested = "[" * depth + "]" * depth
    text = json.dumps(GOOD).replace(str(OPEN), nested)
    assert isinstance(read_one(PLAIN, text), Malformed)


def test_a_bar_that_cannot_be_used_is_told_as_far_as_it_is_known():
    assert PLAIN.bad_bar("no\nreason") == Malformed("bad_bar", "no reason")
    assert PLAIN.bad_bar("x", "BTC", "60", OPEN) == Malformed("bad_bar", "x", "BTC", "1m", OPEN)
    assert PLAIN.bad_bar("x", "BTC", "1D") == Malformed("bad_bar", "x", "BTC", "1D")


# what was parsed -----------------------------------------------------------------------------------------------


def test_an_entry_that_cannot_be_read_costs_no_other():
    def kind(entry):
        return Ignored(entry["kind"])

    def lost(entry, why):
        return Malformed("bad_message", f"{why} in {entry!r}")

    first, missing, text, last = each_of([{"kind": "a"}, {}, "kind", {"kind": "b"}], kind, lost)
    assert (first, last) == (Ignored("a"), Ignored("b"))
    assert missing.why == "it has no 'kind' in {}"
    assert text.why.startswith("it is built otherwise than such messages are (")
    assert list(each_of({"kind": "a"}, kind, lost)) == [Ignored("a")]  # it is the only one
    assert list(each_of([], kind, lost)) == []


def test_a_list_is_one_and_long_enough():
    assert as_list([], "data") == []
    assert as_list([1, 2], "row", 2) == [1, 2]
    with pytest.raises(TypeError, match=r"^row: \[1, 2\] is no list of 3 or more$"):
        as_list([1, 2], "row", 3)


@pytest.mark.parametrize("value", [None, True, 1, "ab", {}, {0: 1}])
def test_what_is_no_list_is_refused_with_its_name(value):
    with pytest.raises(TypeError, match=r"^data: .* is no list$"):
        as_list(value, "data")


@pytest.mark.parametrize("value", [None, True, 1, "", [], {}])
def test_what_is_no_text_is_refused_with_its_name(value):
    assert as_text("BTC", "symbol") == "BTC"
    with pytest.raises(TypeError, match=r"^symbol: .* is not text$"):
        as_text(value, "symbol")


@pytest.mark.parametrize("entry", [None, 1, "s", [], ["s"], {}, {"s": None}, {"s": 1}, {"s": ["BTC"]}])
def test_of_what_has_no_such_text_the_text_is_empty(entry):
    assert text_in({"s": "BTC"}, "s") == "BTC"
    assert text_in(entry, "s") == ""


# times ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "wanted"),
    [(OPEN, 1, OPEN), (str(OPEN), 1, OPEN), ("1800000000", 1000, OPEN), (1800000000, 1000, OPEN), (0, 1, 0)],
)
def test_a_time_is_a_whole_number_or_its_digits(value, unit, wanted):
    assert milliseconds(value, unit) == wanted


@pytest.mark.parametrize("value", [None, True, 1.5, "1.5", "-1", "", "1_0", "\u0661", "9" * 20, 1 << 70, [], "1e3"])
def test_what_is_no_time_is_refused(value):
    with pytest.raises(ValueError, match="is not a time"):
        milliseconds(value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2027-01-15T08:00:00.000000000Z", OPEN),
        ("2027-01-15T08:00:00Z", OPEN),
        ("2027-01-15T16:00:00+08:00", OPEN),
        ("2027-01-15T08:00:00.001Z", OPEN + 1),
    ],
)
def test_a_time_of_rfc_3339_is_read_with_its_zone(text, wanted):
    assert rfc3339(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        *("2027-01-15T08:00:00", "2027-01-15", "20270115T080000Z", "2027-01-15T08:00:00.000Z" * 2, "now", None, OPEN),
        *("2027-01-15T08:00:00.000001Z", "2027-13-15T08:00:00Z", "2027-01-15T08:00:00.5004Z"),
    ],
)
def test_what_is_no_time_of_rfc_3339_or_not_whole_is_refused(text):
    with pytest.raises(ValueError, match=r"time|zone|ms|month|format|Invalid"):
        rfc3339(text)


@given(st.integers(0, 4_000_000_000_000))
def test_rfc_3339_is_read_back(time):
    assert rfc3339((EPOCH + dt.timedelta(milliseconds=time)).isoformat(timespec="milliseconds")) == time


def test_a_time_that_can_be_none_of_a_bar_has_no_end():
    assert end_of("1m", OPEN) == OPEN + 60_000
    assert end_of("1M", 1 << 61) == 0


# gzip ----------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=500))
def test_what_was_packed_is_unpacked(data):
    assert inflate(gzip.compress(data), 500) == data


def test_what_is_too_much_is_never_unpacked_whole():
    with pytest.raises(ValueError, match=r"more than 1000 bytes when inflated \(max_message\)"):
        inflate(gzip.compress(b"0" * 10_000_000), 1000)


@pytest.mark.parametrize("cut", range(1, 30))
def test_gzip_that_is_cut_short_is_refused(cut):
    packed = gzip.compress(b"some text, long enough")
    with pytest.raises(ValueError, match="gzip"):
        inflate(packed[:-cut], 1000)


def test_what_is_no_gzip_is_refused():
    with pytest.raises(ValueError, match="not gzip"):
        inflate(b"plain", 1000)
