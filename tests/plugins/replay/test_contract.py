"""A recording that was played to its end keeps the contract of a source; and so do bars."""

from __future__ import annotations

import pytest

from wealthsources import Bars, Source
from wealthsources.runtime.clocks import FeedClock
from wealthsources.testing.contract import SourceContract
from wealthsources.testing.fakes import ListSource, LoneHost
from wealthsources_replay.options import ReplayOptions
from wealthsources_replay.source import ReplaySource

from ...support.bars import at, recorded
from .records import ACK, T0, kline, write


class TestReplaySource(SourceContract):
    @pytest.fixture
    def source(self, tmp_path) -> Source:
        write(tmp_path, ACK, *(kline(minute, closed=True) for minute in range(9)))
        return ReplaySource(ReplayOptions(recording=tmp_path, speed="step"))

    def begin(self, source: Source, clock: object) -> None:
        source.start(LoneHost(FeedClock()))
        while not source.is_over:
            source.step()

    @pytest.fixture
    def held(self) -> Bars:
        values = {"open": "1", "high": "9", "low": "1", "close": "2", "volume": "1"}
        return Bars.from_records("BTCUSDT", "1m", [{"open_time": T0 + n * 60_000, **values} for n in range(9)])


class TestReplayedBars(SourceContract):
    @pytest.fixture
    def source(self) -> Source:
        said = {"bars": "archive", "symbols": ["BTCUSDT"], "timeframes": ["1h"], "from": at(0), "speed": "step"}
        return ReplaySource(ReplayOptions.model_validate(said))

    def begin(self, source: Source, clock: object) -> None:
        host, archive = LoneHost(FeedClock()), ListSource(recorded(9))
        host.history = lambda _, request: archive.get_history(request)  # type: ignore[method-assign]
        source.start(host)
        while not source.is_over:
            source.step()

    @pytest.fixture
    def held(self) -> Bars:
        return recorded(9)
