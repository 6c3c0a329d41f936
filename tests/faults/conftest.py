"""One row of the table of faults is one or more tests: `test_b7_…` is of row B7. This is what they all share.

A test takes the fixture `case`: a whole session (fault server on a real socket → plugin → chain → answers). Beside what
the test itself asserts, `case` asserts at its end the four things that hold for every row: a counter moved (the test
says which, by `case.counted`), the cache equals the server's truth, `stop()` returned in time, and no thread or
descriptor is left.

The docstring of a test is its line in docs/reliability.md: what the server does, then " → ", then what happens here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from ..support.live_source import use_policies
from ..support.waiting import nothing_left_behind
from .case import TOKEN, Case
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


@pytest.fixture
def no_token_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever the test does, no line of the log of any level has the token in it."""
    caplog.set_level(logging.DEBUG)
    yield
    shown = [*caplog.get_records("call"), *caplog.records]
    assert TOKEN not in "\n".join(caplog.handler.format(record) for record in shown)


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path) -> str:
    """A file with the authority's certificate, for `ca_file`."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)
