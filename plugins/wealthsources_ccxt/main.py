"""`wealthsources markets`: what an exchange has. Importing this module is quick; ccxt is not."""

from __future__ import annotations

import fnmatch
import json
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_ccxt.names import Listed
    from wealthsources_ccxt.options import CcxtOptions

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

FAILED = 1
UNUSABLE = 2


@app.command()
def markets(
    exchange: Annotated[str, typer.Argument(help="The exchange, by ccxt's name of it, as in binance.")],
    pattern: Annotated[
        str | None, typer.Argument(help="Of symbols, as in 'BTC*'; without it the kinds of markets are listed.")
    ] = None,
    market: Annotated[str, typer.Option(help="The exchange's word for a kind of market; the first by default.")] = "",
    endpoint: Annotated[str | None, typer.Option(help="Another server to ask, as in a test.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for an answer.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what an exchange has: its kinds of markets, or the symbols of one.

    The word of the first column is what `market:` says in config.yaml, and any of the names of a symbol can be asked
    for. A pattern asks the exchange for its symbols; without one nobody is asked, and the live protocol tells its own.
    Exits with 1 if the exchange does not answer, with 2 if it or the kind of market is not known.
    """
    values = {"exchange": exchange, "market": market, "endpoint": endpoint, "timeout": timeout}
    if pattern is None:
        _list_kinds(exchange, values, as_json)
        return
    options = _options(**values)
    found = [listed for listed in _symbols(options) if _fits(listed, pattern)]
    _print(("symbol", "id", "base", "quote", "contract"), [_row(listed) for listed in found], as_json)
    if not found:
        typer.echo(f"{options.exchange} {options.market} has no symbol like {pattern!r}", err=True)


def _options(**values: Any) -> CcxtOptions:
    """The options of a source that would read it; ends the command if there can be none."""
    try:
        return _checked(**values)
    except ValueError as error:
        _fail(str(error), UNUSABLE)


def _checked(**values: Any) -> CcxtOptions:
    """Raises ValueError if there can be no such source."""
    try:
        import pydantic  # noqa: PLC0415 - not for the list of commands

        from wealthsources_ccxt.options import CcxtOptions  # noqa: PLC0415 - ccxt takes long
    except ModuleNotFoundError as error:
        raise ValueError(f"needs `pip install 'wealthsources[ccxt]'`: there is no module {error.name!r}") from None
    try:
        return CcxtOptions(**values)
    except pydantic.ValidationError as error:
        raise ValueError("; ".join(_told(each) for each in error.errors())) from None


def _told(error: Any) -> str:
    """One mistake of pydantic's, with the option it is in, if it is in one."""
    return f"{'.'.join(map(str, error['loc']))} {error['msg'].removeprefix('Value error, ')}".strip()


def _list_kinds(exchange: str, values: dict[str, Any], as_json: bool) -> None:
    """Print the kinds of markets that there are sources for. Without a history it is those that are live."""
    from wealthsources_ccxt.kinds import COLUMNS, history_kinds, live_kinds  # noqa: PLC0415 - as above

    kinds = list(live_kinds(exchange))
    try:
        kinds += history_kinds(_checked(**values))
    except ValueError as error:
        if not any(values["market"] in ("", kind[0]) for kind in kinds):
            _fail(str(error), UNUSABLE)
        typer.echo(f"no history: {error}", err=True)
    _print(COLUMNS, kinds, as_json)


def _symbols(options: CcxtOptions) -> Sequence[Listed]:
    from wealthsources import ConfigError, SourceError, one_line  # noqa: PLC0415 - as above
    from wealthsources_ccxt.connection import Connection  # noqa: PLC0415

    if not options.word.listed:
        where = f"{options.exchange} {options.market}"
        _fail(f"{where}: it has thousands of symbols, which are not listed; any can be asked for as it is", UNUSABLE)
    try:
        connection = Connection(options)
    except ConfigError as error:
        _fail(f"{error} in a configuration; here none can be given", UNUSABLE)
    try:
        return sorted(connection.load())
    except SourceError as error:
        _fail(one_line(str(error)), FAILED)
    finally:
        connection.close()


def _fits(listed: Listed, pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(name.upper(), pattern.upper()) for name in listed.spellings)


def _row(listed: Listed) -> tuple[str, ...]:
    size = "" if listed.size is None else format(listed.size, "f")
    return listed.symbol, listed.id, listed.base, listed.quote, size


def _print(columns: Sequence[str], rows: Sequence[Sequence[str]], as_json: bool) -> None:
    """Text from outside is printed on its line, and cannot steer a terminal."""
    if as_json:
        typer.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=2))
        return
    from wealthsources import one_line  # noqa: PLC0415 - as above

    lines = [columns, *[[one_line(cell) for cell in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(status)
