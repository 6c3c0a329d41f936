"""`wealthsources explain`: how an answer comes about."""

from __future__ import annotations

import typer

from wealthsources.cli.commands.get import Count, IncludeNow, Symbol, TimeframeName, Wait
from wealthsources.cli.options import FAILED, ConfigOption, DebugOption, running
from wealthsources.model.text import printable


def explain(
    ctx: typer.Context,
    symbol: Symbol,
    timeframe: TimeframeName,
    count: Count = 20,
    wait: Wait = 10,
    include_now: IncludeNow = False,
    config: ConfigOption = None,
    debug: DebugOption = False,
) -> None:
    """Print how the newest bars of a series are come by.

    Shows which source was asked, what came of it, and why. Exits with 1 if there is no answer.
    """
    with running(ctx, config, debug) as run:
        from wealthsources.cli.live_wait import Question, answering, stale_policy  # noqa: PLC0415 - numpy and more

        question = Question(symbol, timeframe, count, wait)
        with answering(run.find_config(), question) as adapter:
            explanation = adapter.explain(
                symbol, count, timeframe, include_now=include_now, on_stale=stale_policy(adapter)
            )
            for line in str(explanation).splitlines():
                typer.echo(printable(line))
        if explanation.error is not None:
            raise typer.Exit(FAILED)
