from __future__ import annotations

from pathlib import Path

import pytest

from .files import lines, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the first fifty hours of BTCUSDT."""
    write(tmp_path / "BTCUSDT" / "1h.csv", lines(*range(50)))
    return tmp_path
