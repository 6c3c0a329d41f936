"""`wealthsources decode`."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wealthsources_websocket.main import app
from wealthsources_websocket.protocols import known_protocols

FRAMES = Path(__file__).parent / "frames"
COMMAND = [sys.executable, "-c", "from wealthsources_websocket.main import app; app()"]


def run(*arguments: str, stdin: str | bytes = ""):
    return CliRunner().invoke(app, list(arguments), input=stdin)


def test_a_file_is_read_and_each_event_is_one_line():
    done = run("--protocol", "binance", str(FRAMES / "binance-spot.jsonl"))
    assert done.exit_code == 0
    assert done.stdout == (FRAMES / "binance-spot.meant.jsonl").read_text()


@pytest.mark.parametrize("names", [(), ("-",)])
def test_without_a_file_stdin_is_read(names):
    done = run("--protocol", "okx", *names, stdin="pong\n\npong")
    assert done.stdout.splitlines() == ['{"event": "heartbeat", "answer": true}'] * 2


def test_empty_input_prints_nothing_and_is_no_failure():
    done = run("--protocol", "okx")
    assert (done.exit_code, done.output) == (0, "")


def test_the_market_is_chosen_in_the_exchanges_own_word():
    frames = str(FRAMES / "okx-swap.jsonl")
    assert json.loads(run("--protocol", "okx", "--market", "swap", frames).stdout)["event"] == "bar"
    assert json.loads(run("--protocol", "okx", "--market", "spot", frames).stdout)["event"] == "ignored"


def test_a_contract_has_the_size_that_is_said():
    frames = str(FRAMES / "mexc-perps.jsonl")
    options = ("--protocol", "mexc", "--market", "perps")
    assert json.loads(run(*options, "--contract-size", "BTCUSDT=0.0001", frames).stdout)["volume"] == "12.5000"
    assert json.loads(run(*options, "--contract-size", "?=2", frames).stdout)["event"] == "bad"


def test_whether_only_finished_bars_were_pushed_can_be_said():
    frames = str(FRAMES / "bitget-usdt-futures.jsonl")
    done = run("--protocol", "bitget", "--market", "usdt-futures", "--push-closed", frames)
    assert json.loads(done.stdout)["closed"] is True


def test_a_line_without_an_end_does_not_fill_the_memory():
    done = run("--protocol", "okx", "--max-message", "1024", stdin="x" * 1_000_000 + "\npong\n")
    bad, good = map(json.loads, done.stdout.splitlines())
    assert (bad["event"], good["event"]) == ("bad", "heartbeat")


@pytest.mark.parametrize("size", [2047, 2048, 2049, 4096])
def test_after_a_long_line_the_next_one_is_read_from_its_beginning(size):
    done = run("--protocol", "okx", "--max-message", "1024", stdin="x" * size + "\npong\n")
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["bad", "heartbeat"]


# mistakes ----------------------------------------------------------------------------------------------------------


def test_an_unknown_protocol_is_told_with_the_nearest_and_all():
    done = run("--protocol", "Binanc")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is no protocol 'Binanc'; did you mean 'binance'? known: alpaca, binance, " in done.stderr
    assert all(name in done.stderr for name in known_protocols())
    assert "did you mean" not in run("--protocol", "xyz").stderr


def test_an_unknown_market_is_told_with_those_that_there_are():
    done = run("--protocol", "okx", "--market", "sopt")
    assert done.exit_code == 2
    assert done.stderr == "error: okx has no market 'sopt'; did you mean 'spot'? known: spot, swap\n"


@pytest.mark.parametrize("text", ["BTC", "BTC=", "=1", "BTC=x", "BTC=-1", "BTC=0", "BTC=NaN", "BTC=Infinity"])
def test_a_size_that_is_none_is_told_with_an_example(text):
    done = run("--protocol", "mexc", "--contract-size", text)
    assert (done.exit_code, done.stderr.count("BTC_USDT=0.0001")) == (2, 1)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        done = run("--protocol", "okx", str(path))
        assert done.exit_code == 2
        assert "cannot be read" in done.stderr


def test_a_protocol_that_needs_another_package_says_which(distribution):
    entry = "[wealthsources.protocols]\nacme = acme_protocol:Acme\n"
    distribution(entry_points=entry, acme_protocol="import no_such_package\n")
    done = run("--protocol", "acme")
    assert done.exit_code == 2
    told = (
        "protocol 'acme' cannot be loaded: importing acme_protocol:Acme of zdist 1.0 raised ModuleNotFoundError: "
        "No module named 'no_such_package'; repair or update what brings it\n"
    )
    assert done.stderr == f"error: {told}"


def test_what_the_extra_of_ours_brings_is_told_with_it(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("wealthsources_websocket.protocols")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "msgspec", None)
    assert "needs `pip install 'wealthsources[websocket]'`" in run("--protocol", "okx").stderr


def test_a_protocol_that_is_broken_is_told_on_one_line(distribution):
    distribution(entry_points="[wealthsources.protocols]\nacme = acme_protocol:Acme\n", acme_protocol="")
    done = run("--protocol", "acme")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "protocol 'acme' cannot be loaded: importing acme_protocol:Acme of zdist 1.0 raised Attrib" in done.stderr


# as a process ------------------------------------------------------------------------------------------------------


def start() -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    interruptible = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # unlike a shell's background job
    command = [*COMMAND, "--protocol", "okx"]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, preexec_fn=interruptible)  # noqa: PLW1509


def test_each_frame_is_told_as_it_comes_and_an_interrupt_ends_it():
    with start() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"pong\n")
        process.stdin.flush()
        assert process.stdout.readline() == b'{"event": "heartbeat", "answer": true}\n'
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=10) == (b"", b"")
    assert process.returncode == 130


def test_a_reader_that_went_away_ends_it_quietly():
    with start() as process:
        assert process.stdout is not None
        process.stdout.close()
        _, told = process.communicate(b"pong\n" * 100_000, timeout=20)
    assert told == b""
    assert process.returncode == 1
