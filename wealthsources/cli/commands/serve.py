"""`wealthsources serve`: a session that runs by itself, with its recorders, and says over HTTP how it is."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wealthsources.cli.options import ConfigOption, DebugOption, Run, running
from wealthsources.model.addresses import is_loopback
from wealthsources.model.errors import ConfigError, RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.runtime.session import Session

_PORT: Final = 9464
_LOG: Final = logging.getLogger("wealthsources.serve")
_ENDS: Final = (signal.SIGTERM, signal.SIGINT)
_RELOADS: Final = getattr(signal, "SIGHUP", None)  # not everywhere there is one

ListenOption = Annotated[
    str,
    typer.Option("--listen", metavar="HOST:PORT", help="Where the pages are; port 0: a free one."),
]


def serve(
    ctx: typer.Context,
    listen: ListenOption = f"127.0.0.1:{_PORT}",
    config: ConfigOption = None,
    debug: DebugOption = False,
) -> None:
    """Run the sources and recorders of the configuration, until SIGTERM or Ctrl-C.

    Prints the address of its pages: /healthz says that the process lives, /readyz whether every live source is live
    (else 503, and why), /metrics is for Prometheus. What happens is logged on stderr. SIGHUP reads the configuration
    again, and applies another list of subscriptions.
    """
    with running(ctx, config, debug) as run, _signals() as next_signal:
        _serve(run, *read_address(listen), next_signal)


def read_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[HOST]:PORT` or `:PORT`, which is this machine. Raises RequestError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise RequestError(f"--listen {text!r} is no address; give one such as 127.0.0.1:{_PORT}")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


@contextlib.contextmanager
def _signals() -> Iterator[Callable[[], int]]:
    """Waits for the next signal, and says which, instead of what it does by default. None ends what is ending.

    Through a socket: a signal that another thread receives wakes the main thread out of no lock, so out of no queue.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    before_fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    numbers = (*_ENDS, *filter(None, (_RELOADS,)))
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield lambda: reader.recv(1)[0]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before_fd)
        reader.close()
        writer.close()


def _serve(run: Run, host: str, port: int, next_signal: Callable[[], int]) -> None:
    from wealthsources.cli.health_pages import health_pages  # noqa: PLC0415 - for --help nothing is needed
    from wealthsources.cli.http_server import HttpServer  # noqa: PLC0415
    from wealthsources.cli.live_wait import open_session  # noqa: PLC0415
    from wealthsources.cli.log_output import set_up_log  # noqa: PLC0415
    from wealthsources.runtime.paced_log import PacedLogger  # noqa: PLC0415

    session = open_session(run.find_config())
    set_up_log(session.config, serving=True)
    try:
        server = HttpServer(host, port, health_pages(session), PacedLogger(_LOG.name))
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(f"--listen {host}:{port}: {why}; name another address, or end what listens there") from None
    try:
        _warn_beyond_loopback(host)
        with session:
            session.start_live()
            server.start()
            typer.echo(server.url)
            _LOG.info("serving %s: sources %s; %s", server.url, ", ".join(session.sources), _recorders(session))
            _wait(run, session, next_signal)
            server.stop()
    finally:
        server.stop()
    _LOG.info("stopped")


def _recorders(session: Session) -> str:
    names = ", ".join(session.config.settings.recorder)
    return f"recorders {names}" if names else "nobody records"


def _warn_beyond_loopback(host: str) -> None:
    if not is_loopback(f"http://[{host}]" if ":" in host else f"http://{host}"):
        _LOG.warning(
            "listening on %s, beyond this machine: whoever reaches it reads how the sources are, without a password",
            host,
        )


def _wait(run: Run, session: Session, next_signal: Callable[[], int]) -> None:
    """Until a signal ends it."""
    from wealthsources.runtime.reloading import reload_and_tell  # noqa: PLC0415 - as above

    while (number := next_signal()) not in _ENDS:
        if number != _RELOADS:  # another's handler
            continue
        _LOG.info("%s: reading %s again", signal.Signals(number).name, run.config)
        reload_and_tell(session)
    _LOG.info("%s: stopping", signal.Signals(number).name)
