"""pyarrow, where it is missing."""

from __future__ import annotations

import sys

import pytest

from wealthsources import ConfigError
from wealthsources_file.arrow import load


def test_without_pyarrow_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"need pyarrow, which is not installed: pip install 'wealthsources\[file\]'"):
        load()


def test_a_module_of_it_is_loaded() -> None:
    assert load("pyarrow.compute").__name__ == "pyarrow.compute"
