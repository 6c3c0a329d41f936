from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .files import lines, write
from .s3 import S3, running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the first fifty hours of BTCUSDT."""
    write(tmp_path / "BTCUSDT" / "1h.csv", lines(*range(50)))
    return tmp_path


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """One server for all tests; each makes buckets of its own."""
    with running() as server:
        yield server
