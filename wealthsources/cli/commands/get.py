"""`wealthsources get`: the bars themselves."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from wealthsources.cli.console import say_note
from wealthsources.cli.options import ConfigOption, DebugOption, running
from wealthsources.cli.series_arguments import (
    EndpointOption,
    Environment,
    EnvironmentOption,
    MarketOption,
    Words,
    read_series,
)

if TYPE_CHECKING:
    from wealthsources.model.bars import Bars
    from wealthsources.runtime.adapter import ContextDataAdapter

Count = Annotated[int, typer.Option("--count", metavar="N", help="How many bars, the newest ones.")]
Wait = Annotated[
    float,
    typer.Option(
        "--wait", metavar="SECONDS", help="The time that live sources have to be live and to hold so many bars."
    ),
]
IncludeNow = Annotated[
    bool, typer.Option("--include-now", help="Let the bar that is still forming be the last one.", show_default=False)
]


class Format(StrEnum):
    """How bars are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def get(
    ctx: typer.Context,
    words: Words,
    count: Count = 20,
    wait: Wait = 10,
    output: Annotated[
        Format, typer.Option("--format", help="CSV and JSON hold the exact text of each value, and times in ms.")
    ] = Format.TABLE,
    include_now: IncludeNow = False,
    market: MarketOption = None,
    environment: EnvironmentOption = Environment.LIVE,
    endpoint: EndpointOption = None,
    config: ConfigOption = None,
    debug: DebugOption = False,
) -> None:
    """Print the newest bars of a series.

    They are closed bars, from the first source that has each. What is missing is said on stderr.

    With an exchange no configuration is needed: its live bars are asked for, then its history.
    """
    with running(ctx, config, debug) as run:
        from wealthsources.cli.live_wait import answering, read_question, stale_policy  # noqa: PLC0415 - numpy and more

        wanted = read_series("get", words, market, environment, endpoint)
        found, question = read_question(run, wanted, count, wait)
        with answering(found, question) as adapter:
            bars = adapter.get_history(
                question.symbol, count, question.timeframe, include_now=include_now, on_stale=stale_policy(adapter)
            )
            _print(bars, output, count)
            _note_silence(adapter, bars)


def _print(bars: Bars, form: Format, count: int) -> None:
    from wealthsources.cli import output  # noqa: PLC0415 - numpy

    printers = {
        Format.TABLE: output.print_as_table,
        Format.CSV: output.print_as_csv,
        Format.JSON: output.print_as_json,
    }
    printers[form](bars, count)
    sys.stdout.flush()
    for note in output.notes(bars, count):
        say_note(note)


def _note_silence(adapter: ContextDataAdapter, bars: Bars) -> None:
    """By the feed's clock nothing is ever behind while the feed is silent; so that is said."""
    session = adapter.session
    idle = session.stale_for(bars.symbol, bars.timeframe) if session.clock.name == "feed" else None
    if idle and idle * 1000 > session.policy.late_after:
        say_note(f"stale: no live stream for {idle:.0f} s, so time stands still")
