"""pyarrow, where it is missing."""

from __future__ import annotations

import sys

import pytest

from wealthsources import ConfigError
from wealthsources_file.arrow import load
from wealthsources_file.options import FileOptions


def test_without_pyarrow_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"need pyarrow, which is not installed: pip install 'wealthsources\[file\]'"):
        load()


def test_it_is_said_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for options in (
        {"path": "{symbol}/{timeframe}.parquet"},
        {"files": [{"path": "x.feather", "symbol": "ETH", "timeframe": "1h"}]},
    ):
        with pytest.raises(ValueError, match=r"pip install 'wealthsources\[file\]'"):
            FileOptions.model_validate(options)
    FileOptions.model_validate({"path": "{symbol}/{timeframe}.csv"})


def test_a_module_of_it_is_loaded() -> None:
    assert load("pyarrow.compute").__name__ == "pyarrow.compute"
