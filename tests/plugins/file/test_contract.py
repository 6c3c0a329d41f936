"""The file source keeps the contract of a source."""

from __future__ import annotations

import contextlib

import pytest

from wealthsources import Bars, Source
from wealthsources.testing.contract import SourceContract

from ...support.bars import recorded
from .files import HEADER, source_of, write


class TestFileSource(SourceContract):
    @pytest.fixture
    def source(self, tmp_path, held) -> Source:
        rows = [f"{bar.open_time},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}\n" for bar in held]
        write(tmp_path / "BTCUSDT" / "1h.csv", "".join([f"{HEADER}\n", *rows]))
        return source_of(tmp_path)

    @pytest.fixture
    def failing(self, tmp_path):
        @contextlib.contextmanager
        def failing():
            write(tmp_path / "BTCUSDT" / "1h.csv", f"{HEADER}\n2020,a,b,c,d,e\n")
            yield

        return failing

    @pytest.fixture
    def held(self) -> Bars:
        return recorded(9)
