"""`wealthsources check-source`."""

from __future__ import annotations

import json

import pytest

from ...support.markets import ARCHIVE
from ..conftest import run_process

SERIES = ("--symbol", "BTCUSDT", "--timeframe", "1h")

#: Of a package of somebody's; it has ten hours, and one rule that can be broken.
MODULE = """
import pydantic
from wealthsources import Bars, Capabilities, NotHere, Source

class Options(pydantic.BaseModel, extra="forbid"):
    hours: int = 10
    forgets_the_count: bool = False

class Acme(Source):
    capabilities = Capabilities(blocking=False, timeframes=("1h",), symbols=("BTCUSDT",))

    def __init__(self, options: Options) -> None:
        self.options = options

    def get_history(self, request):
        if (request.symbol, request.timeframe.name) != ("BTCUSDT", "1h"):
            raise NotHere("it has BTCUSDT 1h")
        hours = range(1_599_998_400_000, 1_599_998_400_000 + self.options.hours * 3_600_000, 3_600_000)
        times = [time for time in hours if time + 3_600_000 <= request.end and time >= (request.start or 0)]
        if request.count is not None and not (self.options.forgets_the_count and request.start is None):
            times = times[-request.count :]
        if not times:
            raise NotHere("it has nothing of that time")
        return Bars.from_columns("BTCUSDT", "1h", times, *[[1.0] * len(times)] * 5)

class Alone(Acme):
    def __init__(self) -> None:
        super().__init__(Options())

class Vague(Acme):
    def __init__(self, options) -> None: ...
"""


@pytest.fixture
def module(folder):
    (folder / "acme_hours.py").write_text(MODULE)


def lines(result) -> dict[str, str]:
    """What is said of each case."""
    return {line[:3]: line[5:] for line in result.out.splitlines() if line[:1] == "S"}


def test_a_plugin_that_is_right_passes_and_what_does_not_apply_says_why(cli):
    result = cli("check-source", "file", "--options", f"path={ARCHIVE}", *SERIES)
    assert result.code == 0, result.out
    assert lines(result)["S01"] == "ok       an answer is bars of the series that was asked for"
    assert lines(result)["S23"].endswith("what was known then: capabilities.point_in_time is False")
    assert result.out.splitlines()[-1].endswith(", 0 failed")
    assert result.err.startswith("note: held are the 1464 bars that it answers itself: <Bars BTCUSDT 1h:")


@pytest.mark.usefixtures("module")
def test_a_class_of_this_folder_that_breaks_a_rule_fails_with_the_remedy(cli):
    result = cli("check-source", "acme_hours:Acme", "--options", "forgets_the_count=yes", "--options", "hours=6")
    assert result.code == 1
    failed = {number: text for number, text in lines(result).items() if text.startswith("FAILED")}
    assert set(failed) >= {"S06"}
    assert failed["S06"].endswith("asked for 1 closed bars, got 6; cut to request.count")
    assert "1 failed" in result.out.splitlines()[-1] or "failed" in result.out.splitlines()[-1]


@pytest.mark.usefixtures("module")
def test_options_come_from_a_file_and_programs_read_json(cli, folder):
    (folder / "options.yaml").write_text("hours: 7\n")
    result = cli("check-source", "acme_hours:Acme", "--options", "options.yaml", "--json")
    assert result.code == 0
    cases = [json.loads(line) for line in result.out.splitlines()]
    assert cases[0] == {
        "number": "S01",
        "title": "an answer is bars of the series that was asked for",
        "result": "ok",
        "said": "",
    }
    assert "held are the 7 bars" in result.err


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["acme_hours:Acme", "--options", "hours=4", "--wait", "0"], "the contract needs 5 closed bars of one series"),
        (["acme_hours:Acme", "--symbol", "X", "--wait", "0"], "it answered NotHere: it has BTCUSDT 1h"),
        (["acme_hours:Acme", "--options", "hour=4"], "hour: unknown key; did you mean 'hours'?"),
        (["acme_hours:Alone", "--options", "hours=4"], "takes no options, and --options gives hours"),
        (["acme_hours:Vague"], "annotate its parameter 'options' with the pydantic model of its options"),
        (["acme_hours:Options"], "Options of acme_hours is no subclass of wealthsources.Source"),
        (["acme_hour:Acme"], "No module named 'acme_hour'"),
        (["nosuch"], "no plugin 'nosuch' is installed"),
        (["file", "--options", f"path={ARCHIVE}"], "name a series that it has with --timeframe"),
        (["acme_hours:Acme", "--timeframe", "7x"], "'7x' is not a timeframe"),
        (["acme_hours:Acme", "--options", "none.yaml"], "none.yaml"),
    ],
)
def test_what_cannot_be_checked_is_said(cli, words, why):
    result = cli("check-source", *words)
    assert result.code == 2
    assert why in result.error


def test_without_pytest_the_remedy_is_named():
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "from wealthsources.cli import main\n"
        "main(['check-source', 'file', '--options', 'path=x.csv'])"
    )
    result = run_process("-c", code)
    assert result.returncode == 2
    assert result.stderr == "error: check-source runs its cases with pytest, which is missing: pip install pytest\n"
