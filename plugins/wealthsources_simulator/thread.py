"""MarketServer: the simulator in a thread of its own, for tests, the demo and the command line."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wealthsources import Timeframe
from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.rows import read_bars
from wealthsources_simulator.server import Simulator
from wealthsources_simulator.timeline import Outage, PlayedBar, Timeline

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine
    from types import TracebackType
    from typing import Self

_START_TIMEOUT: Final = 10.0
_CALL_TIMEOUT: Final = 60.0
_STOP_TIMEOUT: Final = 5.0


class MarketServer:
    """A market server that listens while the `with` block lasts. Its methods may be called from any thread.

    `manual=True` plays nothing by itself: `play_bars` and `play_steps` do, and return when all is sent.
    """

    def __init__(
        self,
        simulator: Simulator,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._simulator = simulator
        self._address = (host, port, ssl_context)
        self._url: Future[str] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="market server", daemon=True)

    @classmethod
    def from_csv(
        cls,
        path: str | Path,
        *,
        symbol: str,
        timeframe: str,
        rate: float = 20,
        updates: int = 4,
        token: str | None = None,
        snapshot: int = 0,
        closed_flag: str | None = None,
        drop_at: str | float | None = None,
        drop_for: float = 0,
        skip: int = 0,
        limit: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
        manual: bool = False,
    ) -> Self:
        """A server that plays a file; the options are those of `wealthsources simulate`. Raises SimulatorError."""
        bars = read_bars(Path(path), _timeframe(timeframe))
        played = _part(bars, skip, limit)
        series = (symbol, timeframe)
        timeline = Timeline(series, played, updates=updates, closed_flag=closed_flag, history=bars[:skip])
        outage = _outage(timeline, drop_at, drop_for)
        pace = None if manual else rate
        simulator = Simulator(timeline, rate=pace, token=token, snapshot=snapshot, outage=outage)
        return cls(simulator, host=host, port=port, ssl_context=ssl_context)

    def start(self) -> None:
        """Listen. Raises SimulatorError if the port cannot be had. A server starts once."""
        self._thread.start()
        self._url.result(_START_TIMEOUT)

    def stop(self) -> None:
        """Close all connections and the port. May be called again, and before `start`."""
        if self._loop is None:
            return
        with suppress(RuntimeError):  # the loop is closed: it has stopped
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STOP_TIMEOUT)

    def wait_stopped(self) -> None:
        """Return when the server has stopped."""
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens: `ws://127.0.0.1:PORT/market_data`, or `wss://…` with TLS."""
        return self._url.result(0)

    @property
    def bars(self) -> tuple[PlayedBar, ...]:
        """The bars that are played, with the file's own text."""
        return self._simulator.timeline.bars

    @property
    def position(self) -> int:
        """How many whole bars were played."""
        return self._simulator.steps_played // self._simulator.timeline.steps_per_bar

    @property
    def connections_accepted(self) -> int:
        """How many connections sent a CONNECT that was accepted."""
        return self._simulator.accepted

    @property
    def connections_refused(self) -> int:
        """How many connections were answered HTTP 503, in an outage or by `refuse`."""
        return self._simulator.refused

    def wait_finished(self, timeout: float | None = None) -> bool:
        """Wait until the last step was played; False if that took longer than `timeout` seconds."""
        return self._simulator.finished.wait(timeout)

    def play_bars(self, bars: float) -> None:
        """Play on by so many bars; the part after the point counts as in `--drop-at`: 2.5 is two and a half bars."""
        self.play_steps(self._simulator.timeline.steps_before(Decimal(str(bars))))

    def play_steps(self, steps: int) -> None:
        """Play on by so many messages; a bar has `updates` + 1. Returns when the clients' transports hold them."""
        self._call(partial(self._simulator.play, steps))

    def cut(self) -> None:
        """End all connections at once, without a Close frame. Whoever comes back is let in, unless `refuse`."""
        self._call(self._simulator.cut)

    def refuse(self, refusing: bool = True) -> None:
        """Answer HTTP 503 to whoever wants in, or let them in again. Open connections stay."""
        self._simulator.refusing = refusing

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _call(self, work: Callable[[], Coroutine[object, object, None]]) -> None:
        if self._loop is None:
            raise SimulatorError("the server was not started")
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(_CALL_TIMEOUT)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            async with self._simulator.listen(*self._address) as url:
                self._url.set_result(url)
                await self._stop.wait()
        except SimulatorError as error:
            self._url.set_exception(error)


def _timeframe(name: str) -> Timeframe:
    try:
        return Timeframe(name)
    except ValueError as error:
        raise SimulatorError(str(error)) from None


def _part(bars: list[PlayedBar], skip: int, limit: int | None) -> list[PlayedBar]:
    if skip < 0 or (limit is not None and limit < 1):
        raise SimulatorError(f"skip {skip}, limit {limit}: skip must be 0 or more, limit 1 or more")
    played = bars[skip:] if limit is None else bars[skip : skip + limit]
    if not played:
        raise SimulatorError(f"nothing to play: the file has {len(bars)} bars, of which {skip} are skipped")
    return played


def _outage(timeline: Timeline, drop_at: str | float | None, drop_for: float) -> Outage | None:
    if drop_at is not None:
        return Outage.at(timeline, drop_at, drop_for)
    if drop_for:
        raise SimulatorError("drop-for needs drop-at")
    return None
