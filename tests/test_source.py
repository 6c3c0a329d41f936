"""What a source is when its author writes no more than `get_history`."""

from __future__ import annotations

import dataclasses

import pytest

from wealthsources import (
    Bars,
    Capabilities,
    Clock,
    HistoryRequest,
    NotHere,
    Source,
    SourceError,
    SourceStatus,
    Timeframe,
)


class Plain(Source):
    """The least that a source can be."""

    def get_history(self, request: HistoryRequest) -> Bars:
        raise NotHere("empty")


class Fixed(Clock):
    """The least that a clock can be."""

    name = "fixed"

    def now(self) -> int:
        return 5


@pytest.mark.parametrize("base", [Source, Clock])
def test_what_must_be_written_must_be_written(base):
    with pytest.raises(TypeError, match="abstract"):
        base()


def test_by_default_a_source_may_block_and_takes_part_in_everything():
    can = Plain().capabilities
    assert (can.live, can.authoritative, can.blocking, can.timeframes, can.symbols) == (False, False, True, None, None)


@pytest.mark.parametrize(
    ("live", "states_closed", "closes"),
    [(False, None, False), (True, None, True), (False, True, True), (True, False, False)],
)
def test_whoever_is_live_states_what_is_closed_unless_it_says_otherwise(live, states_closed, closes):
    assert Capabilities(live=live, states_closed=states_closed).states_closed is closes


def test_capabilities_and_requests_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Plain().capabilities.live = True
    with pytest.raises(dataclasses.FrozenInstanceError):
        HistoryRequest("BTCUSDT", Timeframe("1h"), 0).end = 1


def test_a_request_says_no_more_than_it_must():
    request = HistoryRequest("BTCUSDT", Timeframe("1h"), 5)
    assert (request.start, request.count, request.deadline, request.now) == (None, None, None, None)
    assert (request.include_forming, request.live) == (False, True)


def test_a_source_keeps_nothing_unless_it_says_how():
    with pytest.raises(SourceError, match="keeps no bars"):
        Plain().keep(Bars.from_records("BTCUSDT", "1h", []), 0)


def test_a_source_can_be_started_and_stopped_any_number_of_times():
    source = Plain()
    source.stop()
    source.start(host=None)
    source.stop()
    source.stop()
    assert source.status() == SourceStatus()


@pytest.mark.parametrize("context", [None, object()])
def test_a_source_is_the_same_for_every_context(context):
    source = Plain()
    assert source.for_context(context) is source


@pytest.mark.parametrize(("symbols", "listed"), [(None, ()), (("BTCUSDT",), ("BTCUSDT",))])
def test_it_lists_the_symbols_that_it_says_it_knows(symbols, listed):
    source = Plain()
    source.capabilities = Capabilities(symbols=symbols)
    assert source.get_all_symbols() == listed


def test_it_has_nothing_in_memory():
    assert Plain().get_at_once(HistoryRequest("BTCUSDT", Timeframe("1h"), 0)) is None


def test_it_has_no_stream_that_could_be_stale():
    assert Plain().stale_for() is None
    assert Plain().stale_for("BTCUSDT", Timeframe("1h")) is None


def test_a_clock_need_not_listen_to_what_bars_prove():
    clock = Fixed()
    clock.saw_closed(10)
    clock.saw_open(10)
    assert clock.now() == 5


def test_a_source_is_shown_as_what_it_is_even_if_it_cannot_say_what_it_can():
    class Mine(Source):
        capabilities = Capabilities(live=True)

        def get_history(self, request):
            raise NotImplementedError

    class Broken(Mine):
        @property
        def capabilities(self):
            raise RuntimeError("no idea")

    assert (repr(Mine()), repr(Broken())) == ("<Mine: live>", "<Broken>")
