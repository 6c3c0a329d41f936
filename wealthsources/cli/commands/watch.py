"""`wealthsources watch`: live bars as they come."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from wealthsources.cli.options import FAILED, ConfigOption, DebugOption, Run, running
from wealthsources.cli.series_arguments import (
    EndpointOption,
    Environment,
    EnvironmentOption,
    MarketOption,
    find_config,
    read_several,
    split,
)
from wealthsources.model.errors import RequestError
from wealthsources.runtime.signals import ended_by_signals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wealthsources.cli.series_arguments import Wanted
    from wealthsources.cli.watching import Watch

#: Seconds between two looks while nothing happens, and the least between two pictures.
_LOOK_EVERY: Final = 0.25
_PICTURE_EVERY: Final = 0.1
_ONCE_AFTER: Final = 10.0

ManyWords = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[EXCHANGE] SYMBOLS TIMEFRAMES",
        help="Such as binance BTCUSDT,ETHUSDT 1m,5m. With an exchange no configuration is read; without one, those "
        "of the configuration, or all of it if none are named.",
        show_default=False,
    ),
]


def watch(
    ctx: typer.Context,
    words: ManyWords = None,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", min=1, help="End after so many closed bars.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", show_default=False, help="Print one table as soon as each series has a bar.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0, help="End after so long; with --once: 10.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", show_default=False, help="One JSON object a line, for each closed bar and change.")
    ] = False,
    market: MarketOption = None,
    environment: EnvironmentOption = Environment.LIVE,
    endpoint: EndpointOption = None,
    config: ConfigOption = None,
    debug: DebugOption = False,
) -> None:
    """Watch live bars as they come, of an exchange or of the configuration.

    On a terminal, a table that updates in place: the last bar of each series, the age of its last message, how its
    stream is, where the bar came from and how many holes there are; beneath it the connections.
    Into a file or a pipe, a line for each closed bar and each change of a state. Ctrl-C ends it.
    """
    with running(ctx, config, debug) as run:
        wanted = read_several(words, market, environment, endpoint)
        if once and count is not None:
            raise RequestError("give either --once or --count, not both")
        lasting = _ONCE_AFTER if once and seconds is None else seconds
        try:
            with ended_by_signals():
                settled = _watch(run, wanted, _Ending(count, lasting), once=once, as_json=as_json)
        except KeyboardInterrupt:
            return
        if not settled:
            raise typer.Exit(FAILED)


class _Ending:
    """When it is over: after so many closed bars, or so many seconds; None: never."""

    def __init__(self, count: int | None, seconds: float | None) -> None:
        self._count = count
        self._left = count or 0  # bars that are still to be told
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def is_near(self, seen: Watch) -> bool:
        """Whether there is nothing left to wait for."""
        if self._count is not None and seen.closed >= self._count:
            return True
        return self._deadline is not None and time.monotonic() >= self._deadline

    def cut(self, facts: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """What is told: no more bars than are wanted."""
        for each in facts:
            if each["event"] != "bar" or self._count is None:
                yield each
            elif self._left:
                self._left -= 1
                yield each

    def turns(self, seen: Watch) -> Iterator[None]:
        """One turn whenever something happened, and in silence now and then; the last one after the end."""
        while not self.is_near(seen):
            yield
            left = _LOOK_EVERY if self._deadline is None else self._deadline - time.monotonic()
            seen.wait(max(0.0, min(_LOOK_EVERY, left)))
        yield


def _watch(run: Run, wanted: Wanted, ending: _Ending, *, once: bool, as_json: bool) -> bool:
    """Watch until it is over. Returns whether each series had a bar, if one picture was wanted; else True."""
    from wealthsources.cli.live_wait import open_session  # noqa: PLC0415 - numpy and more
    from wealthsources.cli.watching import Watch  # noqa: PLC0415

    found, _ = find_config(run, wanted)
    symbols, timeframes = split(wanted.symbols), split(wanted.timeframes)
    lines = as_json or not (once or sys.stdout.isatty())
    with open_session(found) as session, Watch(session, symbols, timeframes, keeps=lines and not once) as seen:
        if once:
            return _show_once(seen, ending, as_json=as_json)
        if lines:
            _print_lines(seen, ending, as_json=as_json)
        else:
            _show_table(seen, ending)
        return True


def _show_once(seen: Watch, ending: _Ending, *, as_json: bool) -> bool:
    from wealthsources.cli.board import board  # noqa: PLC0415 - numpy
    from wealthsources.cli.console import console  # noqa: PLC0415
    from wealthsources.cli.event_lines import as_json as json_line, facts_of_view  # noqa: PLC0415

    for _ in ending.turns(seen):
        status, views = seen.look()
        if views and all(view.is_settled for view in views):
            break
    if as_json:
        for view in views:
            typer.echo(json_line(facts_of_view(view)))
    else:
        screen = console(sys.stdout)
        screen.print(board(screen, status.now, views, seen.live_sources(status)))
    return all(view.bar is not None for view in views)


def _print_lines(seen: Watch, ending: _Ending, *, as_json: bool) -> None:
    from wealthsources.cli import event_lines  # noqa: PLC0415 - numpy

    states, line_of = event_lines.SeriesStates(), event_lines.writer(json_lines=as_json)
    for _ in ending.turns(seen):
        facts = [event_lines.facts_of(event) for event in seen.happened()]
        facts += [event_lines.facts_of_series(view) for view in states.changes(seen.look()[1])]
        sys.stdout.writelines(f"{line_of(each)}\n" for each in ending.cut(facts))
        sys.stdout.flush()


def _show_table(seen: Watch, ending: _Ending) -> None:
    from rich.live import Live  # noqa: PLC0415 - only where there is a terminal

    from wealthsources.cli.board import board  # noqa: PLC0415 - numpy
    from wealthsources.cli.console import console  # noqa: PLC0415

    screen = console(sys.stdout)
    with Live(console=screen, auto_refresh=False) as live:
        for _ in ending.turns(seen):
            began = time.monotonic()
            status, views = seen.look()
            picture = board(screen, status.now, views, seen.live_sources(status), screen.height - 1)
            live.update(picture, refresh=True)
            # A picture of many series takes its time; most of it is to be left to who receives them.
            time.sleep(max(_PICTURE_EVERY, 4 * (time.monotonic() - began)))
