"""The command in this process, over strategies and data files that are written for each test."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import random
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wealthsources_verify.data_files import read_data_file
from wealthsources_verify.engine import Inputs, run
from wealthsources_verify.main import app

from ...support.bars import HOUR, MONDAY as T0
from ...support.unbinding import unbind_all

#: A strategy that does nothing.
QUIET = "def handle_bar(context, bar): pass\n"
#: One that asks for the newest two bars.
HOLES = """
from wealthdata import get_price
def handle_bar(context, bar):
    get_price('BTCUSDT', count=2, frequency='1h')
"""


@pytest.fixture(autouse=True)
def _unbound_and_as_by_default() -> Iterator[None]:
    yield
    unbind_all()


@dataclasses.dataclass
class Result:
    code: object
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """What `--json` printed."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def found(self) -> list[tuple[str, str]]:
        """Kind and subject of each finding, of `--json`."""
        return [(finding["kind"], finding["what"]) for finding in self.report["findings"]]

    @property
    def error(self) -> str:
        """The one line on stderr, after its `error: `."""
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1, self.err
        return self.err.removeprefix("error: ").rstrip("\n")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """command("strategy.py", "BTCUSDT/1h.csv", "--json"): run it."""

    def run(*arguments: object) -> Result:
        with pytest.raises(SystemExit) as ended:
            app([str(argument) for argument in arguments], prog_name="verify")
        return Result(ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def strategy(tmp_path: Path) -> Callable[..., Path]:
    """strategy(text): write it as s.py, or under another name, and return its path."""

    def write(text: str, name: str = "s.py") -> Path:
        path = tmp_path / name
        path.write_text(textwrap.dedent(text))
        return path

    return write


@pytest.fixture
def data(tmp_path: Path) -> Callable[..., Path]:
    """data(40): write so many bars of BTCUSDT 1h from T0 on, a seeded walk without those of `skip`."""

    def write(count: int = 40, step: int = HOUR, name: str = "BTCUSDT/1h.csv", skip: Any = (), first: int = T0) -> Path:
        chance = random.Random(5)
        lines, close = ["open_time,open,high,low,close,volume"], 500.0
        for number in range(count):
            opened, close = close, round(close + chance.uniform(-3, 3), 2)
            high, low = max(opened, close) + 0.5, min(opened, close) - 0.5
            if number not in skip:
                lines.append(f"{first + number * step},{opened},{high:.2f},{low:.2f},{close},{number + 1}")
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture
def verify(
    command: Callable[..., Result], strategy: Callable[..., Path], data: Callable[..., Path]
) -> Callable[..., Result]:
    """verify(text, "--limit", 5): run the command over that strategy and 40 bars, the first 4 as warm-up; as JSON."""

    def verified(text: str, *options: object, **bars: Any) -> Result:
        return command(strategy(text), data(**bars), "--json", *options)

    return verified


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What a strategy of these tests appends to `sys.calls`."""
    made: list[object] = []
    monkeypatch.setattr(sys, "calls", made, raising=False)
    return made


@pytest.fixture
def once(strategy, data, calls):
    """once(text, first=4, last=40, **data): one run with the future unknown; returns its trace."""

    def make(text, *, first=4, last=40, whole=False, **bars):
        inputs = Inputs(strategy(text), (read_data_file(data(**bars), None, None),), first, last)
        return run(inputs, whole=whole, show=False)

    return make


def at(hours):
    """As a context says it: in UTC, without a zone."""
    return dt.datetime(2024, 1, 1) + dt.timedelta(hours=hours)  # noqa: DTZ001


def refused(result, text):
    """Nothing was run, and stderr says why."""
    assert (result.code, result.out) == (2, "")
    assert text in result.error
