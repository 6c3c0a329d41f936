"""`wealthsources check-source`: the contract of a source, without writing a test."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from wealthsources.cli.console import say_note
from wealthsources.cli.options import FAILED, DebugOption, running
from wealthsources.model.errors import RequestError
from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.model.timeframe import Timeframe
    from wealthsources.source import Source
    from wealthsources.testing.running import Outcome

Target = Annotated[
    str,
    typer.Argument(
        metavar="MODULE:CLASS",
        help="A subclass of Source, such as acme.plugin:AcmeSource; or the name of an installed plugin.",
        show_default=False,
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--options",
        metavar="FILE.yaml|KEY=VALUE",
        help="What stands under its options in config.yaml. May be given several times.",
        show_default=False,
    ),
]
SymbolOption = Annotated[
    str | None, typer.Option("--symbol", help="A series that it has. Default: what it says.", show_default=False)
]
TimeframeOption = Annotated[
    str | None, typer.Option("--timeframe", help="A series that it has. Default: what it says.", show_default=False)
]
WaitOption = Annotated[float, typer.Option("--wait", metavar="SECONDS", help="How long it may take to have bars.")]
AsJson = Annotated[bool, typer.Option("--json", show_default=False, help="One JSON object a line, for each case.")]


def check_source(
    ctx: typer.Context,
    target: Target,
    options: Options = None,
    symbol: SymbolOption = None,
    timeframe: TimeframeOption = None,
    wait: WaitOption = 10.0,
    as_json: AsJson = False,
    debug: DebugOption = False,
) -> None:
    """Run the contract of a source: a line for each rule. Needs pytest.

    What it has is what it answers itself, asked for everything: bars that it leaves out are not missed.
    A test with SourceContract says what it has. Exits with 1 if it breaks a rule.
    """
    with running(ctx, None, debug):
        _need_pytest()
        from wealthsources.cli.source_target import source_maker  # noqa: PLC0415 - pydantic and more
        from wealthsources.testing.checking import check_source as check, find_held  # noqa: PLC0415 - pytest

        make = source_maker(target, options or ())
        held = find_held(make, *_series(make, symbol, timeframe), time.time_ns() // 1_000_000, wait)
        say_note(f"held are the {len(held)} bars that it answers itself: {held}")
        results = []
        for outcome in check(make, held, wait):
            typer.echo(json.dumps(outcome._asdict()) if as_json else _line(outcome))
            results.append(outcome.result)
        counts = ", ".join(f"{results.count(result)} {result}" for result in ("ok", "skipped", "failed"))
        if not as_json:
            typer.echo(counts)
        if "failed" in results:
            raise typer.Exit(FAILED)


def _need_pytest() -> None:
    try:
        import pytest  # noqa: F401, PLC0415 - whether it is there
    except ModuleNotFoundError:
        raise RequestError("check-source runs its cases with pytest, which is missing: pip install pytest") from None


def _series(make: Callable[[], Source], symbol: str | None, name: str | None) -> tuple[str, Timeframe]:
    """The series that was named, else the first that the source says it has. Raises RequestError if it does not say."""
    from wealthsources.model.timeframe import Timeframe  # noqa: PLC0415 - numpy

    source = make()
    symbols = [symbol] if symbol else sorted(source.get_all_symbols())
    names = [name] if name else list(source.capabilities.timeframes or ())
    source.stop()
    missing = [option for option, said in (("--symbol", symbols), ("--timeframe", names)) if not said]
    if missing:
        raise RequestError(
            f"the source does not say what it has: name a series that it has with {' and '.join(missing)}"
        )
    return symbols[0], Timeframe(names[0])


def _line(outcome: Outcome) -> str:
    said = outcome.said.removeprefix(f"{outcome.number}: ")
    word = outcome.result.upper() if outcome.result == "failed" else outcome.result
    return f"{outcome.number}  {word:<7}  {outcome.title}{': ' if said else ''}{one_line(said)}"
