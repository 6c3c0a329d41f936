"""The command: what it prints, what it refuses, how it exits."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from wealthsources_replay.commands.replay import app

from ....support.markets import ARCHIVE
from ..records import ACK, T0, kline, write


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def recording(tmp_path):
    """Four bars, the third of which comes in two states."""
    write(tmp_path / "live", ACK, kline(0, closed=True), kline(1, closed=True), kline(2), kline(2, closed=True))
    return tmp_path / "live"


@pytest.fixture
def strategy(tmp_path):
    def write_down(text):
        (tmp_path / "strategy.py").write_text(text)
        return tmp_path / "strategy.py"

    return write_down


def test_it_prints_what_watch_would(recording):
    done = run(recording)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "replay: connecting",
        "replay: connected",
        "2027-01-15 08:00  BTCUSDT 1m  1  9  1  2  1  flag  replay",
        "2027-01-15 08:01  BTCUSDT 1m  1  9  1  2  1  flag  replay",
        "2027-01-15 08:02  BTCUSDT 1m  1  9  1  2  1  flag  replay",
        "replay: disconnected: the recording is over",
    ]
    assert done.stderr == "7 records, 3 closed bars; missing in 0 places\n"


def test_a_span_of_it(recording):
    done = run(recording, "--from", T0 + 1_000, "--to", "2027-01-15T08:00:03")
    assert done.stderr == "3 records, 2 closed bars; missing in 0 places\n"


def test_a_strategy_is_called_for_each_closed_bar_and_asks_for_what_was_known_then(recording, strategy):
    path = strategy(
        "from wealthdata import get_price\n"
        "def initialize(context): print('begins')\n"
        "def handle_bar(context, bar):\n"
        "    frame = get_price('BTCUSDT', count=2, frequency='1m')\n"
        "    print(bar.open_time, len(frame), frame['close'].iloc[-1])\n"
    )
    done = run(recording, "--strategy", path)
    assert done.exit_code == 0, done.output
    times = [f"{T0 + minute * 60_000} {min(2, minute + 1)} 2.0" for minute in range(3)]
    assert done.stdout.splitlines() == ["begins", *times]


def test_a_corrected_bar_does_not_come_to_a_strategy_again(tmp_path, strategy):
    write(tmp_path / "live", ACK, kline(0, closed=True), kline(0, "3", closed=True))
    path = strategy("def handle_bar(context, bar): print(bar.close)\n")
    assert run(tmp_path / "live", "--strategy", path).stdout == "2.0\n"
    lines = run(tmp_path / "live").stdout.splitlines()
    assert [line.split()[7] for line in lines if "BTCUSDT" in line] == ["2", "3"]


def test_at_a_speed_it_takes_its_time(recording):
    began = time.monotonic()
    assert run(recording, "--speed", "8").exit_code == 0
    assert 0.4 < time.monotonic() - began < 30


def test_what_the_strategy_raises_is_shown_and_ends_it(recording, strategy):
    for text in ("1 / 0", "def handle_bar(context, bar): 1 / 0"):
        done = run(recording, "--strategy", strategy(text))
        assert (done.exit_code, "ZeroDivisionError" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--speed", "fast"], "--speed"),
        (["--speed", "step"], "say max, or a number"),
        (["--from", "yesterday"], "--from"),
        (["--from", T0 + 60_000], "has nothing from"),
        (["--from", T0, "--to", T0], "from must be before to"),
        (["--strategy", "absent.py"], "there is no file absent.py"),
    ],
    ids=["speed", "step", "time", "span", "order", "strategy"],
)
def test_wrong_use_exits_with_2(recording, options, why):
    done = run(recording, *options)
    assert done.exit_code == 2
    assert why in " ".join(done.stderr.split())


def test_what_is_no_recording_exits_with_2(tmp_path):
    done = run(tmp_path)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "is empty; nothing was recorded to it" in done.stderr


def test_for_the_help_nothing_is_imported():
    code = "import sys, wealthsources_replay.commands.replay; print({'pydantic', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_it_is_a_command_of_wealthsources(recording):
    command = [sys.executable, "-m", "wealthsources", "replay", str(recording)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.count("BTCUSDT") == 3


ARCHIVED = ["--bars", "archive", "--symbols", "BTCUSDT", "--from", "2019-08-01", "--to", "2019-08-01T04:00"]


@pytest.fixture
def deployed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = f"{{name: archive, plugin: file, options: {{path: '{ARCHIVE}'}}}}"
    (tmp_path / "config.yaml").write_text(f"sources: [{source}]\n")


def test_bars_of_a_source_of_the_configuration_are_played(deployed):
    done = run(*ARCHIVED, "--timeframes", "1h,4h")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert (lines[0], lines[-1]) == ("replay: connected", "replay: disconnected: all bars were played")
    shown = [" ".join(line.split()[1:4]) for line in lines[1:-1]]
    assert shown == [*(f"0{hour}:00 BTCUSDT 1h" for hour in range(4)), "00:00 BTCUSDT 4h"]
    assert lines[1].endswith("BTCUSDT 1h  10087.3  10166.98  10036.83  10048.44  1062.58  flag  replay")
    assert done.stderr == "5 closed bars, 0 holes\n"


def test_a_strategy_is_called_for_each_bar_that_is_played(deployed, strategy):
    path = strategy(
        "from wealthdata import get_price\n"
        "def handle_bar(context, bar): print(len(get_price(bar.symbol, count=3, frequency='1h')), bar.close)\n"
    )
    done = run(*ARCHIVED, "--timeframes", "1h", "--strategy", path)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == ["1 10048.44", "2 10035.01", "3 10032.6", "3 10002.72"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([*ARCHIVED], "bars needs symbols, timeframes and from"),
        ([*ARCHIVED, "--timeframes", "5x"], "--timeframes"),
        (
            ["--bars", "files", *ARCHIVED[2:], "--timeframes", "1h"],
            "config.yaml has no source 'files'; it has: archive",
        ),
        ([*ARCHIVED, "--timeframes", "1h", "--config", "absent.yaml"], "there is no configuration absent.yaml"),
        (
            [*ARCHIVED[:3], "NOPE", *ARCHIVED[4:], "--timeframes", "1h"],
            "archive has no bar of NOPE (1h) from 2019-08-01",
        ),
        ([], "say either recording, a folder, or bars"),
    ],
    ids=["without", "timeframe", "source", "config", "symbol", "nothing"],
)
def test_wrong_use_of_bars_exits_with_2(deployed, options, why):
    done = run(*options)
    assert done.exit_code == 2
    assert why in " ".join(done.stderr.replace("│", " ").split())
