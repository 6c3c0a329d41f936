"""`wealthsources revisions`: what changed of bars after they were closed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wealthsources_store.opening import ConfigOption, StoreOption, errors_as_codes, opened, read_moment, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from wealthsources_store.reading import BarState
    from wealthsources_store.source import StoreSource

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_COLUMNS = ("open_time", "revision", "known_at", "open", "high", "low", "close", "volume", "source", "finality")


@app.command()
def revisions(
    symbol: Annotated[str, typer.Argument(help="The symbol, in any spelling.")],
    timeframe: Annotated[str, typer.Argument(help="Such as 1h.")],
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Bars that open then or later; UTC.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Bars that end then or earlier; UTC.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, times in ms.")] = False,
    config: ConfigOption = None,
    store: StoreOption = None,
) -> None:
    """List what changed of bars after they were closed: each state, and when it came to be known.

    Values are the exact text that came; a * marks those that are not as in the state before.
    """
    with errors_as_codes():
        from wealthsources import EARLIEST_TIME, LATEST_TIME, Timeframe  # noqa: PLC0415 - not for --help

        start = EARLIEST_TIME if since is None else read_moment(since, "--from")
        end = LATEST_TIME if until is None else read_moment(until, "--to")
        with opened(config, store) as (session, source):
            states = _states(source, symbol, session.policy.markets.timeframe(symbol, Timeframe(timeframe)), start, end)
        if as_json:
            typer.echo(json.dumps(list(_records(states)), indent=2))
            return
        if not states:
            say(f"no bar of {symbol} {timeframe} of that time was changed after it was closed")
            return
        _print(_rows(states))


def _states(source: StoreSource, symbol: str, timeframe: Any, start: int, end: int) -> list[BarState]:
    from wealthsources import NotHere, RequestError  # noqa: PLC0415 - not for --help
    from wealthsources_store.reading import revisions as read  # noqa: PLC0415

    try:
        return read(source.database, source.find(symbol, timeframe), timeframe, start=start, end=end)
    except NotHere as error:
        raise RequestError(str(error)) from None


def _records(states: Iterable[BarState]) -> Iterator[dict[str, Any]]:
    for state, texts, changed in _told(states):
        bar = state.bar
        values = dict(zip(_COLUMNS[3:8], texts, strict=True))
        head = {"open_time": bar.open_time, "revision": bar.revision, "known_at": state.known_at}
        changes = [name for name, differs in zip(values, changed, strict=True) if differs]
        yield head | values | {"source": bar.source, "finality": bar.finality, "changed": changes}


def _rows(states: Iterable[BarState]) -> Iterator[list[str]]:
    from wealthsources import one_line, time_text  # noqa: PLC0415 - not for --help

    for state, texts, changed in _told(states):
        bar = state.bar
        marked = [f"{text}{'*' * differs}" for text, differs in zip(texts, changed, strict=True)]
        times = time_text(bar.open_time), str(bar.revision), time_text(state.known_at)
        yield [*times, *marked, one_line(bar.source), str(bar.finality)]


def _told(states: Iterable[BarState]) -> Iterator[tuple[BarState, list[str], list[bool]]]:
    """Each state with the texts of its values, and which of them are other numbers than in the state before."""
    from decimal import Decimal  # noqa: PLC0415 - not for --help

    from wealthsources import FIELDS  # noqa: PLC0415

    before: tuple[int, list[Decimal]] | None = None
    for state in states:
        texts = [state.bar.exact(field) for field in FIELDS]
        numbers = [Decimal(text) for text in texts]
        known = before[1] if before is not None and before[0] == state.bar.open_time else numbers
        before = state.bar.open_time, numbers
        yield state, texts, [one != other for one, other in zip(numbers, known, strict=True)]


def _print(rows: Iterable[Sequence[str]]) -> None:
    lines = [_COLUMNS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
