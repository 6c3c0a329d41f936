"""The log of a command on stderr: lines for people or for programs, at the levels of the configuration, no secrets."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import sys
from typing import TYPE_CHECKING, Any, Final

from wealthsources.model.text import describe, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.config.settings import Config, LoggingSettings

_OURS: Final = "wealthsources"
_SOURCE: Final = f"{_OURS}.source."


class LogHandler(logging.Handler):
    """Writes to what is stderr at that moment, so that a line of progress gives way.

    levels  the least that is written of single loggers, by name; of all others it is `least`
    redact  takes secrets out of a line
    """

    def __init__(self, *, debug: bool) -> None:
        super().__init__()
        self.debug = debug
        self.least = logging.DEBUG if debug else logging.WARNING
        self.levels: dict[str, int] = {}
        self.redact: Callable[[str], str] = str
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s") if debug else Concise())
        if not debug:
            self.addFilter(_is_no_note)

    def filter(self, record: logging.LogRecord) -> Any:
        """Whether it is written."""
        if record.levelno < self.levels.get(record.name, self.least):
            return False
        return super().filter(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Write it; a log that cannot be written stops nothing."""
        with contextlib.suppress(OSError):
            sys.stderr.write(self.redact(self.format(record)) + "\n")
            sys.stderr.flush()


class Concise(logging.Formatter):
    """`WARNING live: what happened`, on one line whatever was logged."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        name = record.name.removeprefix(f"{_OURS}.").removeprefix("source.")
        return f"{record.levelname} {name}: {one_line(_said(record))}"


class Timed(Concise):
    """The same behind the time, UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return f"{_time(record)} {super().format(record)}"


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, source (if it is one's), message, and the kind of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {"time": _time(record), "level": record.levelname.lower(), "logger": record.name}
        if record.name.startswith(_SOURCE):
            line["source"] = record.name.removeprefix(_SOURCE)
        line["message"] = one_line(_message(record))
        if record.exc_info and record.exc_info[1]:
            line["error"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a format and arguments that do not fit
        return str(record.msg)


def _said(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return _message(record) + (f": {type(error).__name__}: {error}" if error else "")


def _is_no_note(record: logging.LogRecord) -> bool:
    # What an answer lacks is said in the notes that follow it.
    return record.funcName not in ("_warn_of_hole", "note_behind")


@contextlib.contextmanager
def logs_on_stderr(debug: bool) -> Iterator[None]:
    """Warnings as single lines on stderr; with `debug` the whole log, with times and tracebacks."""
    handler = LogHandler(debug=debug)
    # Only our own log in full: those of libraries may hold tokens.
    root, ours = logging.getLogger(), logging.getLogger(_OURS)
    before = ours.level
    root.addHandler(handler)
    ours.setLevel(handler.least)
    try:
        yield
    finally:
        ours.setLevel(before)
        root.removeHandler(handler)


def set_up_log(config: Config, *, serving: bool = False) -> None:
    """Have the log that `logs_on_stderr` writes as the configuration says; --debug says more than that.

    `serving`: nobody waits for an answer, so lines have a time, and what is usual is told too.
    """
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogHandler):
            _set_up(handler, config.settings.logging, serving=serving)
            handler.redact = redactor_of(config)


def _set_up(handler: LogHandler, settings: LoggingSettings, *, serving: bool) -> None:
    if serving:
        handler.removeFilter(_is_no_note)
    if settings.format == "json":
        handler.setFormatter(JsonLines())
    elif serving and not handler.debug:
        handler.setFormatter(Timed())
    if handler.debug:
        return
    if settings.level is not None or serving:
        handler.least = _number(settings.level or "info")
    handler.levels = {f"{_SOURCE}{name}": _number(level) for name, level in settings.sources.items()}
    logging.getLogger(_OURS).setLevel(min([handler.least, *handler.levels.values()]))


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def redactor_of(config: Config) -> Callable[[str], str]:
    """Takes out the secrets of all sources and recorders whose options can be read."""
    from wealthsources.config.secrets import secret_texts  # noqa: PLC0415 - pydantic only where there is a file
    from wealthsources.loading.loader import Loader  # noqa: PLC0415
    from wealthsources.loading.recorders import load_recorder  # noqa: PLC0415
    from wealthsources.model.errors import ConfigError  # noqa: PLC0415
    from wealthsources.model.redact import Redactor  # noqa: PLC0415

    settings = config.settings
    loader, secrets = Loader(settings.plugins.allow), set[str]()
    for index, source in enumerate(settings.sources):
        with contextlib.suppress(ConfigError):  # it has been told, or is left out
            secrets.update(secret_texts(config.options(index, loader.load(source.plugin).options_model)))
    for name in settings.recorder:
        with contextlib.suppress(ConfigError):
            kind = load_recorder(name, settings.plugins.allow)
            secrets.update(secret_texts(config.recorder_options(name, kind.options_model)))
    return Redactor(*sorted(secrets))
