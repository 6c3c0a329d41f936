"""The whole path, tried with a market of our own: live bars, a hole that a file fills, and what a strategy reads.

The market is `wealthsources simulate` in a process of its own, as somebody would start it by hand. It cuts the
connection in the middle of a bar and is away for a few, so that bars are missing which only the file has.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import wealthsources
from wealthsources.cli.doctor.line import Line, error, ok
from wealthsources.model.errors import WealthSourcesError
from wealthsources.model.text import describe, one_line
from wealthsources.model.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.model.bars import Bars
    from wealthsources.runtime.session import Session

_SYMBOL: Final = "SELFTEST"
_TIMEFRAME: Final = "1m"
_BARS: Final = 60
_CUT_AT, _AWAY_FOR = 30, 6
_COUNT: Final = 40
_RATE: Final = 40  # bars a second
_BEGINNING: Final = 1_704_067_200_000  # 2024-01-01 UTC, ms
#: Seconds for the market to start, and for its bars to come.
_START: Final = 20.0
_PLAY: Final = 30.0
_ABOUT: Final = "self-test"
_LIVE: Final = "self-test-live"


def try_it_all() -> Iterator[Line]:
    """Try each step; what does not work ends it."""
    with tempfile.TemporaryDirectory(prefix="wealthsources-doctor-") as name, contextlib.ExitStack() as opened:
        folder = Path(name)
        steps = _Steps(folder, opened)
        for step in (steps.start_market, steps.wait_for_bars, steps.compare, steps.ask_as_a_strategy):
            try:
                yield ok(_ABOUT, step())
            except Exception as failure:  # noqa: BLE001 - whatever it is, it is what was looked for
                yield error(_ABOUT, one_line(describe(failure)), _remedy(failure))
                return


class _StepError(WealthSourcesError):
    """A step did not come about; `remedy` is what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


def _remedy(failure: Exception) -> str:
    return failure.remedy if isinstance(failure, _StepError) else "tell its authors; --debug shows the log"


class _Steps:
    def __init__(self, folder: Path, opened: contextlib.ExitStack) -> None:
        self._file = folder / _SYMBOL / f"{_TIMEFRAME}.csv"
        self._path = str(folder / "{symbol}" / "{timeframe}.csv")
        self._opened = opened
        self._truth = _write_bars(self._file)
        self._url = ""
        self._session: Session | None = None
        self._bars: Bars | None = None

    def start_market(self) -> str:
        """Raises _StepError if it does not say its address in time."""
        command = [sys.executable, "-m", "wealthsources", "simulate", "--data", str(self._file)]
        options = {"symbol": _SYMBOL, "timeframe": _TIMEFRAME, "rate": _RATE, "updates": 1, "snapshot": 0}
        options |= {"drop-at": f"{_CUT_AT}.5", "drop-for": _AWAY_FOR}
        command += [word for name, value in options.items() for word in (f"--{name}", str(value))]
        market = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours
        self._opened.callback(_end, market)
        self._url = _first_line(market, _START)
        return f"a market of our own plays {_BARS} bars at {self._url}"

    def wait_for_bars(self) -> str:
        """Raises _StepError if they do not come, or the hole stays."""
        options = {"endpoint": self._url, "symbols": [_SYMBOL], "resolutions": [_TIMEFRAME], "backoff_base": 0.05}
        live = {"name": _LIVE, "plugin": "websocket", "options": options | {"backoff_cap": 0.1}}
        archive = {"name": "archive", "plugin": "file", "options": {"path": self._path, "last_row": "closed"}}
        self._opened.enter_context(_quiet())
        self._session = session = wealthsources.open({"clock": "feed", "sources": [live, archive]})
        self._opened.enter_context(session)
        session.make_current()
        arrived = threading.Event()
        self._opened.callback(session.subscribe(lambda _: arrived.set()))
        _wait(arrived, self._has_all)
        reconnects = session.status().sources[_LIVE].reconnects
        if not reconnects:
            raise _StepError("the connection was to be cut and was not", "tell its authors: this must not be")
        return f"bars came live, and went on after the connection was cut (reconnects: {reconnects})"

    def _has_all(self) -> bool:
        """Whether the newest bar that can be closed is there: the last one of the file forms for ever."""
        if self._session is None:
            return False
        with contextlib.suppress(WealthSourcesError):  # before the first bar
            self._bars = self._session.adapter().get_history(_SYMBOL, _COUNT, _TIMEFRAME)
        return self._bars is not None and self._bars.newest >= sorted(self._truth)[-2] and not self._bars.holes

    def compare(self) -> str:
        """Raises _StepError for a bar that is missing or another one."""
        bars = self._bars or ()
        wrong = [bar for bar in bars if bar.exact("close") != self._truth.get(bar.open_time)]
        if len(bars) != _COUNT or wrong:
            text = f"of {_COUNT} bars {len(bars)} came, and {len(wrong)} of them are not those of the file"
            raise _StepError(text, "tell its authors: this must not be")
        filled = sum(bar.source == "archive" for bar in bars)
        return f"{_COUNT} bars are those of the file; {filled} that were missed live are filled from it"

    def ask_as_a_strategy(self) -> str:
        """Raises _StepError if a strategy would read something else."""
        # Not an import: the core does not know what strategies import.
        wealthdata: Any = importlib.import_module("wealthdata")
        frame = wealthdata.get_price(_SYMBOL, count=_COUNT, frequency=_TIMEFRAME)
        if self._bars is None or list(frame["close"]) != [float(bar.close) for bar in self._bars]:
            raise _StepError("get_price answers with other bars", "tell its authors: this must not be")
        return f"wealthdata.get_price answers with the same {len(frame)} bars"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the log of a connection that is cut on purpose, unless all of it is wanted."""
    logger = logging.getLogger(f"wealthsources.source.{_LIVE}")
    if logger.isEnabledFor(logging.DEBUG):
        yield
        return
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(logging.NOTSET)


def _write_bars(path: Path) -> dict[int, str]:
    """A file of bars; returns the close of each by its open time."""
    path.parent.mkdir()
    width = Timeframe(_TIMEFRAME).end(_BEGINNING) - _BEGINNING
    closes = {_BEGINNING + number * width: f"{100 + number % 7}.{number:02d}" for number in range(_BARS)}
    rows = [f"{time},100.00,200.00,50.00,{close},{number}.5" for number, (time, close) in enumerate(closes.items())]
    path.write_text("\n".join(["open_time,open,high,low,close,volume", *rows, ""]), encoding="utf-8")
    return closes


def _first_line(market: subprocess.Popen[str], seconds: float) -> str:
    """The address that it prints."""
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.append(market.stdout.readline()), daemon=True)  # type: ignore[union-attr]
    reader.start()
    reader.join(seconds)
    if said and said[0].strip():
        return said[0].strip()
    market.kill()
    _, errors = market.communicate()
    why = one_line(errors)[-300:] or f"nothing within {seconds:g} s"
    raise _StepError(f"`wealthsources simulate` does not start: {why}", "install wealthsources again, whole")


def _end(market: subprocess.Popen[str]) -> None:
    market.terminate()
    try:
        market.communicate(timeout=2)
    except subprocess.TimeoutExpired:
        market.kill()
        market.communicate()


def _wait(arrived: threading.Event, is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PLAY
    while not is_done():
        if time.monotonic() > deadline:
            raise _StepError(f"its bars did not all come within {_PLAY:g} s", "is this machine very busy? try again")
        arrived.wait(0.2)
        arrived.clear()
