"""What the tests of rows E share: messages that are said in an odd way, and what must come of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from wealthsources import Timeframe
from wealthsources_simulator import PlayedBar

from ..support.waiting import wait_until
from .case import SERIES, TOKEN, Case, Message, facts
from .sending import Script, stayed

HOUR = 3_600_000
#: 2020-09-01, on the grid of every timeframe but the week.
SEPTEMBER = 1_598_918_400_000
FLOOD = 1000  # unusable messages in a row that end a connection


def says(message: Message, field: str, literal: str) -> str:
    """A message with this piece of JSON, right or wrong, as the value of a field."""
    return json.dumps(message | {field: "?"}).replace('"?"', literal)


def says_again(message: Message, field: str, literal: str) -> str:
    """A message that says a field twice, the second time so."""
    return f'{json.dumps(message)[:-1]}, "{field}": {literal}}}'


def flat(symbol: str, timeframe: str, texts: Iterable[str], start: int = SEPTEMBER) -> list[PlayedBar]:
    """Bars whose five values all are one text, from `start` on."""
    frame, bars = Timeframe(timeframe), []
    for text in texts:
        bars.append(PlayedBar(start, frame.end(start), *[text] * 5))
        start = frame.end(start)
    return bars


def is_ignored(case: Case, entry: str | Script, counter: str, **options: Any) -> None:
    """Such a message is counted once, is no part of any bar, and the connection stays."""
    case.play(3)
    case.serve(entry)
    case.open(**options)
    case.counted(counter)
    case.until(lambda: len(case.held()) == 2)
    assert facts(case.held()) == facts(case.market.all(SERIES)[-2:])
    assert case.counter(counter) == 1
    assert case.live.cache.get_cached_symbols() == [SERIES]
    stayed(case)


def logged(caplog: pytest.LogCaptureFixture, start: str, count: int = 1) -> list[str]:
    """The `count` lines of the log that begin so, without that. What is counted is logged a moment later."""

    def lines() -> list[str]:
        messages = [record.getMessage() for record in tuple(caplog.records)]
        return [message.removeprefix(start) for message in messages if message.startswith(start)]

    wait_until(lambda: len(lines()) >= count, what=f"line {count} of {start!r}")
    assert len(lines()) == count
    return lines()


def parts_of_the_token() -> list[str]:
    """All that would give a good part of the token away."""
    return [TOKEN[at : at + 8] for at in range(len(TOKEN) - 7)]
