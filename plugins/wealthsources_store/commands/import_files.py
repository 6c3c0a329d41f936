"""`wealthsources import`: Parquet files into a store."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wealthsources_store.opening import ConfigOption, StoreOption, errors_as_codes, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from wealthsources import Market
    from wealthsources_store.database import Database
    from wealthsources_store.file_rows import SeriesFile

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def import_files(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Parquet files; of a folder all that are in it.")
    ],
    symbol: Annotated[
        str | None, typer.Option(help="Of one file. Default: as written in it, else its folder.", show_default=False)
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="Of one file. Default: as written in it, else its name.", show_default=False)
    ] = None,
    source: Annotated[
        str, typer.Option(metavar="NAME", help="Where the bars of plain files come from, for who reads them.")
    ] = "import",
    config: ConfigOption = None,
    store: StoreOption = None,
) -> None:
    """Store the bars of Parquet files, each once, however often they are imported.

    What `wealthsources export` wrote comes back as it was: every state, when it was known, and the text of its values.
    Any other file needs the columns open_time, open, high, low, close, volume, and is taken as history that was
    fetched. Of a file in which anything is wrong nothing is stored.
    """
    with errors_as_codes(), opened(config, store) as (session, stored):
        now = time.time_ns() // 1_000_000
        for file in _files(paths, symbol, timeframe, session.policy.markets.of):
            typer.echo(f"{file.path}: {_import(stored.database, file, source, now)}")


def _files(
    paths: list[Path], symbol: str | None, timeframe: str | None, market_of: Callable[[str], Market]
) -> Iterator[SeriesFile]:
    """The files that are meant. Raises RequestError."""
    from wealthsources import RequestError  # noqa: PLC0415 - not for --help
    from wealthsources_store.importing import find_series  # noqa: PLC0415

    found = list(dict.fromkeys(path for given in paths for path in _within(given)))
    if (symbol or timeframe) and len(found) != 1:
        raise RequestError(f"--symbol and --timeframe are said of one file; these are {len(found)}")
    for path in found:
        yield find_series(path, symbol, timeframe, market_of)


def _within(path: Path) -> Iterable[Path]:
    from wealthsources import RequestError  # noqa: PLC0415 - not for --help

    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.rglob("*.parquet") if not each.name.startswith("."))
    if not found:
        raise RequestError(f"{path}: there is no .parquet file in that folder")
    return found


def _import(database: Database, file: SeriesFile, source: str, now: int) -> str:
    """Check all of a file, then store it; what became of its rows."""
    from wealthsources_store import importing  # noqa: PLC0415 - not for --help
    from wealthsources_store.restoring import Restored, restore  # noqa: PLC0415
    from wealthsources_store.writing import Batch, Written, note_recorded, write  # noqa: PLC0415

    importing.check(file, now)
    if file.exported:
        done = Restored(0, 0, 0)
        for part in importing.states(file, now):
            done = Restored(*map(sum, zip(done, restore(database, part, now), strict=True)))
        for began, until in file.recorded:
            note_recorded(database, [(file.symbol, file.timeframe)], began, until)
        return f"{done.new:,} new, {done.repeated:,} repeated{_left(done.different)}"
    written = Written(0, 0, 0)
    for bars in importing.plain_bars(file, now, source):
        written = Written(*map(sum, zip(written, write(database, [Batch(bars, None)], now), strict=True)))
    return f"{written.new:,} new, {written.revised:,} revised, {written.repeated:,} repeated{_left(written.different)}"


def _left(different: int) -> str:
    return f", {different:,} different (there with other numbers, and left as they are)" if different else ""
