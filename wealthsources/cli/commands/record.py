"""`wealthsources record`: live bars written down as they come."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wealthsources.cli.options import FAILED, ConfigOption, DebugOption, running
from wealthsources.model.errors import ConfigError
from wealthsources.model.text import one_line
from wealthsources.runtime.signals import ended_by_signals

if TYPE_CHECKING:
    from wealthsources.runtime.session import Session
    from wealthsources.runtime.session_status import SessionStatus

_LOOK_EVERY: Final = 0.5


def record(
    ctx: typer.Context,
    seconds: Annotated[float | None, typer.Option("--for", metavar="SECONDS", min=0, help="End after so long.")] = None,
    config: ConfigOption = None,
    debug: DebugOption = False,
) -> None:
    """Record what the live sources of the configuration bring, until Ctrl-C.

    Who records what stands under `recorder:` in the configuration. A strategy's session records too, by itself.
    Exits with 1 if a recorder was in trouble at the end.
    """
    with running(ctx, config, debug) as run:
        from wealthsources.cli.live_wait import open_session  # noqa: PLC0415 - for --help nothing is needed

        session = open_session(run.find_config())
        if not session.config.settings.recorder:
            raise ConfigError(
                f"{run.config}: nobody records; say who does, as in `recorder: {{store: {{}}}}` beside a source "
                "with `plugin: store`"
            )
        with session, ended_by_signals():
            try:
                _record(session, seconds)
            except KeyboardInterrupt:
                typer.echo()
        status = session.status()
        for line in _lines(status):
            typer.echo(line)
        if any(recorder.state != "ready" for recorder in status.recorders.values()):
            raise typer.Exit(FAILED)


def _record(session: Session, seconds: float | None) -> None:
    from wealthsources.cli.console import console  # noqa: PLC0415 - rich only when it is shown

    session.start_live()
    names = ", ".join(session.status().recorders)
    typer.echo(f"recording ({names}); Ctrl-C ends it")
    deadline = None if seconds is None else time.monotonic() + seconds
    with console(sys.stdout).status("") as shown:
        while deadline is None or time.monotonic() < deadline:
            shown.update(" · ".join(_lines(session.status())))
            left = _LOOK_EVERY if deadline is None else deadline - time.monotonic()
            time.sleep(max(0.0, min(_LOOK_EVERY, left)))


def _lines(status: SessionStatus) -> list[str]:
    """How each recorder is, in one line."""
    return [
        one_line(
            f"{name}: {recorder.summary()}"
            + "".join(f", {what} {times:,}" for what, times in sorted(recorder.counters.items()) if times)
        )
        for name, recorder in status.recorders.items()
    ]
