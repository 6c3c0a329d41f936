"""What `wealthsources watch` sees, with a live source that is pushed to by hand."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import wealthsources
from wealthsources import Bars, Event, RequestError, StreamStatus, Timeframe
from wealthsources.cli.watching import SeriesView, Watch

from ..support.bars import T0, record
from ..support.waiting import wait_until

HOUR = Timeframe("1h")
SOURCE = """
from wealthsources import Bars, Capabilities, NotHere, Source, SourceStatus, StreamStatus, hookimpl
class Live(Source):
    capabilities = Capabilities(live=True, blocking=False, symbols=("BTCUSDT", "ETHUSDT"), timeframes=("1h", "1m"))
    streams = (("ETHUSDT", "1m"), ("ETHUSDT", "1h"), ("BTCUSDT", "1m"), ("BTCUSDT", "1h"))
    def start(self, host): Live.host = host
    def get_history(self, request): raise NotHere("nothing yet")
    def status(self):
        return SourceStatus("connected", streams=tuple(StreamStatus(*each, "never_received") for each in self.streams))
@hookimpl
def wealthsources_register(register): register("zlive", Live)
"""


@pytest.fixture
def session(distribution) -> Iterator[wealthsources.Session]:
    distribution(sources="zlive = zlive_module", zlive_module=SOURCE)
    with wealthsources.open({"sources": [{"plugin": "zlive"}]}) as opened:
        yield opened


@pytest.fixture
def tell() -> Callable[..., None]:
    """Have the source say that a bar came."""

    def say(place: int, *, closed: bool, symbol: str = "BTCUSDT") -> None:
        import zlive_module

        (bar,) = Bars.from_records(symbol, "1h", [record(place, closed=closed)])
        zlive_module.Live.host.emit(Event("bar", "zlive", symbol, HOUR, bar))

    return say


def names(views: list[SeriesView]) -> list[tuple[str, str]]:
    return [(view.stream.symbol, view.stream.timeframe) for view in views]


class Full(queue.Queue[Event]):
    """Says when somebody waits for room in it."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.waits = threading.Event()

    def put(self, item: Event, block: bool = True, timeout: float | None = None) -> None:
        if self.full():
            self.waits.set()
        super().put(item, block, timeout)


def lasts(seen: Watch, seconds: float) -> bool:
    """Whether it waits so long, as nothing happens."""
    began = time.monotonic()
    seen.wait(seconds)
    return time.monotonic() - began >= seconds * 0.99


def test_all_series_are_seen_in_the_order_of_the_configuration(session):
    with Watch(session, (), (), keeps=False) as seen:
        status, views = seen.look()
    assert names(views) == [("BTCUSDT", "1h"), ("BTCUSDT", "1m"), ("ETHUSDT", "1h"), ("ETHUSDT", "1m")]
    assert list(seen.live_sources(status)) == ["zlive"]


def test_some_may_be_chosen_however_they_are_spelled(session):
    with Watch(session, ("btc-usdt",), ("1m",), keeps=False) as seen:
        assert names(seen.look()[1]) == [("BTCUSDT", "1m")]


def test_the_newest_bar_is_kept_and_closed_ones_are_counted(session, tell):
    with Watch(session, ("BTCUSDT",), ("1h",), keeps=True) as seen:
        tell(0, closed=True)
        tell(1, closed=False)
        tell(0, closed=True, symbol="ETHUSDT")
        wait_until(lambda: seen.look()[1][0].bar and seen.look()[1][0].bar.open_time > T0)
        tell(0, closed=True)  # a correction of the one before
        wait_until(lambda: seen.closed == 2)
        (view,) = seen.look()[1]
        assert not view.bar.closed
        assert [event.bar.open_time for event in seen.happened()] == [T0, T0]


def test_a_reader_that_does_not_read_holds_up_nobody_who_leaves(session, tell):
    with Watch(session, (), (), keeps=True) as seen:
        for _ in range(1_100):
            tell(0, closed=True)
        wait_until(lambda: seen.closed == 1_000)


def test_who_waits_to_tell_one_more_event_goes_on_when_the_reader_leaves(session, tell):
    others: list[Event] = []
    with Watch(session, ("BTCUSDT",), ("1h",), keeps=True) as seen:
        seen._told = Full(1)
        session.subscribe(others.append)
        for place in range(3):
            tell(place, closed=True)
        assert seen._told.waits.wait(20)
    wait_until(lambda: sum(event.kind == "bar" for event in others) == 3)


def test_waiting_ends_when_something_happens(session, tell):
    with Watch(session, (), (), keeps=False) as seen:
        wait_until(lambda: lasts(seen, 0.1))
        waiting = threading.Thread(target=seen.wait, args=(3600,), daemon=True)
        waiting.start()
        tell(0, closed=True)
        waiting.join(20)
        assert not waiting.is_alive()


def test_what_happened_ends_one_wait_and_the_next_lasts_as_long_as_nothing_happens(session, tell):
    with Watch(session, (), (), keeps=False) as seen:
        tell(0, closed=True)
        wait_until(lambda: seen.closed)
        wait_until(lambda: lasts(seen, 0.1))  # not at once: the session tells how it is, too


def test_who_keeps_nothing_is_told_nothing(session, tell):
    with Watch(session, (), (), keeps=False) as seen:
        tell(0, closed=True)
        wait_until(lambda: seen.closed)
        assert list(seen.happened()) == []


def test_before_a_live_bar_comes_the_newest_one_of_the_others_is_shown(distribution, tmp_path):
    distribution(sources="zlive = zlive_module", zlive_module=SOURCE)
    rows = [record(place) for place in range(3)]
    lines = [",".join(map(str, row.values())) for row in rows]
    (tmp_path / "BTCUSDT-1h.csv").write_text("open_time,open,high,low,close,volume\n" + "\n".join(lines) + "\n")
    archive = {"plugin": "file", "options": {"path": str(tmp_path / "{symbol}-{timeframe}.csv")}}
    with (
        wealthsources.open({"sources": [{"plugin": "zlive"}, archive]}) as session,
        Watch(session, ("BTCUSDT",), ("1h",), keeps=False) as seen,
    ):
        wait_until(lambda: seen.look()[1][0].bar)
        assert seen.look()[1][0].bar.source == "file"


def test_a_series_is_settled_with_a_bar_or_a_refusal():
    (bar,) = Bars.from_records("X", "1h", [record(0)])
    stream = StreamStatus("X", "1h", "never_received")
    assert not SeriesView("s", stream, None).is_settled
    assert SeriesView("s", stream, bar).is_settled
    assert SeriesView("s", StreamStatus("X", "1h", "refused"), None).is_settled


@pytest.mark.parametrize(
    ("symbols", "timeframes", "told"),
    [
        (("XRPUSDT",), (), "no live source brings XRPUSDT; they bring BTCUSDT, ETHUSDT"),
        ((), ("1d",), "no live source brings 1d; they bring "),
        ((), ("7x",), "'7x' is not a timeframe"),
    ],
)
def test_what_no_live_source_brings_is_told(session, symbols, timeframes, told):
    with pytest.raises(RequestError, match=told), Watch(session, symbols, timeframes, keeps=False):
        pass


def test_without_a_live_source_there_is_nothing_to_watch():
    with (
        wealthsources.open({"sources": [{"plugin": "context"}]}) as session,
        pytest.raises(RequestError, match="no live source to watch"),
    ):
        Watch(session, (), (), keeps=False)


def test_a_session_that_is_stopped_while_the_others_load_ends_the_watch_quietly(session, monkeypatch):
    monkeypatch.setattr(Watch, "_is_loading", lambda _: False)
    seen = Watch(session, (), (), keeps=False)
    seen._live = []  # so that there is another to ask
    session.stop()
    seen._ask_others()
    assert seen.look()[1] == []
