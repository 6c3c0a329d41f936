"""Which symbols there are, of what sources list."""

from __future__ import annotations

import itertools
import logging
import threading
import time

import pytest

from wealthsources import Bars, Capabilities
from wealthsources.resolve.chain import ChainLink
from wealthsources.runtime.symbol_lists import SymbolLists
from wealthsources.runtime.workers import Caller, Workers
from wealthsources.testing import ListSource

from .conftest import context_at

LOG = logging.getLogger("wealthsources.test.lists")


def listing(*symbols: str, **capabilities) -> ListSource:
    return ListSource(
        *(Bars.empty(symbol, "1h") for symbol in symbols),
        capabilities=Capabilities(**{"blocking": False, **capabilities}),
    )


@pytest.fixture
def lists():
    """lists(*sources): their SymbolLists; s0, s1, … are the names. A list must come within `deadline` seconds."""
    workers = Workers()

    def make(*sources, live=True, deployed=None, deadline=30.0) -> SymbolLists:
        links = [ChainLink(f"s{place}", source) for place, source in enumerate(sources)]
        named = {link.name: link.source for link in links if link.source} if deployed is None else deployed
        return SymbolLists(links, named, Caller(workers, deadline), LOG, live=live)

    yield make
    workers.stop()


@pytest.fixture
def known(lists):
    return lambda symbol, *sources, **how: lists(*sources, **how).look_for(symbol).may_be_there


@pytest.fixture
def hanging():
    """hanging(symbols): a source that may block, and whose list hangs until the test is over."""
    over = threading.Event()

    def make(*symbols: str, **capabilities) -> ListSource:
        source = listing(*symbols, **{"blocking": True, **capabilities})
        source.get_all_symbols = lambda: over.wait(50)
        return source

    yield make
    over.set()


def failing(error: Exception, **capabilities) -> ListSource:
    def fail():
        raise error

    source = listing(**capabilities)
    source.get_all_symbols = fail
    return source


def test_all_symbols_are_those_of_all_sources_that_take_part(lists):
    sources = listing("B", "A"), listing("C", live=True), listing("D", blocking=True), None
    assert lists(*sources).all_symbols() == ["A", "B", "C", "D"]
    assert lists(*sources, live=False).all_symbols() == ["A", "B", "D"]


def test_a_symbol_is_known_by_any_spelling(known):
    assert known("btc/usdt", listing("ETHUSDT"), listing("BTCUSDT"))
    assert not known("BTCUSD", listing("ETHUSDT"), listing("BTCUSDT"))


def test_what_several_spellings_make_ambiguous_for_all_is_known_to_each(known):
    assert known("btcusdt", listing("BTC-USDT"), listing("BTC/USDT"))


def test_a_source_that_lists_nothing_may_have_it(known):
    assert known("X", listing("A"), listing())


def test_without_any_list_it_may_be_there(known):
    assert known("X")
    assert known("X", listing("A", live=True), live=False)


def test_a_source_that_is_left_out_may_have_it(known):
    assert known("X", listing("A"), deployed={"s0": listing("A"), "gone": None})


def test_a_view_of_a_context_has_what_it_states_and_else_cannot_tell(known):
    view = listing("A")
    assert known("X", view, deployed={"s0": listing()})
    assert not known("X", listing("A", symbols=("A",)), deployed={"s0": listing()})


# lists that do not come ----------------------------------------------------------------------------------------


class Odd(ListSource):
    """Cannot even say what it can do."""

    @property
    def capabilities(self):
        raise LookupError("no such thing")

    @capabilities.setter
    def capabilities(self, can): ...


def odd(symbols, **capabilities) -> ListSource:
    source = listing(**capabilities)
    source.get_all_symbols = lambda: symbols
    return source


BROKEN = [
    (failing(OSError("no disk")), "OSError: no disk"),
    (failing(OSError("no disk"), blocking=True), "OSError: no disk"),
    (failing(TimeoutError("the server"), blocking=True), "TimeoutError: the server"),
    (odd(None), ""),
    (odd("BTCUSDT"), "it gave 'BTCUSDT', which is no list of symbols"),
    (odd(5), "TypeError: 'int' object is not iterable"),
    (odd([5, "BTCUSDT"]), "it listed 5, which is no symbol"),
    (odd((symbol for symbol in [None]), blocking=True), "it listed None, which is no symbol"),
    (odd((1 / 0 for _ in "x"), blocking=True), "ZeroDivisionError: division by zero"),
    (Odd(), "LookupError: no such thing"),
]


@pytest.mark.parametrize(("source", "why"), BROKEN)
def test_a_source_that_fails_hides_no_other_and_is_named(lists, caplog, source, why):
    assert lists(source, listing("A")).all_symbols() == ["A"]
    assert caplog.messages == [f"source s0 cannot list its symbols: {why}"] * bool(why)


def test_a_source_whose_list_fails_may_have_it_and_is_named(lists, caplog):
    search = lists(listing("A"), failing(OSError("no disk"))).look_for("X")
    assert search.may_be_there
    assert [str(attempt) for attempt in search.failed] == ["s1: cannot list its symbols: OSError: no disk"]
    assert [attempt.outcome for attempt in search.failed] == ["failed"]
    assert caplog.messages == ["source s1 cannot list its symbols: OSError: no disk"]


def test_a_list_that_hangs_is_waited_for_until_its_deadline(lists, hanging, caplog):
    assert lists(hanging(), listing("A"), deadline=0.05).all_symbols() == ["A"]
    assert caplog.messages == [
        "source s0 cannot list its symbols: gave no answer within 0.05 s (source_deadline)",
    ]


def test_lists_that_hang_are_waited_for_together(lists, hanging):
    began = time.monotonic()
    search = lists(*[hanging() for _ in range(6)], deadline=1.0).look_for("X")
    assert len(search.failed) == 6
    assert time.monotonic() - began < 4


def test_what_a_source_states_may_hang_as_well(lists, hanging):
    class Slow(tuple):
        def __iter__(self):
            time.sleep(0)
            raise OSError("no network")

    search = lists(listing("A", symbols=Slow("A"), blocking=True)).look_for("X")
    assert [str(attempt) for attempt in search.failed] == ["s0: cannot list its symbols: OSError: no network"]


def test_a_source_whose_lists_hang_is_not_asked_again_and_again(lists, hanging):
    hangs = lists(hanging(), deadline=0.05)
    reasons = [hangs.look_for("X").failed[0].reason for _ in range(3)]
    assert reasons[2] == "cannot list its symbols: still hangs on 2 earlier requests (a fixed limit)"


def test_a_hanging_list_says_nothing_about_the_bars_of_the_source(mine):
    with mine({"blocking": True, "bars": 3}, source_deadline=0.2) as session:
        source = session.source("s0")
        source.get_all_symbols = lambda: source.release.wait(20)
        adapter = session.adapter(context_at(5), mode="backtest")
        for _ in range(3):
            assert adapter.get_all_symbols() == []
        assert len(adapter.get_history("X", 3, "1h")) == 3


def test_a_list_is_gone_through_where_it_may_take_its_time(lists):
    threads = []

    def symbols():
        for symbol in ("A", "B"):
            threads.append(threading.current_thread().name)
            yield symbol

    assert lists(odd(symbols(), blocking=True)).all_symbols() == ["A", "B"]
    assert all(name.startswith("wealthsources-worker") for name in threads)


def test_a_source_that_never_blocks_is_asked_directly(lists):
    threads = []
    source = listing("A")
    source.get_all_symbols = lambda: threads.append(threading.current_thread()) or ["A"]
    assert lists(source).all_symbols() == ["A"]
    assert threads == [threading.current_thread()]


def test_every_thread_gets_its_lists(lists):
    shared, seen = lists(listing("A", blocking=True), listing("B", blocking=True)), []
    threads = [threading.Thread(target=lambda: seen.append(shared.all_symbols())) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == list(itertools.repeat(["A", "B"], 12))
