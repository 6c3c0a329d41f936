"""`wealthsources replay`: the command."""

from __future__ import annotations

import functools
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wealthsources_replay.deployed import ConfigOption, FromOption, ToOption
from wealthsources_replay.ending import errors_as_codes, run_strategy

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources_replay.options import ReplayOptions
    from wealthsources_replay.source import ReplaySource
    from wealthsources_replay.strategy import Strategy

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")


@app.command(context_settings={"help_option_names": ["--help", "-h"]})
def replay(
    recording: Annotated[
        Path | None,
        typer.Argument(metavar="RECORDING", help="The folder of one recorded source.", show_default=False),
    ] = None,
    bars: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Play the bars of that source of the configuration.", show_default=False),
    ] = None,
    symbols: Annotated[str, typer.Option(help="With --bars: as in BTCUSDT,ETHUSDT.", show_default=False)] = "",
    timeframes: Annotated[str, typer.Option(help="With --bars: as in 1m,1h.", show_default=False)] = "",
    strategy: Annotated[
        Path | None,
        typer.Option(metavar="FILE.py", help="Called for each closed bar, and executed as it is.", show_default=False),
    ] = None,
    speed: Annotated[
        str, typer.Option(metavar="max|NUMBER", help="So many times as fast as it was recorded; max: as it can be.")
    ] = "max",
    start: FromOption = None,
    end: ToOption = None,
    config: ConfigOption = None,
) -> None:
    """Play a recording again: every frame goes the way that it went live. Or play bars: each comes at its end.

    Prints a line for each closed bar and each change of a state, as `wealthsources watch` does in a pipe. With
    --strategy it prints what the strategy prints: its handle_bar(context, bar) or handle_data(context, data) is called
    for each bar when it is closed, and wealthdata answers as it did at that moment. A bar that is corrected later does
    not come again.

    On a terminal it shows how far it is. The last line, on stderr, counts.

    Exit code: 0 if all was played, 1 if the strategy failed, 2 if the recording cannot be played.
    """
    with errors_as_codes():
        from wealthsources_replay.options import ReplayOptions  # noqa: PLC0415

        given = {"recording": None if recording is None else str(recording.absolute()), "speed": speed}
        given |= {"from": start, "to": end, "bars": bars, "symbols": symbols or None, "timeframes": timeframes or None}
        options = ReplayOptions.of_command(given)
        if options.speed == "step":
            raise typer.BadParameter("say max, or a number", param_hint="--speed")
        _replay(options, strategy, config)


def _replay(options: ReplayOptions, file: Path | None, config: Path | None) -> None:
    from wealthsources_replay.deployed import open_replay  # noqa: PLC0415
    from wealthsources_replay.strategy import Strategy  # noqa: PLC0415

    with open_replay(options, config) as session:
        strategy = None if file is None else Strategy(file)
        if strategy is not None:
            run_strategy(strategy.load)
            strategy.check()
        session.start_live()
        played: Any = session.source("replay")
        _play(played, options, strategy)


def _play(source: ReplaySource, options: ReplayOptions, strategy: Strategy | None) -> None:
    from wealthsources_replay.closings import Closings  # noqa: PLC0415
    from wealthsources_replay.event_text import event_text  # noqa: PLC0415
    from wealthsources_replay.progress import progress  # noqa: PLC0415

    closings, closed = Closings(), 0
    wait = _pace(source, options.speed)
    with progress(source) as look:
        while not source.is_over:
            wait()
            for event in source.step():
                is_new = event.bar is not None and closings.is_new(event.bar)
                if strategy is None:
                    typer.echo(event_text(event))
                elif event.bar is not None and is_new:
                    if not closed:
                        run_strategy(strategy.initialize)
                    run_strategy(functools.partial(strategy.handle, event.bar))
                closed += is_new
            look()
    counters = source.status().counters
    told = f"{closed:,} closed bars, {counters.get('holes', 0):,} holes"
    if "missing" in counters:
        told = f"{source.played:,} records, {closed:,} closed bars; missing in {counters['missing']} places"
    typer.echo(told, err=True)


def _pace(source: ReplaySource, speed: float | str) -> Callable[[], None]:
    """What waits until the next record is due."""
    if not isinstance(speed, float):
        return lambda: None
    began, first = time.monotonic(), source.next_due

    def wait() -> None:
        sys.stdout.flush()
        time.sleep(max(0.0, began + (source.next_due - first) / speed - time.monotonic()))

    return wait
