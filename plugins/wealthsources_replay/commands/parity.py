"""`wealthsources parity`: whether a backtest of a strategy sees what it saw live."""

from __future__ import annotations

import contextlib
import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from wealthsources_replay.deployed import ConfigOption, FromOption, ToOption
from wealthsources_replay.ending import FAILED, errors_as_codes, run_strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources import Session
    from wealthsources_replay.comparison import Comparison, Difference
    from wealthsources_replay.options import ReplayOptions
    from wealthsources_replay.sides import Side

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")

_MOST_SHOWN: Final = 20


@app.command(context_settings={"help_option_names": ["--help", "-h"]})
def parity(
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="The folder of one recorded source.")],
    strategy: Annotated[Path, typer.Option(metavar="FILE.py", help="Executed twice, and called for each closed bar.")],
    known: Annotated[
        str, typer.Option(metavar="then|now", help="What the backtest sees of what was corrected or came late.")
    ] = "then",
    start: FromOption = None,
    end: ToOption = None,
    config: ConfigOption = None,
) -> None:
    """Compare what a strategy is answered live and in a backtest.

    It runs twice side by side: over the recorded feed, every frame of which goes the way that it went live, and over
    the store that was recorded to beside it, as a backtest. Both are called for the same bars at the same times, when
    what belongs to that time has come, and every answer is compared with the other, to the last digit. With
    `--known now` the backtest sees later corrections too, and what differs is what they changed.

    Each difference is a line, up to 20. The last line, on stderr, counts.

    Exit code: 0 if all answers were the same, 1 if not or if the strategy failed, 2 if it cannot be compared.
    """
    with errors_as_codes():
        from wealthsources_replay.options import ReplayOptions  # noqa: PLC0415 - not for --help

        if known not in ("then", "now"):
            raise typer.BadParameter("say then, or now", param_hint="--known")
        options = ReplayOptions.of_command({"recording": str(recording.absolute()), "from": start, "to": end})
        same = _compare(config, options, strategy, known)
    if not same:
        raise typer.Exit(FAILED)


def _compare(config: Path | None, options: ReplayOptions, file: Path, known: str) -> bool:
    from wealthsources_replay.comparison import Comparison  # noqa: PLC0415 - not for --help
    from wealthsources_replay.reader import Recording  # noqa: PLC0415
    from wealthsources_replay.sides import Side, open_sides  # noqa: PLC0415
    from wealthsources_replay.strategy import Strategy  # noqa: PLC0415

    # What is wrong with it is told here: a session would name a configuration that nobody wrote.
    Recording(Path(str(options.recording))).stretch(options.start, options.end)
    ahead, live, backtest = open_sides(config, options, known)
    comparison, shown = Comparison(), 0
    with _quietly(), ahead, live, backtest:
        sides = Side(live, Strategy(file), "live"), Side(backtest, Strategy(file), "backtest")
        for side in sides:
            run_strategy(side.strategy.load)
            side.strategy.check()
        for difference in find_differences(ahead, live, sides, comparison):
            shown += 1
            if shown <= _MOST_SHOWN:
                typer.echo(str(difference))
    _sum_up(comparison, shown)
    return not shown


def find_differences(
    ahead: Session, live: Session, sides: tuple[Side, Side], comparison: Comparison
) -> Iterator[Difference]:
    """Runs both sides, over the replay of `live`, and yields what differs. The replay of `ahead` is used up too."""
    from wealthsources_replay.moments import moments  # noqa: PLC0415 - not for --help
    from wealthsources_replay.progress import progress  # noqa: PLC0415

    scout, played = _start(ahead), _start(live)
    began = False
    with progress(played) as look:
        for moment in moments(ahead, scout):
            while played.played < moment.played:
                played.step()
                look()
            if played.recorded_clock != "feed":
                played.step(moment.now)  # time passes
            if not began:
                began = True
                for side in sides:
                    run_strategy(side.initialize)
            for bar in moment.bars:
                yield from _call(moment.now, bar, sides, comparison)


def _call(now: int, bar: Any, sides: tuple[Side, Side], comparison: Comparison) -> Iterator[Difference]:
    live, backtest = [side.call(now, bar) for side in sides]
    failure = live.failure or backtest.failure
    if failure is not None:  # what a store that cannot be read would have answered, nobody knows
        raise failure
    both = live.was_called and backtest.was_called
    answers = [call.answers if both else call.answers[:1] for call in (live, backtest)]
    found = [*comparison.compare(now, *answers)]
    yield from found
    # What it raises because it was answered otherwise is told by the answer.
    error = live.raised or (None if found else backtest.raised)
    if error is not None:
        traceback.print_exception(error)
        raise typer.Exit(FAILED)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """What there is to say of the recording, `wealthsources replay` says; here it would be said three times."""
    logger = logging.getLogger("wealthsources")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _start(session: Session) -> Any:
    session.start_live()
    (source,) = [each for each in session.sources.values() if each is not None and each.capabilities.live]
    return source


def _sum_up(comparison: Comparison, shown: int) -> None:
    if shown > _MOST_SHOWN:
        typer.echo(f"… and {shown - _MOST_SHOWN} more")
    notes = [
        f"{count:,} {what}"
        for count, what in (
            (comparison.unasked, "asked by one side only"),
            (comparison.forming, "with a forming bar live, which a store does not have"),
            (comparison.stale, "refused live because newer bars were missing"),
        )
        if count
    ]
    typer.echo(
        "; ".join([f"{comparison.answers:,} answers compared, {comparison.different:,} different", *notes]), err=True
    )
