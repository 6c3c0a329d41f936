"""What a configuration amounts to: its mistakes, and what each of its sources and recorders says of itself."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from wealthsources.cli.doctor.line import Line, error, ok, warning
from wealthsources.cli.doctor.side_by_side import Inquiry, run
from wealthsources.cli.log_output import redactor_of
from wealthsources.config.settings import read_config
from wealthsources.loading.calendars import read_hours
from wealthsources.loading.loader import Loader
from wealthsources.model.diagnosis import Diagnosis
from wealthsources.model.errors import ConfigError
from wealthsources.runtime.deployment import make_source
from wealthsources.runtime.recorders import make_recorder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wealthsources.config.settings import Config

_MEND = "mend it there; `wealthsources check` looks again"
_NONE = "write one, or name it with --config PATH"


def deployment(path: Path, chosen: bool, *, online: bool, seconds: float) -> Iterator[Line]:
    """All of it. `chosen`: somebody named this path; `seconds` are those that each source has."""
    if not chosen and not path.exists():
        yield warning("configuration", f"there is no {path} here", _NONE)
        return
    try:
        config = read_config(path)
        config.read_markets(read_hours)
    except ConfigError as mistakes:
        yield from _mistakes(mistakes)
        return
    settings = config.settings
    names = [source.name for source in settings.sources]
    recorded = f"; recorders: {', '.join(settings.recorder)}" if settings.recorder else ""
    yield ok("configuration", f"{path}: sources: {', '.join(names)}{recorded}")
    inquiries: list[Inquiry] = []
    yield from _make(config, inquiries, online=online)
    redact = redactor_of(config)
    for about, (level, text, remedy) in run(inquiries, seconds):
        yield Line(about, Diagnosis(level, redact(text), redact(remedy)))


def _mistakes(mistakes: ConfigError) -> Iterator[Line]:
    return (error("configuration", text, _MEND) for text in mistakes.brief.splitlines())


def _make(config: Config, inquiries: list[Inquiry], *, online: bool) -> Iterator[Line]:
    """Make all sources and recorders, each with its inquiry; tells what cannot be made."""
    loader = Loader(config.settings.plugins.allow)
    for index, settings in enumerate(config.settings.sources):
        try:
            source = make_source(config, loader, index)
        except ConfigError as mistakes:
            if settings.optional:
                remedy = "it is left out, being optional; mend it to have it"
                yield from (warning(settings.name, text, remedy) for text in mistakes.brief.splitlines())
            else:
                yield from _mistakes(mistakes)
            continue
        yield ok(settings.name, f"plugin {settings.plugin} is loaded, and its options are right")
        inquiries.append(Inquiry(settings.name, functools.partial(source.diagnose, online), source.stop))
    for name in config.settings.recorder:
        try:
            recorder = make_recorder(config, name)
        except ConfigError as mistakes:
            yield from _mistakes(mistakes)
            continue
        # It is not stopped: it was not started, and a stranger's may not bear that.
        inquiries.append(Inquiry(f"recorder {name}", functools.partial(recorder.diagnose, online), _nothing))


def _nothing() -> None:
    """Nothing was opened."""
