"""What the tests of rows F share: markets of other times, what subscribers are told, sources that do as a test says."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pytest

import wealthsources
from wealthsources import Bars, Event, HistoryRequest, NotHere, Timeframe
from wealthsources_simulator import Market, Peer, PlayedBar, Series, fault

from ..support.bars import HOUR
from .case import QUICK, SERIES, VALUES, Case, Message, facts

if TYPE_CHECKING:
    from wealthsources_simulator import Played

Answer = Callable[[HistoryRequest], Any]

FLAGS = pytest.mark.parametrize("flag", [None, "is_closed"], ids=["no flag", "closed flag"])
POLICIES = pytest.mark.parametrize("corrections", ["accept", "reject"])

# what a server does --------------------------------------------------------------------------------------------------


def after(messages: int, *entries: str | Callable[[Peer], object]) -> Callable[[Peer], None]:
    """Pass on so many messages, commit these faults, then behave well."""

    def script(peer: Peer) -> None:
        peer.join()
        peer.pass_on(messages)
        for entry in entries:
            (fault(entry) if isinstance(entry, str) else entry)(peer)
        peer.behave()

    return script


def cut_after(messages: int) -> Callable[[Peer], None]:
    """Pass on so many messages, then cut the connection and refuse new ones, until the test opens the port again."""

    def script(peer: Peer) -> None:
        peer.join()
        peer.pass_on(messages)
        peer.server.close_port()  # type: ignore[attr-defined]

    return script


def skipping(skipped: Callable[[Played], bool]) -> Callable[[Peer], None]:
    """Send all messages but those."""
    return lambda peer: peer.behave(lambda played: None if skipped(played) else peer.send(played.text))


def until_set(peer: Peer, event: threading.Event) -> None:
    """Send nothing until then, but answer the client."""
    while not event.is_set():
        peer.attend(0.005)


def number_of(case: Case, played: Played) -> int:
    """Which bar of its series a message is of, from 0."""
    return played.step // case.market.steps_per_bar


def other_close(message: Message) -> str:
    """A close that the bar could have, and has not."""
    return message["low"] if message["low"] != message["close"] else message["high"]


# what is true --------------------------------------------------------------------------------------------------------


def market_from(first: int, timeframe: str = "1h", bars: int = 48, **options: Any) -> Market:
    """The bars of `Market.made`, from that open time (ms) on."""
    frame = Timeframe(timeframe)
    made = []
    for bar in bars_of(Market.made(timeframe=timeframe, bars=bars), (SERIES[0], timeframe)):
        made.append(dataclasses.replace(bar, open_time=first, end=frame.end(first)))
        first = frame.end(first)
    return Market({(SERIES[0], timeframe): made}, **options)


def bars_of(market: Market, series: Series = SERIES) -> tuple[PlayedBar, ...]:
    """All bars of a series, played or not."""
    return market.timelines[series].bars


def at(case: Case, place: int) -> int:
    """When bar number `place` opens, ms."""
    return bars_of(case.market)[place].open_time


def opens(case: Case, bars: Iterable[Any]) -> list[int]:
    """The numbers of these bars."""
    return [(bar.open_time - at(case, 0)) // HOUR for bar in bars]


def hole(case: Case, first: int, after_last: int) -> wealthsources.Hole:
    """The hole from bar number `first` to before bar number `after_last`."""
    return wealthsources.Hole(at(case, first), at(case, after_last), after_last - first)


def has_said(case: Case, message: Message) -> None:
    """From now on this is true: it is what the server said of that bar last."""
    timeline = case.market.timelines[SERIES]
    timeline.bars = tuple(
        dataclasses.replace(bar, **exact_of(message)) if bar.open_time == message["open_time"] else bar
        for bar in timeline.bars
    )


def final(case: Case, place: int) -> Message:
    """The last message of bar number `place`."""
    per_bar = case.market.steps_per_bar
    message: Message = case.market.message(SERIES, place * per_bar + per_bar - 1)
    return message


def exact_of(message: Message) -> dict[str, str]:
    """The values of a message as the server wrote them."""
    return {name: message[name] for name in VALUES}


def exact(bar: Any) -> dict[str, str]:
    """The values of a bar as the server wrote them."""
    return {name: bar.exact(name) for name in VALUES}


# what subscribers are told -------------------------------------------------------------------------------------------


class Told:
    """Every event from now on."""

    def __init__(self, case: Case) -> None:
        assert case.session is not None
        self._session = case.session
        self.events: list[Event] = []
        self._session.subscribe(self.events.append)

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]

    def bars(self, open_time: int | None = None) -> list[wealthsources.Bar]:
        """All bars, or all states of one."""
        bars = [event.bar for event in self.of("bar") if event.bar is not None]
        return [bar for bar in bars if open_time in (None, bar.open_time)]

    def closings(self) -> Counter[int]:
        """How often each bar was told as closed."""
        return Counter(bar.open_time for bar in self.bars() if bar.closed)

    @property
    def number(self) -> int:
        """How many events of bars there were; of some of a forming bar only the newest is handed out."""
        status = self._session.status()
        assert status.events_lost == 0
        return len(self.bars()) + status.events_conflated


# other sources -------------------------------------------------------------------------------------------------------

_PLUGIN = """
import threading
from typing import Any
import pydantic
from wealthsources import Capabilities, Source, hookimpl

class Options(pydantic.BaseModel, extra="forbid"):
    answer: Any
    authoritative: bool = False
    blocking: bool = True

class Stranger(Source):
    def __init__(self, options):
        self.capabilities = Capabilities(authoritative=options.authoritative, blocking=options.blocking)
        self.answer = options.answer
        self.asked = []

    def get_history(self, request):
        self.asked.append((threading.current_thread().name, request))
        return self.answer(request)

@hookimpl
def wealthsources_register(register):
    register("stranger", Stranger, Options)
"""


def stranger(answer: Answer, name: str = "history", **options: Any) -> dict[str, Any]:
    """The settings of a source that answers with `answer(request)`. By default nobody waits for it on a worker."""
    return {"name": name, "plugin": "stranger", "options": {"answer": answer, "blocking": False, **options}}


def opener(case: Case, distribution: Callable[..., object]) -> Callable[..., None]:
    """What opens a session of sources, in their order: `chain("live", stranger(…), "archive")`."""
    distribution(name="a-stranger", entry_points="stranger = a_stranger", a_stranger=_PLUGIN)

    def settings(source: Any, options: dict[str, Any]) -> dict[str, Any]:
        if source == "live":
            return {"name": "live", "plugin": "websocket", "options": {"endpoint": case.server.url, **QUICK, **options}}
        if source == "archive":
            return {"name": "archive", "plugin": "file", "options": {"path": case.write_archive()}}
        return {"plugin": source} if isinstance(source, str) else source

    def open_them(
        *sources: Any, clock: str | wealthsources.Clock = "feed", set_to: dict[str, Any] | None = None, **options: Any
    ) -> None:
        """`clock` is a name or the clock itself, `set_to` further settings, `options` are those of the live source."""
        name = clock if isinstance(clock, str) else clock.name
        session = case.session = wealthsources.open(
            {
                "clock": name,
                "on_stale": "mark",
                "sources": [settings(source, options) for source in sources],
                **(set_to or {}),
            }
        )
        if not isinstance(clock, str):
            session.clock = clock
        session.start()
        session.start_live()

    return open_them


def backfills(case: Case, name: str = "history") -> list[HistoryRequest]:
    """What the live source had such a source asked for; what strategies asked is not in it, nor are finer bars."""
    assert case.session is not None
    asked = case.session.source(name).asked  # type: ignore[attr-defined]
    own = case.live.capabilities.timeframes
    return [
        request
        for thread, request in asked
        if thread.startswith("wealthsources-backfill") and request.timeframe.name in own
    ]


def knows(case: Case, among: Callable[[PlayedBar], bool] = lambda bar: True) -> Answer:
    """Answers with what is true of the request, the future too; or with those of its bars."""

    def answer(request: HistoryRequest) -> Bars:
        bars = bars_of(case.market, (request.symbol, request.timeframe.name))
        return picked([bar for bar in bars if among(bar)], request)

    return answer


def picked(bars: list[PlayedBar], request: HistoryRequest) -> Bars:
    """What a request asks for of these bars."""
    found = [bar for bar in bars if bar.open_time >= (request.start or 0) and bar.end <= request.end]
    return packed(found if request.count is None else found[-request.count :], request)


def packed(bars: list[PlayedBar], request: HistoryRequest) -> Bars:
    """All of these bars."""
    if not bars:
        return Bars.empty(request.symbol, request.timeframe)
    records = [{**dataclasses.asdict(bar), "close_time": bar.end, "closed": True} for bar in bars]
    return Bars.from_records(request.symbol, request.timeframe, records)


def once_open(gate: threading.Event, answer: Answer) -> Answer:
    """Strategies are told "not here" until the gate is open; a backfill waits for that."""

    def gated(request: HistoryRequest) -> Any:
        if not threading.current_thread().name.startswith("wealthsources-backfill"):
            if not gate.is_set():
                raise NotHere("not open yet")
        elif not gate.wait(20):
            raise NotHere("nobody opened the gate")
        return answer(request)

    return gated


def a_turn(case: Case) -> None:
    """Wait until the live source has looked after its streams once more, as it does each second: it may ask again."""
    look, turns = case.live.on_turn, []

    def turn(shard: Any, now: float) -> None:
        look(shard, now)
        turns.append(now)

    case.live.on_turn = turn
    case.until(lambda: turns and turns[-1] >= turns[0] + 1.0)
    del case.live.on_turn


def truth_without(case: Case, *spans: wealthsources.Hole) -> list[tuple[Any, ...]]:
    """What the server closed, but for the bars of these holes."""
    closed = facts(case.market.closed(SERIES))
    return [bar for bar in closed if not any(span.start <= bar[0] < span.end for span in spans)]
