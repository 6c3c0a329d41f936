"""A pushed source that was fed by hand keeps the contract of a source."""

from __future__ import annotations

import pytest

from wealthsources import Bars, Source
from wealthsources.testing.contract import SourceContract

from ..support.bars import HOUR, T0
from .feed import Feed, Message


class TestPushedSource(SourceContract):
    @pytest.fixture
    def source(self) -> Source:
        feed = Feed()
        feed.push("BTCUSDT", *range(9), closed=True)
        feed.push("BTCUSDT", 9, closed=False)
        return feed.source

    def begin(self, source: Source, clock: object) -> None:
        """The feed has begun it."""

    @pytest.fixture
    def held(self) -> Bars:
        messages = [Message("BTCUSDT", T0 + hour * HOUR) for hour in range(9)]
        times, columns = [one.open_time for one in messages], zip(*(one.values for one in messages), strict=True)
        return Bars.from_columns("BTCUSDT", "1h", times, *columns)
