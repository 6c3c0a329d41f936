"""`wealthsources explain`: how an answer comes about."""

from __future__ import annotations

import typer

from wealthsources.cli.commands.get import Count, IncludeNow, Wait
from wealthsources.cli.options import FAILED, ConfigOption, DebugOption, running
from wealthsources.cli.series_arguments import (
    EndpointOption,
    Environment,
    EnvironmentOption,
    MarketOption,
    Words,
    read_series,
)
from wealthsources.model.text import printable


def explain(
    ctx: typer.Context,
    words: Words,
    count: Count = 20,
    wait: Wait = 10,
    include_now: IncludeNow = False,
    market: MarketOption = None,
    environment: EnvironmentOption = Environment.LIVE,
    endpoint: EndpointOption = None,
    config: ConfigOption = None,
    debug: DebugOption = False,
) -> None:
    """Print how the newest bars of a series are come by.

    Shows which source was asked, what came of it, and why. Exits with 1 if there is no answer.
    """
    with running(ctx, config, debug) as run:
        from wealthsources.cli.live_wait import answering, read_question, stale_policy  # noqa: PLC0415 - numpy and more

        wanted = read_series("explain", words, market, environment, endpoint)
        found, question = read_question(run, wanted, count, wait)
        with answering(found, question) as adapter:
            explanation = adapter.explain(
                question.symbol, count, question.timeframe, include_now=include_now, on_stale=stale_policy(adapter)
            )
            for line in str(explanation).splitlines():
                typer.echo(printable(line))
        if explanation.error is not None:
            raise typer.Exit(FAILED)
