"""The status of a session as tables."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from wealthsources import SourceStatus, StreamStatus
from wealthsources.cli.status_tables import print_status
from wealthsources.runtime.session_status import SessionStatus

from .conftest import tables


def shown(capsys, **sources):
    """What is printed of sources with such a status."""
    print_status(SessionStatus("system", 1_600_000_000_000, "", sources))
    return capsys.readouterr().out


def test_what_a_source_says_of_itself_is_shown_if_it_says_anything(capsys):
    out = shown(
        capsys,
        live=SourceStatus(
            "reconnecting",
            "it pushes closed bars only",
            "reset by peer",
            "wss://host",
            3,
            2,
            {"data_idle": 1, "reset": 1},
            last_data=4000.0,
            clock_offset=7.0,
        ),
        context=SourceStatus(),
    )
    assert [line.split(maxsplit=1) for line in out.splitlines()[2:5]] == [
        ["source", "state         epoch  reconnects    last bar"],
        ["live", "reconnecting      3           2  67 min ago"],
        ["context", "ready"],
    ]
    assert [line.rstrip() for line in out.splitlines()[6:]] == [
        "live  endpoint        wss://host",
        "live  reason          it pushes closed bars only",
        "live  last error      reset by peer",
        "live  reconnects for  data_idle 1, reset 1",
        "live  server's clock  at least 7.0 s ahead of ours",
    ]


def test_a_clock_that_is_not_ahead_is_nothing_to_speak_of(capsys):
    assert "of ours" not in shown(capsys, live=SourceStatus("connected", clock_offset=-1800.0))


def test_a_stream_is_a_row(capsys):
    streams = (
        StreamStatus("BTCUSDT", "1m", "stale", 1000, 125.0, 2, refused=5),
        StreamStatus("ETHUSDT", "1h", "never_received"),
    )
    found = tables(shown(capsys, live=SourceStatus("connected", streams=streams)))
    assert found["source  symbol   timeframe  state           bars   idle  holes  refused"] == [
        ["live", "BTCUSDT", "1m", "stale", "1000", "2", "min", "2", "5"],
        ["live", "ETHUSDT", "1h", "never_received", "0", "0", "0"],
    ]


def test_only_what_was_counted_is_shown_by_name(capsys):
    found = tables(shown(capsys, live=SourceStatus(counters={"lost.reset": 2, "bars.new": 30, "holes": 0})))
    assert found["source  counted     times"] == [["live", "bars.new", "30"], ["live", "lost.reset", "2"]]


def test_what_the_session_lost_is_counted_too(capsys):
    print_status(SessionStatus("feed", None, "backtest", {}, 1, 0, 3))
    out = capsys.readouterr().out
    assert out.startswith("clock: feed, no time yet · mode: backtest\n")
    assert tables(out)["source     counted                times"] == [
        ["(session)", "events", "lost", "1"],
        ["(session)", "errors", "of", "subscribers", "3"],
    ]


def test_nothing_that_a_source_says_can_steer_the_terminal(capsys):
    bad = "\x1b]0;title\x07\n\r"
    stream = StreamStatus(bad, bad, bad)
    out = shown(capsys, live=SourceStatus(bad, bad, bad, bad, 1, 1, {bad: 1}, counters={bad: 1}, streams=(stream,)))
    assert all(letter.isprintable() or letter == "\n" for letter in out)
    assert "title" in out


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal_a_long_reason_keeps_to_its_column(cli, serve, live_config, columns):
    path = live_config(serve().url, token="hunter2secret")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    arguments = ["-m", "wealthsources.cli", "status", "--config", str(path), "--wait", "20"]
    with subprocess.Popen([sys.executable, *arguments], stdout=theirs, stderr=subprocess.DEVNULL) as process:
        os.close(theirs)
        printed = b""
        while chunk := _read(ours):
            printed += chunk
    os.close(ours)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", printed.decode()).splitlines()
    assert process.returncode == 1
    assert all(len(line) <= columns for line in lines)
    (at,) = (place for place, line in enumerate(lines) if line.startswith("live  last error  ws://"))
    assert lines[at + 1].startswith(" " * len("live  last error  "))


def _read(descriptor):
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the other end is closed
        return b""
