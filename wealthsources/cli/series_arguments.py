"""What commands take that ask for series: `[EXCHANGE] SYMBOL TIMEFRAME`, and what there is to say of the exchange."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from wealthsources.cli.console import say_note
from wealthsources.cli.exchange_config import Exchange, exchange_config, history_is_installed, why_no_history
from wealthsources.model.errors import RequestError

if TYPE_CHECKING:
    from pathlib import Path

    from wealthsources.cli.options import Run
    from wealthsources.config.settings import Config


class Environment(StrEnum):
    """Which of an exchange's places: the real one, or one to try things."""

    LIVE = "live"
    TEST = "test"


Words = Annotated[
    list[str],
    typer.Argument(
        metavar="[EXCHANGE] SYMBOL TIMEFRAME",
        help="Such as BTCUSDT 1h, or binance BTCUSDT 1m. With an exchange no configuration is read.",
        show_default=False,
    ),
]
MarketOption = Annotated[
    str | None,
    typer.Option(
        "--market", metavar="WORD", help="Of the exchange, in its own word, such as spot.", show_default=False
    ),
]
EnvironmentOption = Annotated[
    Environment, typer.Option("--environment", help="Of the exchange: test is a place to try.")
]
EndpointOption = Annotated[
    str | None,
    typer.Option("--endpoint", metavar="URL", help="Another server that speaks as the exchange.", show_default=False),
]


class Wanted(NamedTuple):
    """Which series, as they were written, and where from: an exchange, or None for the configuration."""

    exchange: Exchange | None
    symbols: str
    timeframes: str


def read_series(
    command: str, words: list[str], market: str | None, environment: Environment, endpoint: str | None
) -> Wanted:
    """What the words of a command line mean. Raises RequestError that says how they are to be."""
    if len(words) not in (2, 3):
        raise RequestError(
            f"{command} takes a symbol and a timeframe, and before them an exchange where there is no configuration: "
            f"`wealthsources {command} BTCUSDT 1h`, or `wealthsources {command} binance BTCUSDT 1m`; "
            f"received {' '.join(words)!r}"
        )
    return _read(words, market, environment, endpoint)


def read_several(words: list[str] | None, market: str | None, environment: Environment, endpoint: str | None) -> Wanted:
    """The same of several series, or of none: all of the configuration. Raises RequestError."""
    if words and len(words) not in (2, 3):
        raise RequestError(
            "watch takes symbols and timeframes, and before them an exchange where there is no configuration: "
            "`wealthsources watch BTCUSDT 1h`, or `wealthsources watch binance BTCUSDT,ETHUSDT 1m`; "
            f"received {' '.join(words)!r}"
        )
    return _read(words or ["", ""], market, environment, endpoint)


def _read(words: list[str], market: str | None, environment: Environment, endpoint: str | None) -> Wanted:
    *before, symbols, timeframes = words
    if before:
        return Wanted(Exchange(before[0], market, environment.value, endpoint), symbols, timeframes)
    options = {"--market": market, "--endpoint": endpoint, "--environment": environment is not Environment.LIVE}
    if given := [name for name, value in options.items() if value]:
        raise RequestError(
            f"{' and '.join(given)} is said of an exchange; name it first, as in `binance BTCUSDT 1m`, "
            "or say it in the configuration"
        )
    return Wanted(None, symbols, timeframes)


def split(words: str) -> tuple[str, ...]:
    """A comma list, each once."""
    return tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))


def find_config(run: Run, wanted: Wanted) -> tuple[Path | Config, bool]:
    """The configuration that answers, and whether a history of the exchange stands behind its live source.

    Raises ConfigError, and RequestError if both an exchange and a configuration are named.
    """
    exchange = wanted.exchange
    if exchange is None:
        return run.find_config(), False
    if run.named:
        raise RequestError("give an exchange, or a configuration with --config, not both")
    history = exchange.may_have_history and history_is_installed()
    symbols, timeframes = split(wanted.symbols), split(wanted.timeframes)
    made = exchange_config(exchange, symbols, timeframes, history=history)
    if history and (why := why_no_history(made)):
        say_note(f"live bars only: {why}")
        return exchange_config(exchange, symbols, timeframes), False
    if exchange.may_have_history and not history:
        say_note("live bars only: pip install 'wealthsources[ccxt]' gives the history of exchanges")
    return made, history
