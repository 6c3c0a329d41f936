"""The laboratory of the tests of point in time: real sessions and contexts that have what a world says."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import itertools
import os
import zoneinfo
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import wealthsources
import wealthsources.runtime.session as process
from wealthsources import Bars, Timeframe

from .worlds import FRAMES, IN_MEMORY, SYMBOLS, World, market

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Lab:
    """Sessions, opened when first needed, whose sources are given what a world holds.

    A live source runs in each, and is full of bars of another walk, to its end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sessions: dict[tuple[str, ...], wealthsources.Session] = {}
        self._written = itertools.count(1_790_000_000_000_000_000)  # in 2026

    def close(self) -> None:
        for session in self._sessions.values():
            session.stop()

    def session(self, chain: tuple[str, ...]) -> wealthsources.Session | None:
        """The session of that chain, process-wide from now on; none: the context alone."""
        made = self._sessions.get(chain) if chain else None
        if made is None and chain:
            made = self._sessions[chain] = self._open(chain)
        process._current = made
        return made

    def _open(self, chain: tuple[str, ...]) -> wealthsources.Session:
        options = {
            "live": {"plugin": "memory", "options": {"live": True}},
            "context": {"plugin": "context"},
            "file": {"plugin": "file", "options": {"path": str(self._folder / "{symbol}" / "{timeframe}.csv")}},
        }
        sources = [{"name": name, **options.get(name, {"plugin": "memory"})} for name in chain]
        made = wealthsources.open({"sources": sources, "source_deadline": 30})
        made.start()
        made.start_live()
        for symbol, name in itertools.product(SYMBOLS, ("1m", "1h", "1d")):
            made.source("live").put(market(symbol, Timeframe(name), True))
        return made

    def set_up(self, world: World, full: bool) -> Any:
        """Fill the sources. Returns the context to bind."""
        session = self.session(world.chain)
        if session is not None:
            for name in set(IN_MEMORY) & set(world.chain):
                self.fill(session.source(name), world, name, full)
            if "file" in world.chain:
                self._write(world, full)
                session.source("file").get_all_symbols()  # lists the folder anew: files that were there are gone
            session.source("live").asked.clear()
        return make_context(world, full)

    def asked_live(self, world: World) -> list[wealthsources.HistoryRequest]:
        """What the live source was asked since the world was set up."""
        session = self.session(world.chain)
        return [] if session is None else session.source("live").asked

    @contextlib.contextmanager
    def failing(self, world: World) -> Iterator[None]:
        """All sources in memory fail for a while."""
        session = self.session(world.chain)
        sources = [session.source(name) for name in IN_MEMORY if name in world.chain] if session else []
        before = [source.failure for source in sources]
        for source in sources:
            source.failure = wealthsources.SourceError("no network")
        yield
        for source, failure in zip(sources, before, strict=True):
            source.failure = failure

    def fill(self, source: Any, world: World, name: str, full: bool) -> None:
        source._series.clear()
        for each in world.of(name):
            source.put(each.bars(full))
        source.failure = wealthsources.SourceError("no disk") if name in world.failing else None
        source.capabilities = dataclasses.replace(
            source.capabilities, authoritative=name in world.authoritative, blocking=name in world.blocking
        )
        if name in world.loose:
            source.get_history = functools.partial(everything, source)
        else:
            source.__dict__.pop("get_history", None)

    def _write(self, world: World, full: bool) -> None:
        for path in self._folder.glob("*/*.csv"):
            path.unlink()
        for each in world.of("file"):
            path = self._folder / each.symbol / f"{each.frame}.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_text(each.text(full))
            stamp = next(self._written)  # a file system's clock is too coarse to tell two files of one moment apart
            os.utime(path, ns=(stamp, stamp))


def everything(source: Any, request: wealthsources.HistoryRequest) -> Bars:
    """All that a source in memory has of the series, far beyond what it was asked for."""
    right = type(source).get_history(source, request)
    # An exchange's own history, when it has none, says that there was none. For one that does not, see the last test.
    if source.capabilities.authoritative and not len(right):
        return right
    return source._series[request.symbol, request.timeframe]


def make_context(world: World, full: bool) -> Any:
    """What the engine hands to the strategy."""
    entries = [
        {"symbol": each.symbol, "timeframe": each.frame.name, "bars": each.records(full, world.kind)}
        for each in world.of("context")
    ]
    held = {each.key: each.records(full, world.kind) for each in world.of("own")}
    content: dict[str, Any] = {"universe": list(SYMBOLS), **time_of(world)}
    if entries:
        name = "market_data_context" if world.greedy else "_market_data_context"
        content[name] = [world.kind(**entry) for entry in entries]
    if held:
        content["history"] = lambda *arguments: own_history(world, held, made, *arguments)
    made = content if world.mapping else SimpleNamespace(**content)
    return made


def own_history(world: World, held: dict[Any, list[Any]], context: object, *asked: Any) -> list[Any]:
    """The newest `count` bars by the engine's time, the one that is forming among them; a greedy one gives all."""
    symbol, count, timeframe = asked
    bars = held.get((symbol, timeframe), [])
    if world.greedy:
        return bars
    now = wealthsources.context_time(context, zoneinfo.ZoneInfo(world.zone))
    return [bar for bar in bars if _open_time(bar) <= now][-count:]


def _open_time(record: Any) -> int:
    return record["open_time"] if isinstance(record, dict) else record.open_time


def time_of(world: World) -> dict[str, Any]:
    """The attributes by which a context tells the world's time."""
    moment = dt.datetime.fromtimestamp(world.now / 1000, zoneinfo.ZoneInfo(world.zone))
    if world.clock == "current_dt":
        return {"current_dt": moment.astimezone(dt.timezone(dt.timedelta(hours=5)))}
    if world.clock == "naive":
        return {"current_dt": moment.replace(tzinfo=None)}
    if world.clock == "current_bar":
        frame = max((each for each in FRAMES if each.opens_at(world.now)), key=lambda each: each.milliseconds)
        return {"current_bar": world.kind(open_time=frame.floor(world.now - 1), timeframe=frame.name)}
    if world.clock == "forming":
        return {"current_bar": world.kind(open_time=world.now, timeframe="1m", closed=False)}
    if world.clock == "held":
        each = next(each for each in world.of("context") if each.end == world.now)
        return {"current_bar": each.records(False, world.kind)[-1]}
    return {"now_ms": world.now}
