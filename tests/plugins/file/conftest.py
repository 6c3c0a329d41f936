from __future__ import annotations

import uuid
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


@pytest.fixture
def bucket(s3: S3) -> str:
    """The name of a bucket with nothing in it."""
    name = f"bucket-{uuid.uuid4()}"
    s3.put(name)
    return name
