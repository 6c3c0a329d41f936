from __future__ import annotations

import pytest

from wealthsources import Bars, Finality
from wealthsources_store.errors import NoStore
from wealthsources_store.reading import read, recorded, revisions, series
from wealthsources_store.writing import Batch, Written, note_recorded, write, write_within

from ...support.bars import at, record
from .stock import FRAME, NOW, SYMBOL, closes, got, put


def states(database) -> list[tuple[str, int, int]]:
    """Close, revision and known_at of all bars with more than one state."""
    found = revisions(database, SYMBOL, FRAME, start=0, end=NOW)
    return [(state.bar.exact("close"), state.bar.revision, state.known_at) for state in found]


def test_the_same_bars_twice_are_stored_once(database):
    assert put(database, {0: "1", 1: "2"}) == Written(new=2, revised=0, repeated=0)
    assert put(database, {0: "1", 1: "2", 2: "3"}) == Written(1, 0, 2)
    assert put(database, {0: "1.0", 1: 2, 2: "3"}) == Written(0, 0, 3)
    assert got(database) == {0: "1", 1: "2", 2: "3"}


def test_another_state_is_the_next_revision(database):
    put(database, {0: "1", 1: "2"}, at(2))
    assert put(database, {0: "1", 1: "2.5"}, at(3)) == Written(0, 1, 1)
    assert put(database, {1: "2"}, at(4)) == Written(0, 1, 0)
    assert got(database) == {0: "1", 1: "2"}
    assert states(database) == [("2", 0, at(2)), ("2.5", 1, at(3)), ("2", 2, at(4))]


def test_a_revision_is_never_known_before_the_one_before_it(database):
    put(database, {0: "1"}, at(5))
    put(database, {0: "2"}, at(3))
    assert states(database) == [("1", 0, at(5)), ("2", 1, at(5))]
    assert got(database, known_at=at(5)) == {0: "2"}
    assert got(database, known_at=at(5) - 1) == {}


def test_fetched_history_is_known_at_its_end_and_a_revision_of_it_now(database):
    put(database, {0: "1", 1: "2"}, now=at(50))
    assert got(database, known_at=at(1)) == {0: "1"}
    put(database, {1: "3"}, now=at(60))
    assert states(database) == [("2", 0, at(2)), ("3", 1, at(60))]


def test_what_a_recorder_did_not_hear_was_not_known_to_who_listened(database):
    note_recorded(database, [(SYMBOL, "1h")], at(2), at(4))
    put(database, {0: "1", 1: "2", 2: "3", 3: "4"}, now=at(50))
    assert got(database, known_at=at(49)) == {0: "1", 3: "4"}
    assert got(database, known_at=at(50)) == {0: "1", 1: "2", 2: "3", 3: "4"}
    put(database, {4: "5"}, at(5))  # what came live is known when it came
    assert got(database, known_at=at(5)) == {0: "1", 3: "4", 4: "5"}


def test_a_span_grows_and_never_shrinks(database):
    both = [(SYMBOL, FRAME), ("ETHUSDT", "1m")]
    with pytest.raises(NoStore):
        recorded(database, SYMBOL, FRAME)
    note_recorded(database, [], at(0), at(1))
    note_recorded(database, both, at(2), at(3))
    note_recorded(database, both, at(2), at(5))
    note_recorded(database, both, at(2), at(4))
    note_recorded(database, both[:1], at(7), at(8))
    assert recorded(database, SYMBOL, FRAME) == [(at(2), at(5)), (at(7), at(8))]
    assert [tuple(span) for span in recorded(database, "ETHUSDT", FRAME)] == []
    assert series(database) == []


def test_batches_of_a_call_are_written_in_their_order_all_or_nothing(database):
    batches = [Batch(closes({0: "1"}), at(1)), Batch(closes({0: "2"}), at(2)), Batch(closes({1: "3"}), None)]
    assert write(database, iter(batches), NOW) == Written(2, 1, 0)
    assert states(database) == [("1", 0, at(1)), ("2", 1, at(2))]
    with pytest.raises(ValueError, match="still forming"):
        write(database, [Batch(closes({5: "1"}), None), Batch(closes({6: "1"}, closed=False), None)], NOW)
    assert got(database) == {0: "2", 1: "3"}


def test_nothing_to_write_makes_no_store(database):
    assert write(database, [], NOW) == Written(0, 0, 0)
    assert write(database, [Batch(Bars.empty(SYMBOL, FRAME), None)], NOW) == Written(0, 0, 0)
    with pytest.raises(NoStore):
        got(database)


def test_several_series_and_sources_at_once(database):
    eth = Bars.from_records("ETHUSDT", "1m", [record(0, close="9")]).named("ETHUSDT", "other")
    write(database, [Batch(closes({0: "1"}), at(1), epoch=3), Batch(eth, at(1), epoch=4)], NOW)
    (bar,) = read(database, "ETHUSDT", eth.timeframe, end=NOW)
    assert (bar.source, bar.exact("close"), bar.symbol) == ("other", "9", "ETHUSDT")
    (bar,) = read(database, SYMBOL, FRAME, end=NOW)
    assert (bar.source, bar.exact("close")) == ("live", "1")
    put(database, {0: "2"}, at(2), source="history")
    found = revisions(database, SYMBOL, FRAME, start=0, end=NOW)
    assert [(state.bar.source, state.epoch) for state in found] == [("live", 3), ("history", 0)]


def test_what_was_fetched_takes_the_place_of_what_the_same_source_brought_and_of_no_other(database):
    put(database, {0: "1", 1: "2"}, at(1), source="live")
    assert put(database, {0: "1", 1: "2.5", 2: "3"}, source="history") == Written(1, 0, 1, different=1)
    assert got(database) == {0: "1", 1: "2", 2: "3"}
    assert put(database, {2: "3.5"}, source="history") == Written(0, 1, 0)
    assert got(database) == {0: "1", 1: "2", 2: "3.5"}


def test_where_only_new_bars_are_wanted_the_others_are_left_as_they_are(database):
    put(database, {0: "1", 1: "2"}, at(1))
    batch = Batch(closes({0: "1", 1: "9", 2: "3"}), at(5), only_new=True)
    assert write(database, [batch], NOW) == Written(1, 0, 1, different=1)
    assert got(database) == {0: "1", 1: "2", 2: "3"}


def test_each_bar_of_a_batch_can_have_arrived_at_its_own_time(database):
    write(database, [Batch(closes({0: "1", 1: "2"}), [at(1) + 7, at(2) + 9])], NOW)
    write(database, [Batch(closes({0: "1", 1: "3"}), [at(5), at(6)])], NOW)
    assert got(database, known_at=at(1) + 6) == {}
    assert got(database, known_at=at(1) + 7) == {0: "1"}
    assert got(database, known_at=at(2) + 9) == {0: "1", 1: "2"}
    assert got(database, known_at=at(6)) == {0: "1", 1: "3"}


def test_finality_and_texts_are_kept(database):
    rows = [record(place, closed=True, finality=finality, volume="1e-7") for place, finality in enumerate(Finality)]
    write(database, [Batch(Bars.from_records(SYMBOL, FRAME, rows), None)], NOW)
    found = read(database, SYMBOL, FRAME, end=NOW)
    assert [bar.finality for bar in found] == [*Finality]
    assert {bar.exact("volume") for bar in found} == {"1e-7"}


@pytest.mark.parametrize("text", ["1e-7", "0.12345678901234567890", ".5", "100.50", "-0.00", "65000.1"])
def test_every_text_comes_back(database, text):
    put(database, {0: text})
    assert got(database) == {0: text}
    assert put(database, {0: text}) == Written(0, 0, 1)


def test_one_digit_more_than_a_float_has_is_a_revision(database):
    put(database, {0: "0.12345678901234567890"})
    assert put(database, {0: "0.12345678901234567891"}, now=NOW + 5) == Written(0, 1, 0)
    assert states(database)[1] == ("0.12345678901234567891", 1, NOW + 5)


def test_a_symbol_may_be_anything_and_is_kept_to_the_letter(database):
    for symbol in ("BTC/USDT:USDT", "btcusdt", "BTCUSDT", "贵州茅台", "'; DROP TABLE bars; --", " "):
        write(database, [Batch(closes({0: "1"}).named(symbol, "live"), None)], NOW)
        assert [bar.symbol for bar in read(database, symbol, FRAME, end=NOW)] == [symbol]
    assert len(series(database)) == 6


def test_each_bar_may_have_its_own_connection(database):
    from wealthsources_store.reading import pages

    write(database, [Batch(closes({0: "1", 1: "2"}), [at(1), at(2)], epoch=[3, 4])], NOW)
    (page,) = pages(database, SYMBOL, FRAME, start=0, end=NOW, newest=True)
    assert [row.epoch for row in page.states] == [3, 4]


def test_within_a_transaction_of_another(database):
    batch = Batch(closes({0: "1"}), None)
    assert database.write(lambda connection: write_within(connection, [batch], NOW)) == Written(1, 0, 0)
    assert database.write(lambda connection: write_within(connection, [], NOW)) == Written(0, 0, 0)
    assert got(database) == {0: "1"}
