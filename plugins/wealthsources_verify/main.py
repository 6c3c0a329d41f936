"""`wealthsources verify`: the command."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")

FOUND = 1
UNUSABLE = 2
INTERRUPTED = 130


@app.command(context_settings={"help_option_names": ["--help", "-h"]})
def verify(
    strategy: Annotated[Path, typer.Argument(metavar="STRATEGY.py", help="The strategy, which is executed.")],
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATA.csv...",
            help="Its bars, as the file source reads them, .csv.gz too. The first file drives the clock.",
        ),
    ],
    symbol: Annotated[
        str | None, typer.Option(help="Of one data file. By default its folder, as in BTCUSDT/1h.csv.")
    ] = None,
    timeframe: Annotated[str | None, typer.Option(help="Of one data file. By default its name.")] = None,
    warmup: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Bars that are over when the strategy begins. Default: a tenth of the file, 100 at most.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="How many bars to run at most.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, times in ms.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not show what the strategy prints.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of what the strategy raises.")] = False,
) -> None:
    """Say whether a strategy looks ahead, meets repainted bars or crosses holes.

    It is run bar by bar, once with lists in its context that hold the whole file, as careless engines have them, and
    twice with lists that are cut at each bar. An answer or a decision that differs between the first and the others is
    lookahead; one that differs between the others is not repeatable. Decisions are orders, and the values that the
    strategy keeps on the context, in g and in its module. Orders are filled on paper, at the newest close.

    The strategy is your own code and is executed as it is, three times or four; nothing keeps it from doing what it
    likes. What it reads by itself, from files or a network, is not checked. Nothing is written but the report; what
    the strategy prints goes to stderr.

    Exit code: 0 if nothing is found, 1 if something is, 2 if the strategy or the data cannot be used.
    """
    # Heavy, and `--help` needs none of it.
    from wealthsources import WealthSourcesError, one_line  # noqa: PLC0415
    from wealthsources_verify.checking import check, make_inputs  # noqa: PLC0415
    from wealthsources_verify.errors import Unusable  # noqa: PLC0415
    from wealthsources_verify.report import print_as_json, print_as_table  # noqa: PLC0415

    try:
        report = check(make_inputs(strategy, data, symbol, timeframe, warmup, limit), quiet=quiet)
    except (Unusable, WealthSourcesError) as error:
        if debug:
            traceback.print_exception(error)
        typer.echo(f"error: {one_line(error.brief if isinstance(error, WealthSourcesError) else str(error))}", err=True)
        raise typer.Exit(UNUSABLE) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    for raised in report.errors if debug else ():
        traceback.print_exception(raised)
    (print_as_json if as_json else print_as_table)(report, sys.stdout)
    if report.findings:
        raise typer.Exit(FOUND)
