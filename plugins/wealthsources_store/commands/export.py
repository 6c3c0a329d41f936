"""`wealthsources export`: what a store has, as Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wealthsources_store.opening import (
    ConfigOption,
    StoreOption,
    errors_as_codes,
    opened,
    read_moment,
    read_timeframes,
    say,
    split,
)

if TYPE_CHECKING:
    from wealthsources import Timeframe
    from wealthsources_store.source import StoreSource

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def export(
    folder: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the files are written.")],
    symbols: Annotated[
        str | None, typer.Argument(help="As in BTCUSDT,ETHUSDT. Default: all.", show_default=False)
    ] = None,
    timeframes: Annotated[str | None, typer.Argument(help="As in 1m,1h. Default: all.", show_default=False)] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Bars that open then or later; UTC.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Bars that end then or earlier; UTC.")
    ] = None,
    revisions: Annotated[
        bool, typer.Option("--revisions", help="All states of each bar, not only the newest.", show_default=False)
    ] = False,
    config: ConfigOption = None,
    store: StoreOption = None,
) -> None:
    """Write what a store has to Parquet files: FOLDER/BTCUSDT/1h.parquet, one for each series.

    `wealthsources import` reads them again, to the last digit.
    """
    with errors_as_codes():
        from wealthsources import EARLIEST_TIME, LATEST_TIME  # noqa: PLC0415 - not for --help
        from wealthsources_store import exporting  # noqa: PLC0415

        start = EARLIEST_TIME if since is None else read_moment(since, "--from")
        end = LATEST_TIME if until is None else read_moment(until, "--until")
        with opened(config, store) as (session, source):
            for symbol, plain in _series(source, symbols, timeframes):
                timeframe = session.policy.markets.timeframe(symbol, plain)
                path = exporting.path_of(folder, symbol, timeframe)
                count = exporting.export(
                    source.database, symbol, timeframe, path, start=start, end=end, newest=not revisions
                )
                if count:
                    typer.echo(f"{path}: {count:,} {'states' if revisions else 'bars'}")
                else:
                    say(f"{symbol} {timeframe}: no bar of that time")


def _series(source: StoreSource, symbols: str | None, timeframes: str | None) -> list[tuple[str, Timeframe]]:
    """The series that are meant. Raises RequestError for one that is not there."""
    from wealthsources import RequestError, match_symbol  # noqa: PLC0415 - not for --help
    from wealthsources_store.reading import series_names  # noqa: PLC0415

    there = series_names(source.database)
    wanted_timeframes = read_timeframes(timeframes) if timeframes else tuple({timeframe for _, timeframe in there})
    names = sorted({name for name, _ in there})
    wanted = set(names)
    if symbols:
        found = {word: match_symbol(word, names) for word in split(symbols)}
        if missing := [word for word, name in found.items() if name is None]:
            raise RequestError(f"the store has no {', '.join(missing)}; it has {', '.join(names[:20]) or 'nothing'}")
        wanted = {name for name in found.values() if name}
    return [(symbol, timeframe) for symbol, timeframe in there if symbol in wanted and timeframe in wanted_timeframes]
