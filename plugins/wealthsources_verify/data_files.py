"""The data files, read by the file source of a deployment: the same columns, the same errors."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import wealthsources
from wealthsources import EARLIEST_TIME, Timeframe
from wealthsources_verify.errors import Unusable

if TYPE_CHECKING:
    from pathlib import Path

    from wealthsources import Bars

#: Seconds. A file of some million bars takes a while.
_DEADLINE: Final = 600
_FORM: Final = "BTCUSDT/1h.csv"


@dataclasses.dataclass(frozen=True, slots=True)
class DataFile:
    """One data file: the closed bars of one series, oldest first."""

    path: Path
    bars: Bars

    @property
    def symbol(self) -> str:
        """As it was named."""
        return self.bars.symbol

    @property
    def timeframe(self) -> Timeframe:
        """The length of its bars."""
        return self.bars.timeframe


def read_data_file(path: Path, symbol: str | None, timeframe: str | None) -> DataFile:
    """Read one file. A name that is None is taken from the path, like BTCUSDT/1h.csv. Raises Unusable."""
    folder, name = path.absolute().parent.name, path.name.partition(".")[0]
    named = name in Timeframe.known() and folder
    missing = [option for option, given in (("--symbol", symbol), ("--timeframe", timeframe)) if not given]
    if missing and not named:
        raise Unusable(f"{path} is not named as {_FORM} is, so say {' and '.join(missing)}")
    if not path.is_file():
        raise Unusable(f"{path}: is a folder" if path.is_dir() else f"{path}: no such file")
    try:
        return DataFile(path, _read(path, symbol or folder, Timeframe(timeframe or name)))
    except wealthsources.RequestError as error:
        raise Unusable(str(error)) from error


def _read(path: Path, symbol: str, timeframe: Timeframe) -> Bars:
    file = {"path": str(path.absolute()), "symbol": symbol, "timeframe": timeframe.name}
    sources = [{"plugin": "file", "options": {"files": [file]}}]
    session = wealthsources.open({"sources": sources, "source_deadline": _DEADLINE})
    try:
        session.start()
        adapter = session.adapter()
        return adapter.get_history(symbol, None, timeframe, start=EARLIEST_TIME, on_hole="mark", on_stale="mark")
    except wealthsources.AllSourcesFailed as error:
        reasons = [attempt.reason for attempt in error.attempts if attempt.reason]
        why = reasons[0] if reasons else "has no bars"
        raise Unusable(why.replace(str(path.absolute()), str(path))) from error
    finally:
        session.stop()
