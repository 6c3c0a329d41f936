"""The example of a source keeps the contract, as its author would test it."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from wealthsources import Bars, Source
from wealthsources.testing.contract import SourceContract

from .test_acme_source import ACME, HOUR, T0, fill


class TestAcmeSource(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
        monkeypatch.syspath_prepend(ACME)
        fill(tmp_path, 9)
        plugin = importlib.import_module("acme_source.plugin")
        return plugin.AcmeSource(plugin.Options(database=tmp_path / "bars.db"))

    @pytest.fixture
    def held(self) -> Bars:
        times = [T0 + hour * HOUR for hour in range(9)]
        closes = [float(f"1.{hour}0") for hour in range(9)]
        return Bars.from_columns("BTCUSDT", "1h", times, [1.0] * 9, [2.0] * 9, [0.5] * 9, closes, [7.0] * 9)
