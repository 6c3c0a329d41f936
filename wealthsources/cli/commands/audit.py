"""`wealthsources audit`: what is wrong with the bars that the sources have."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Final

import typer

from wealthsources.cli.commands.get import Wait
from wealthsources.cli.options import FAILED, ConfigOption, DebugOption, running
from wealthsources.cli.series_arguments import (
    EndpointOption,
    Environment,
    EnvironmentOption,
    MarketOption,
    Words,
    read_series,
)
from wealthsources.cli.span_options import ToOption, read_span

#: Live sources may have their time to hold so many bars, which is enough to tell whether they are those of others.
_LIVE_BARS: Final = 20

AuditFrom = Annotated[str, typer.Option("--from", metavar="TIME", help="Bars that open then or later; UTC.")]


class Format(StrEnum):
    """How findings are printed."""

    TABLE = "table"
    JSON = "json"


def audit(
    ctx: typer.Context,
    words: Words,
    since: AuditFrom,
    until: ToOption = None,
    output: Annotated[
        Format, typer.Option("--format", help="A table lists the worst; JSON has more, and times in ms.")
    ] = Format.TABLE,
    wait: Wait = 10,
    market: MarketOption = None,
    environment: EnvironmentOption = Environment.LIVE,
    endpoint: EndpointOption = None,
    config: ConfigOption = None,
    debug: DebugOption = False,
) -> None:
    """Look for what is wrong with the bars of a series.

    Each source is asked by itself: for holes, rows that are twice, off the grid or no bars, and for bars that another
    source has with other values or one window off. Exits with 1 if anything is found.
    """
    with running(ctx, config, debug) as run:
        from wealthsources.cli import audit_output  # noqa: PLC0415 - numpy and more
        from wealthsources.cli.live_wait import answering, read_question  # noqa: PLC0415
        from wealthsources.model.timeframe import Timeframe  # noqa: PLC0415
        from wealthsources.runtime import auditing  # noqa: PLC0415

        start, end = read_span(since, until)
        assert start is not None  # noqa: S101 - `--from` must be given, and typer has seen to it
        wanted = read_series("audit", words, market, environment, endpoint)
        found, question = read_question(run, wanted, _LIVE_BARS, wait)
        with answering(found, question) as adapter:
            report = auditing.audit(adapter, question.symbol, Timeframe(question.timeframe), start, end)
        print_report = audit_output.print_as_json if output is Format.JSON else audit_output.print_as_table
        print_report(report)
        sys.stdout.flush()
        if report.findings:
            raise typer.Exit(FAILED)
