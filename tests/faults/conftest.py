"""One row of the table of faults is one or more tests: `test_b7_…` is of row B7. This is what they all share.

A test takes the fixture `case`: a whole session (fault server on a real socket → plugin → chain → answers). Beside what
the test itself asserts, `case` asserts at its end the four things that hold for every row: a counter moved (the test
says which, by `case.counted`), the cache equals the server's truth, `stop()` returned in time, and no thread or
descriptor is left.

The docstring of a test is its line in docs/reliability.md: what the server does, then " → ", then what happens here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..support.live_source import use_policies
from ..support.waiting import nothing_left_behind
from .case import Case
from .histories import opener


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    use_policies(monkeypatch)
    with nothing_left_behind():
        made = Case(tmp_path)
        try:
            yield made
            made.finish()
        finally:
            made.close()


@pytest.fixture
def chain(case: Case, distribution: Callable[..., object]) -> Callable[..., None]:
    """Opens a session of any sources: `chain("live", stranger(…), "archive")`."""
    return opener(case, distribution)
