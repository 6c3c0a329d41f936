"""`wealthsources status`: how the sources are."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wealthsources.cli.options import FAILED, ConfigOption, DebugOption, running
from wealthsources.cli.wait_option import check_wait, progress
from wealthsources.model.errors import ConfigError, RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.runtime.session import Session
    from wealthsources.runtime.session_status import SessionStatus

#: A source that is in one of these will not be connected soon; one that tries again may be, at another endpoint.
_FINAL: Final = ("auth_failed", "broken", "failing")
_LOOK_EVERY: Final = 0.05

StatusWait = Annotated[
    float, typer.Option("--wait", metavar="SECONDS", help="The time that live sources have to be connected.")
]
AsJson = Annotated[bool, typer.Option("--json", show_default=False, help="Print all there is to know, as JSON.")]
AsMetrics = Annotated[
    bool, typer.Option("--prometheus", show_default=False, help="Print the metrics in the text format of Prometheus.")
]


def status(
    ctx: typer.Context,
    wait: StatusWait = 5,
    as_json: AsJson = False,
    prometheus: AsMetrics = False,
    config: ConfigOption = None,
    debug: DebugOption = False,
) -> None:
    """Connect, and print how the sources are.

    Starts the live sources and waits until each is connected, or turned down. Exits with 1 if one is not connected.
    """
    with running(ctx, config, debug) as run:
        from wealthsources.cli.live_wait import open_session  # noqa: PLC0415 - for --help nothing is needed

        if as_json and prometheus:
            raise RequestError("give either --json or --prometheus, not both")
        check_wait(wait)
        show = _as_metrics() if prometheus else _as_json if as_json else _as_tables
        with open_session(run.find_config()) as session:
            live = [name for name, source in session.sources.items() if source and source.capabilities.live]
            with progress(wait) as tell:
                found, missing = _wait(session, live, wait, tell)
            show(session, found)
        if missing:
            raise typer.Exit(FAILED)


def _wait(
    session: Session, live: list[str], seconds: float, tell: Callable[[str], None]
) -> tuple[SessionStatus, list[str]]:
    """The status when no more live sources will be connected or the time is over, and those that are not."""
    from wealthsources.runtime.deployment import UP  # noqa: PLC0415 - numpy and more

    deadline = time.monotonic() + seconds
    session.start_live()
    while True:
        status = session.status()
        missing = {name: status.sources[name].state for name in live if status.sources[name].state not in UP}
        left = deadline - time.monotonic()
        if left <= 0 or all(state in _FINAL for state in missing.values()):
            return status, list(missing)
        tell(", ".join(f"{name}: {state}" for name, state in missing.items()))
        time.sleep(min(left, _LOOK_EVERY))


def _as_tables(_session: Session, status: SessionStatus) -> None:
    from wealthsources.cli.status_tables import print_status  # noqa: PLC0415 - numpy

    print_status(status)


def _as_json(_session: Session, status: SessionStatus) -> None:
    typer.echo(json.dumps(status.as_dict(), indent=2))


def _as_metrics() -> Callable[[Session, SessionStatus], None]:
    """Found before anything is connected. Raises ConfigError if the extra is missing."""
    try:
        from wealthsources.metrics import metrics_text  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(str(error)) from error
    return lambda session, _: typer.echo(metrics_text(session), nl=False)
