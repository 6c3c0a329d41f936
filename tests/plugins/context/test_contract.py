"""The context source, through the view of a context, keeps the contract of a source."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wealthsources import Bars, Source
from wealthsources.testing.contract import SourceContract
from wealthsources_context.source import ContextSource

from ...support.bars import at, recorded
from .contexts import context, hours


class TestListsOfAContext(SourceContract):
    @pytest.fixture
    def source(self) -> Source:
        return ContextSource()

    @pytest.fixture
    def held(self) -> Bars:
        return recorded(9)

    def context(self) -> object:
        return context(hours(9), now_ms=at(9))


class TestHistoryOfAContext(TestListsOfAContext):
    def context(self) -> object:
        bars = hours(9)["bars"]
        return SimpleNamespace(history=lambda symbol, n, _: bars[-n:] if symbol == "BTCUSDT" else [], now_ms=at(9))
