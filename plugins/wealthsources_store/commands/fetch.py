"""`wealthsources fetch`: bars of a span, from a source into a store."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wealthsources_store.opening import (
    FAILED,
    INTERRUPTED,
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
    from collections.abc import Callable, Sequence

    from rich.progress import Progress

    from wealthsources import Session, Source
    from wealthsources_store.fetching import Fetcher, Run, Series, Step
    from wealthsources_store.source import StoreSource

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

#: Runs of missing bars that are listed, the longest of them; a market with quiet minutes has many.
_MOST_LISTED: Final = 20


@app.command()
def fetch(
    source: Annotated[str, typer.Argument(help="Whom to ask: the name of a source of the configuration.")],
    symbols: Annotated[str, typer.Argument(help="As in BTCUSDT,ETHUSDT.")],
    timeframes: Annotated[str, typer.Argument(help="As in 1m,1h.")],
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="Bars that open then or later; UTC.")],
    until: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="TIME", help="Bars that end then or earlier; UTC. Default: now.", show_default=False
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Ask nobody; list what is missing in the store.", show_default=False),
    ] = False,
    config: ConfigOption = None,
    store: StoreOption = None,
) -> None:
    """Fetch the bars of a span from a source into the store: those that are not there yet.

    It may be interrupted; the same command goes on where it stopped. Bars that the store has from another source stay
    as they are. With --check it exits with 1 if anything is missing.
    """
    with errors_as_codes(), opened(config, store) as (session, stored):
        asked = _source(session, source)
        wanted = _series(session, stored, symbols, timeframes, since, until)
        if check:
            _check(stored, wanted)
        else:
            _fetch(session, asked, source, stored, wanted)


def _source(session: Session, name: str) -> Source:
    """Raises RequestError, ConfigError."""
    from wealthsources import RequestError  # noqa: PLC0415 - not for --help

    found = session.source(name)
    if found.capabilities.live:
        raise RequestError(f"{name} is live, and is recorded; name a source of history (see `wealthsources sources`)")
    if found.capabilities.keeps:
        raise RequestError(f"{name} is a store itself; name the source that is to be asked")
    view = found.for_context(None)
    if view is None:
        raise RequestError(f"{name} has the bars of a strategy's context, and there is none here; name another source")
    return view


def _series(
    session: Session, stored: StoreSource, symbols: str, timeframes: str, since: str, until: str | None
) -> list[Series]:
    """The series that are meant. Of bars that are only just over a source may have another state soon, so they wait."""
    from wealthsources import RequestError  # noqa: PLC0415 - not for --help
    from wealthsources_store.fetching import series_of  # noqa: PLC0415

    settled = time.time_ns() // 1_000_000 - session.policy.late_after
    start, end = read_moment(since, "--from"), settled
    if until is not None:
        end = min(read_moment(until, "--to"), settled)
    if start >= end:
        raise RequestError(f"--from {since} is not before --to {until or 'now'}")
    wanted = read_timeframes(timeframes)
    return [
        series_of(stored.database, symbol, session.policy.markets.timeframe(symbol, timeframe), start, end)
        for symbol in split(symbols)
        for timeframe in wanted
    ]


# --check -------------------------------------------------------------------------------------------------------


def _check(stored: StoreSource, wanted: Sequence[Series]) -> None:
    from wealthsources_store.fetching import missing  # noqa: PLC0415 - not for --help

    found = [(series, missing(stored.database, series)) for series in wanted]
    for series, runs in found:
        lost = sum(run.windows for run in runs)
        typer.echo(f"{series.stored_as} {series.timeframe}: {lost:,} of {series.windows:,} bars are missing")
        _list(runs)
    if any(runs for _, runs in found):
        raise typer.Exit(FAILED)


def _list(runs: Sequence[Run]) -> None:
    from wealthsources import time_text  # noqa: PLC0415 - not for --help

    longest = sorted(sorted(runs, key=lambda run: -run.windows)[:_MOST_LISTED])
    for run in longest:
        typer.echo(f"  {time_text(run.start)} to {time_text(run.end)} UTC: {run.windows:,}")
    if rest := len(runs) - len(longest):
        count = sum(run.windows for run in runs) - sum(run.windows for run in longest)
        typer.echo(f"  and {rest:,} shorter spans: {count:,}")


# fetching ------------------------------------------------------------------------------------------------------


def _fetch(session: Session, asked: Source, name: str, stored: StoreSource, wanted: Sequence[Series]) -> None:
    from wealthsources import ended_by_signals  # noqa: PLC0415 - not for --help
    from wealthsources_store.fetching import Fetcher  # noqa: PLC0415

    totals = _Totals()
    try:
        try:
            with _progress() as progress, ended_by_signals():
                fetcher = Fetcher(asked, name, stored.database, session.policy.markets.of, _say_on(progress))
                _fetch_all(fetcher, wanted, totals, progress)
        finally:
            typer.echo(totals.text(name))
    except KeyboardInterrupt:
        say("interrupted: what was fetched is stored, and the same command goes on from there")
        raise typer.Exit(INTERRUPTED) from None


def _fetch_all(fetcher: Fetcher, wanted: Sequence[Series], totals: _Totals, progress: Progress) -> None:
    for series in wanted:
        task = progress.add_task(f"{series.stored_as} {series.timeframe}", total=series.windows, rate="")
        for step in fetcher.fetch(series):
            totals.add(step)
            speed = progress.tasks[task].speed
            progress.update(task, advance=step.windows, rate=f"{speed:,.0f} bars/s" if speed else "")


class _Totals:
    """What became of all chunks together."""

    def __init__(self) -> None:
        self._stored = [0, 0, 0, 0]
        self._there = self._empty = 0
        self._why: dict[str, None] = {}

    def add(self, step: Step) -> None:
        """Count one chunk."""
        self._stored = [one + more for one, more in zip(self._stored, step.written, strict=True)]
        self._there += step.windows - step.asked
        self._empty += step.empty
        if step.why:
            self._why[step.why] = None

    def text(self, name: str) -> str:
        """One line for each thing to know."""
        from wealthsources import one_line  # noqa: PLC0415 - not for --help

        new, revised, repeated, different = self._stored
        lines = [f"{new:,} new, {revised:,} revised, {self._there + repeated:,} were there already"]
        if different:
            lines.append(f"{different:,} were there from another source with other numbers, and are left as they are")
        if self._empty:
            reasons = list(self._why)
            why = f" ({one_line(reasons[0])}{', and more' * (len(reasons) > 1)})" if reasons else ""
            lines.append(f"of {self._empty:,} windows {name} has no bar{why}")
        return "\n".join(lines)


def _progress() -> Progress:
    """A bar with the rate and the time left; where nobody looks at it, nothing."""
    from rich.console import Console  # noqa: PLC0415 - not for --help
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr, markup=False, emoji=False, highlight=False),
        disable=not sys.stderr.isatty(),
    )


def _say_on(progress: Progress) -> Callable[[str], None]:
    """What says a line above the bar."""
    from wealthsources import one_line  # noqa: PLC0415 - not for --help

    return lambda text: progress.console.print(one_line(text), markup=False, soft_wrap=True)
