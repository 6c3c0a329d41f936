"""`wealthsources init`: a first config.yaml, by questions or by options."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from wealthsources.cli.console import say_note
from wealthsources.cli.exchange_config import Exchange, history_is_installed, of_the_command_line
from wealthsources.cli.first_config import SCHEMA, FirstConfig
from wealthsources.cli.options import DebugOption, errors_as_codes
from wealthsources.cli.series_arguments import EndpointOption, Environment, EnvironmentOption, MarketOption, split
from wealthsources.model.errors import ConfigError, RequestError
from wealthsources.model.text import suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

#: What packages tell of an exchange's markets.
_MARKETS: Final = "wealthsources.markets"
_USUAL: Final = ("1m", "1h")

TargetPath = Annotated[Path, typer.Argument(metavar="[PATH]", help="The file to write.")]
ExchangeOption = Annotated[
    str | None, typer.Option("--exchange", metavar="NAME", help="Such as binance, okx, kraken.", show_default=False)
]
SymbolsOption = Annotated[
    str | None, typer.Option("--symbols", metavar="LIST", help="Such as BTCUSDT,ETHUSDT.", show_default=False)
]
TimeframesOption = Annotated[
    str | None, typer.Option("--timeframes", metavar="LIST", help="Such as 1m,1h.", show_default=False)
]
HistoryOption = Annotated[
    bool | None,
    typer.Option(
        "--history/--no-history",
        help="Whether the exchange's history stands behind it. Default: if it can be had.",
        show_default=False,
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Write it in place of one that is there.")]


def init(
    path: TargetPath = Path("config.yaml"),
    exchange: ExchangeOption = None,
    symbols: SymbolsOption = None,
    timeframes: TimeframesOption = None,
    history: HistoryOption = None,
    market: MarketOption = None,
    environment: EnvironmentOption = Environment.LIVE,
    endpoint: EndpointOption = None,
    force: ForceOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a first configuration, with comments. Asks for what is not given, on a terminal.

    Beside it comes config.schema.json, by which editors complete its keys. A file that is there is left alone.
    """
    with errors_as_codes(debug):
        _refuse(path, force=force)
        name = _exchange(exchange)
        facts = _market(name, market)
        wanted = FirstConfig(
            name,
            _symbols(symbols),
            _timeframes(timeframes, facts),
            facts.market if market or not facts.is_default else None,
            None if environment is Environment.LIVE else environment.value,
            endpoint,
            [each for each in facts.wants if each != "contract_sizes"],
            _history(history, Exchange(name, market, environment.value, endpoint), facts),
            facts.pushes_quiet_minutes,
        )
        _write(_checked(wanted, path, insists=history is True), path)


def _refuse(path: Path, *, force: bool) -> None:
    if path.is_dir():
        raise RequestError(f"{path}: is a folder; give the path of the file in it, as in {path / 'config.yaml'}")
    if path.exists() and not force:
        raise RequestError(f"{path}: is there already; give another path, or --force to write over it")


# what is asked ---------------------------------------------------------------------------------------------------


def _ask(what: str, option: str, default: str | None, check: Callable[[str], object]) -> str:
    """An answer that `check` lets pass. Raises RequestError where there is nobody to ask."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise RequestError(
            f"{option} is not given, and here is no terminal to ask on; say it, as in "
            "`wealthsources init --exchange binance --symbols BTCUSDT,ETHUSDT --timeframes 1m,1h`"
        )
    while True:
        answer = str(typer.prompt(what, default=default, err=True)).strip()
        try:
            check(answer)
        except RequestError as error:
            say_note(str(error))
        else:
            return answer


def _exchange(given: str | None) -> str:
    names = _exchanges()
    if given is None:
        return _ask(f"Exchange ({', '.join(names)})", "--exchange", None, lambda name: _known(name, names, "exchange"))
    return _known(given, names, "exchange")


def _known(name: str, names: Collection[str], what: str) -> str:
    if name not in names:
        near = suggest(name, names)
        listed = f" known: {', '.join(names)}" if near.endswith("?") else ""
        raise RequestError(f"there is no {what} {name!r}; {near}{listed}")
    return name


def _exchanges() -> list[str]:
    """The names of the exchanges that the live plugin has protocols of. Raises ConfigError if it is not there."""
    from wealthsources.config.schema import options_schema  # noqa: PLC0415 - pydantic
    from wealthsources.loading.loader import Loader  # noqa: PLC0415 - pluggy

    protocol = options_schema(Loader().load("websocket").options_model)["properties"]["protocol"]
    return next(each["enum"] for each in protocol.get("anyOf", [protocol]) if "enum" in each)


def _market(exchange: str, given: str | None) -> Any:
    """What is told of a market of the exchange: by default of its first one."""
    markets: dict[str, Any] = {}
    for entry in importlib.metadata.entry_points(group=_MARKETS):
        try:
            markets |= {facts.market: facts for facts in entry.load()(exchange)}
        except KeyError:
            continue
        except (ImportError, ValueError) as error:
            raise ConfigError(f"{exchange}: {error}") from error
    default = next(name for name, facts in markets.items() if facts.is_default)
    if given is None and len(markets) > 1 and sys.stdin.isatty() and sys.stderr.isatty():
        shown = f"Market ({', '.join(markets)})"
        given = _ask(shown, "--market", default, lambda name: _known(name, markets, f"market of {exchange}"))
    facts = markets[_known(given or default, markets, f"market of {exchange}")]
    if "contract_sizes" in facts.wants:
        raise RequestError(
            f"{exchange} {facts.market} states volume in contracts, and only you know how much of the base is in one: "
            "write contract_sizes into a configuration like those of examples/exchanges"
        )
    return facts


def _symbols(given: str | None) -> Sequence[str]:
    def check(answer: str) -> Sequence[str]:
        if not (symbols := split(answer)):
            raise RequestError("no symbol is given; name one or more, as in BTCUSDT,ETHUSDT")
        return symbols

    if given is None:
        given = _ask("Symbols, as in BTCUSDT,ETHUSDT", "--symbols", None, check)
    return check(given)


def _timeframes(given: str | None, facts: Any) -> Sequence[str]:
    def check(answer: str) -> Sequence[str]:
        names = split(answer)
        for name in names:
            _known(name, facts.timeframes, "timeframe")
        if not names:
            raise RequestError("no timeframe is given; name one or more, as in 1m,1h")
        return names

    usual = [name for name in _USUAL if name in facts.timeframes] or [facts.timeframes[0]]
    if given is None and sys.stdin.isatty() and sys.stderr.isatty():
        shown = f"Timeframes ({', '.join(facts.timeframes)})"
        given = _ask(shown, "--timeframes", ",".join(usual), check)
    return usual if given is None else check(given)


def _history(given: bool | None, exchange: Exchange, facts: Any) -> bool:
    if given is None:
        return exchange.may_have_history and facts.history_bars != 0 and history_is_installed()
    return given


# what is written -------------------------------------------------------------------------------------------------


def _checked(wanted: FirstConfig, path: Path, *, insists: bool) -> FirstConfig:
    """The same, without a history that cannot be had. Raises ConfigError for what cannot be."""
    from wealthsources.cli.inspection import examine  # noqa: PLC0415 - pydantic and more
    from wealthsources.config.settings import parse_config  # noqa: PLC0415

    environ: Mapping[str, str] = os.environ | {name: f"{name}_{name}" for name in wanted.variables}
    sources = examine(parse_config(wanted.text(), path, environ=environ))
    for source in sources:
        if source.mistakes and not source.settings.optional:
            raise ConfigError("\n".join(map(_sentence, source.mistakes)))
        if source.mistakes and insists:
            say_note(f"until this is mended there are live bars only: {_sentence(source.mistakes[0])}")
        elif source.mistakes:
            say_note(f"live bars only: {_sentence(source.mistakes[0])}")
            return dataclasses.replace(wanted, history=False)
    return wanted


def _sentence(mistake: str) -> str:
    """Without the line of a file that is not written yet."""
    return of_the_command_line(re.sub(r"^\S*:\d+:\d+: ", "", mistake.splitlines()[0]))


def _write(wanted: FirstConfig, path: Path) -> None:
    from wealthsources.cli.commands.schema import whole_schema, write  # noqa: PLC0415 - pydantic

    write(path, wanted.text())
    beside = path.parent / SCHEMA
    if not beside.exists():
        write(beside, json.dumps(whole_schema(), indent=1, ensure_ascii=False) + "\n")
    typer.echo(f"wrote {path}, and {beside} for your editor")
    if wanted.variables:
        typer.echo(f"set {' and '.join(wanted.variables)} in the environment: {wanted.exchange} wants them")
    config = "" if path == Path("config.yaml") else f" --config {path}"
    typer.echo(f"next: wealthsources{config} check, then wealthsources{config} watch")
