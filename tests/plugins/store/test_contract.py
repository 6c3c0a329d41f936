"""A store keeps the contract of a source."""

from __future__ import annotations

import contextlib
import pathlib

import pytest

from wealthsources import Bars, Source
from wealthsources.testing.contract import SourceContract
from wealthsources_store.options import StoreOptions
from wealthsources_store.source import StoreSource

from ...support.bars import recorded


class TestStoreSource(SourceContract):
    @pytest.fixture
    def source(self, tmp_path, held) -> Source:
        source = StoreSource(StoreOptions(url=f"sqlite:///{tmp_path}/bars.db"))
        source.keep(held.named(held.symbol, "live"), int(held.ends[-1]))
        return source

    @pytest.fixture
    def held(self) -> Bars:
        return recorded(9).replace(symbol="BTCUSDT")

    @pytest.fixture
    def failing(self, tmp_path):
        @contextlib.contextmanager
        def failing():
            for file in pathlib.Path(tmp_path).glob("bars.db*"):
                file.write_bytes(b"no database " * 1_000)
            yield

        return failing
