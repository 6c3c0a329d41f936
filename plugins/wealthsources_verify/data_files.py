"""The data files, read by the same reader as a deployment's: the same columns, the same errors."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import wealthsources
from wealthsources import Timeframe
from wealthsources_verify.errors import Unusable

if TYPE_CHECKING:
    from wealthsources import Bars

#: 1980-01-01: the reader takes no earlier time.
_FIRST_TIME: Final = 315_532_800_000
#: Seconds. A file of some million bars takes a while.
_DEADLINE: Final = 600
_FORM: Final = "BTCUSDT/1h.csv"


@dataclasses.dataclass(frozen=True, slots=True)
class Series:
    """One data file: its closed bars, oldest first."""

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


def read_series(path: Path, symbol: str | None, timeframe: str | None) -> Series:
    """Read one file. A name that is None is taken from the path, like BTCUSDT/1h.csv. Raises Unusable."""
    folder, name = path.absolute().parent.name, path.name.partition(".")[0]
    named = name in Timeframe.known() and folder
    missing = [option for option, given in (("--symbol", symbol), ("--timeframe", timeframe)) if not given]
    if missing and not named:
        raise Unusable(f"{path} is not named as {_FORM} is, so say {' and '.join(missing)}")
    if not path.is_file():
        raise Unusable(f"{path}: is a folder" if path.is_dir() else f"{path}: no such file")
    try:
        return Series(path, _read(path, symbol or folder, Timeframe(timeframe or name)))
    except wealthsources.RequestError as error:
        raise Unusable(str(error)) from error


def _read(path: Path, symbol: str, timeframe: Timeframe) -> Bars:
    # The reader wants the names of the series in the path, and the file may lie anywhere under any name.
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "series" / f"{timeframe}.csv{'.gz' if path.suffix == '.gz' else ''}"
        link.parent.mkdir()
        _link(path.absolute(), link)
        options = {"path": str(Path(folder) / "{symbol}" / link.name.replace(timeframe.name, "{timeframe}"))}
        session = wealthsources.open(
            {"sources": [{"plugin": "file", "options": options}], "source_deadline": _DEADLINE}
        )
        try:
            session.start()
            return _renamed(_all_bars(session, timeframe), symbol)
        except wealthsources.AllSourcesFailed as error:
            reasons = [attempt.reason for attempt in error.attempts if attempt.reason]
            why = reasons[0] if reasons else "has no bars"
            raise Unusable(why.replace(str(link), str(path))) from error
        finally:
            session.stop()


def _all_bars(session: wealthsources.Session, timeframe: Timeframe) -> Bars:
    adapter = session.adapter()
    return adapter.get_history("series", None, timeframe, start=_FIRST_TIME, on_hole="mark", on_stale="mark")


def _link(path: Path, link: Path) -> None:
    try:
        link.symlink_to(path)
    except OSError:  # not everyone may make one on every system
        shutil.copy2(path, link)


def _renamed(bars: Bars, symbol: str) -> Bars:
    return wealthsources.Bars(
        symbol, bars.timeframe, bars.rows, bars.sources, bars.texts, holes=bars.holes, trusted=True
    )
