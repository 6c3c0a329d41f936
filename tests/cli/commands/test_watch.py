"""`wealthsources watch`, with a real market server."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from typing import IO, Any

import pytest

from ..conftest import LONG

WAY = ("watch", "wealthai", "BTCUSDT", "1h", "--endpoint")


def test_into_a_pipe_it_prints_a_line_for_each_closed_bar_and_change(cli, serve):
    result = cli(*WAY, serve(token=None).url, "--count", 3, "--for", LONG)
    lines = result.out.splitlines()
    assert result.code == 0
    assert "wealthai: connected" in lines
    assert "wealthai: BTCUSDT 1h live" in lines
    assert sum("  successor  wealthai" in line for line in lines) == 3


def test_as_json_each_line_is_an_object(cli, serve, archive):
    result = cli(*WAY, serve(token=None).url, "--count", 3, "--for", LONG, "--json")
    told = [json.loads(line) for line in result.out.splitlines()]
    bars = [each for each in told if each["event"] == "bar"]
    assert {"state", "series", "bar"} == {each["event"] for each in told}
    assert [bar["close"] for bar in bars] == [row["close"] for row in archive[:3]]


def test_once_prints_one_table(cli, serve):
    result = cli(*WAY, serve(token=None).url, "--once", "--for", LONG)
    head, row, *rest = result.out.splitlines()
    assert result.code == 0
    assert head.split()[:3] == ["series", "last", "bar"]
    assert row.startswith("BTCUSDT 1h")
    assert rest[-1].startswith("wealthai: connected, ws://127.0.0.1:")


def test_once_exits_with_1_if_a_series_has_no_bar(cli, serve):
    result = cli(
        "watch", "wealthai", "BTCUSDT,ETHUSDT", "1h", "--endpoint", serve(token=None).url, "--once", "--for", 1
    )
    assert result.code == 1
    assert "never_received" in result.out


def test_once_as_json_tells_how_each_series_is(cli, serve):
    result = cli(*WAY, serve(token=None).url, "--once", "--for", LONG, "--json")
    (told,) = [json.loads(line) for line in result.out.splitlines()]
    assert (told["symbol"], told["bar"]["source"]) == ("BTCUSDT", "wealthai")
    # Which of the bars it sees first depends on how fast it looks: only a closed one has its finality.
    assert told["bar"]["closed"] == (told["bar"]["finality"] is not None)


def test_without_an_exchange_all_of_the_configuration_is_watched(cli, serve, live_config):
    live_config(serve().url)
    result = cli("watch", "--once", "--for", LONG)
    assert result.code == 0
    assert "BTCUSDT 1h" in result.out
    assert "live: connected" in result.out


def test_or_a_part_of_it(cli, serve, live_config):
    live_config(serve().url)
    assert "they bring BTCUSDT" in cli("watch", "ETHUSDT", "1h", "--once").error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["binanc", "BTCUSDT", "1m"], "there is no exchange 'binanc' here; did you mean 'binance'?"),
        (["binance", "BTCUSDT", "1m", "--market", "sopt"], "binance has no market 'sopt', only spot and usdm"),
        (["kraken", "BTCUSDT", "3m"], "ask for 1m, of which 3m is made"),
        (["alpaca", "SPY", "1m"], "alpaca wants api_key"),
        (["binance"], "received 'binance'"),
        (["BTCUSDT", "1m", "--market", "spot"], "--market is said of an exchange"),
        (["BTCUSDT", "1m"], "or an exchange, as in `wealthsources get binance BTCUSDT 1m`"),
        (["binance", "BTCUSDT", "1m", "--once", "--count", "1"], "give either --once or --count, not both"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(cli, folder, monkeypatch, arguments, told):
    monkeypatch.delenv("WEALTHSOURCES_CONFIG", raising=False)
    result = cli("watch", *arguments)
    assert result.code == 2
    assert told in result.error


# on a terminal -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def watching(url: str, **options: Any) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """The command in a process of its own, and the file of its stderr, which is told where the block fails."""
    command = [sys.executable, "-m", "wealthsources.cli", *WAY, url]
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, stderr=said, **options) as process:
        try:
            yield process, said
        except BaseException as error:
            process.kill()
            process.wait()
            error.add_note(f"stderr of the command:\n{read_whole(said)}")
            raise
        finally:
            process.kill()


def read_whole(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


@contextlib.contextmanager
def on_terminal(url: str, width: int) -> Iterator[tuple[subprocess.Popen[bytes], int, IO[bytes]]]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(width)}
    try:
        with watching(url, stdin=theirs, stdout=theirs, env=environment) as (process, said):
            os.close(theirs)
            yield process, ours, said
    finally:
        os.close(ours)


def read_until(terminal: int, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        seen += os.read(terminal, 65_536)
    return seen


def read_to_the_end(terminal: int) -> bytes:
    seen = b""
    with contextlib.suppress(OSError):  # so it ends where the other side has closed
        while True:
            seen += os.read(terminal, 65_536)
    return seen


@pytest.mark.parametrize(("width", "end"), [(80, signal.SIGINT), (120, signal.SIGTERM)])
def test_the_table_is_updated_in_place_until_it_is_interrupted(serve, width, end):
    with on_terminal(serve(token=None).url, width) as (process, terminal, said):
        seen = read_until(terminal, b"forming")
        seen += read_until(terminal, b"\x1b[1A")  # up again: the next picture stands where this one does
        process.send_signal(end)
        seen += read_to_the_end(terminal)
        assert process.wait(20) == 0
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
        rows = [line for line in text.splitlines() if line.startswith("BTCUSDT 1h")]
        assert all(len(row) <= width for row in rows)
        assert any(" live " in row for row in rows)
        assert "Traceback" not in text + read_whole(said)


def test_a_reader_that_went_away_ends_it_quietly(serve):
    url = serve(token=None, manual=False, rate=50).url
    with watching(url, stdout=subprocess.PIPE) as (process, said):
        assert process.stdout is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 1
        assert "Traceback" not in read_whole(said)


def test_a_time_that_is_none_is_told(cli):
    result = cli("watch", "okx", "BTCUSDT", "1m", "--for", "nan")
    assert result.code == 2
    assert "'--for'" in result.err
