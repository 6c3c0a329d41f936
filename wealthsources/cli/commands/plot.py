"""`wealthsources plot`: the bars of a series as a picture."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

import typer

from wealthsources.cli.commands.get import IncludeNow, Wait
from wealthsources.cli.console import say_note
from wealthsources.cli.options import ConfigOption, DebugOption, running
from wealthsources.cli.series_arguments import (
    EndpointOption,
    Environment,
    EnvironmentOption,
    MarketOption,
    Words,
    read_series,
)
from wealthsources.cli.span_options import FromOption, ToOption, read_span
from wealthsources.model.errors import ConfigError, RequestError, WealthSourcesError
from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.cli.picture import Picture
    from wealthsources.model.bars import Bars

_USUAL: Final = 500
#: So many take a browser some ten seconds to draw; a few thousand are there at once.
_MOST: Final = 20_000
_REMEDY: Final = "take a shorter span or a longer timeframe"
_PAGES: Final = (".html", ".htm")
_IMAGE: Final = ".png"

Count = Annotated[
    int | None,
    typer.Option("--count", metavar="N", help=f"The newest so many bars. Default: {_USUAL}.", show_default=False),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="FILE",
        help="A page (.html) or an image (.png). Default: SYMBOL-TIMEFRAME.html.",
        show_default=False,
    ),
]


def plot(
    ctx: typer.Context,
    words: Words,
    output: OutputOption = None,
    count: Count = None,
    since: FromOption = None,
    until: ToOption = None,
    include_now: IncludeNow = False,
    wait: Wait = 10,
    market: MarketOption = None,
    environment: EnvironmentOption = Environment.LIVE,
    endpoint: EndpointOption = None,
    config: ConfigOption = None,
    debug: DebugOption = False,
) -> None:
    """Draw the bars of a series, with volume, into one file.

    Holes are marked, and each source has its colour. A page needs no network, and says of a bar or a hole that is
    pointed at what there is to know. Needs the extra `plot`.
    """
    with running(ctx, config, debug) as run:
        from wealthsources.cli.live_wait import answering, read_question, stale_policy  # noqa: PLC0415 - numpy and more

        start, end = read_span(since, until)
        count = _count(count, start)
        wanted = read_series("plot", words, market, environment, endpoint)
        path = _path(output, wanted.symbols, wanted.timeframes)
        drawn_by = _renderer(path)
        found, question = read_question(run, wanted, count or 1, wait)
        with answering(found, question) as adapter:
            bars = adapter.get_history(
                question.symbol,
                count,
                question.timeframe,
                start=start,
                end=end,
                include_now=include_now,
                on_hole="mark",  # whoever looks wants to see what there is
                on_stale=stale_policy(adapter),
            )
        _draw(bars, path, drawn_by, count)


def _count(count: int | None, start: int | None) -> int | None:
    if count is not None and start is not None:
        raise RequestError("give either --count or --from, not both")
    if count is not None and count > _MOST:
        raise RequestError(f"--count is {_MOST:,} at most, was {count:,}: {_REMEDY}")
    return _USUAL if count is None and start is None else count


def _path(output: Path | None, symbol: str, timeframe: str) -> Path:
    """The file to write. Raises RequestError for a name that says neither page nor image."""
    if output is None:
        return Path(f"{quote(symbol, safe='')}-{'1mo' if timeframe == '1M' else timeframe}.html")
    if output.suffix.lower() not in (*_PAGES, _IMAGE):
        raise RequestError(f"--output {output} should end in .html, for a page, or in .png, for an image")
    return output


def _renderer(path: Path) -> Callable[[Picture], bytes]:
    """What draws such a file; found before anything is asked for. Raises ConfigError if the extra is missing."""
    try:
        if path.suffix.lower() == _IMAGE:
            from wealthsources.cli.picture_image import image_of  # noqa: PLC0415 - an extra

            return image_of
        from wealthsources.cli.picture_page import page_of  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(str(error)) from error
    return lambda picture: page_of(picture).encode()


def _draw(bars: Bars, path: Path, drawn_by: Callable[[Picture], bytes], asked: int | None) -> None:
    from wealthsources.cli import output  # noqa: PLC0415 - numpy
    from wealthsources.cli.picture import arrange  # noqa: PLC0415

    if not len(bars):
        raise WealthSourcesError(f"there is no bar of {bars.symbol} {bars.timeframe} of that time, so nothing to draw")
    if len(bars) > _MOST:
        raise RequestError(f"these are {len(bars):,} bars, and a picture has {_MOST:,} at most: {_REMEDY}")
    picture = arrange(bars)
    _write(path, drawn_by(picture))
    counts: Counter[str] = Counter()
    for group in picture.groups():
        counts[group.source] += len(group.numbers)
    shares = ", ".join(f"{number:,} from {name}" for name, number in counts.items())
    typer.echo(f"{one_line(str(path))}: {len(bars):,} bars: {shares}")
    for note in output.notes(bars, len(bars) if asked is None else asked):
        say_note(note)


def _write(path: Path, content: bytes) -> None:
    """The file takes its place when it is whole. Raises RequestError."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        try:
            part.write_bytes(content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise RequestError(f"--output {path}: cannot be written: {error.strerror or error}") from error
