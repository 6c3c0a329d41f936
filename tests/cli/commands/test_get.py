"""`wealthsources get`, with a real market server and real files."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys

import pytest

from ..conftest import LONG, SILENT, table, values

# live bars


def test_live_bars_have_the_text_that_the_server_sent(cli, serve, live_config, archive):
    live_config(serve().url)
    result = cli("get", "BTCUSDT", "1h", "--count", 9, "--wait", LONG)
    rows = table(result.out)
    assert result.code == 0
    assert values(rows) == values(archive[:9])
    assert {row["source"] for row in rows} == {"live"}
    assert {row["finality"] for row in rows} == {"successor"}


def test_the_last_line_counts_the_bars_and_their_sources(cli, serve, live_config, file_source):
    live_config(serve(skip=20).url, file_source)
    result = cli("get", "BTCUSDT", "1h", "--count", 15, "--wait", 0.5)
    assert result.out.splitlines()[-1] == "15 bars of BTCUSDT 1h: 6 from archive, 9 from live"


def test_include_now_adds_the_forming_bar(cli, serve, live_config):
    live_config(serve().url)
    result = cli("get", "BTCUSDT", "1h", "--count", 9, "--wait", LONG, "--include-now")  # all that it sends
    assert [row["finality"] for row in table(result.out)] == ["successor"] * 8 + ["forming"]


def test_bars_that_are_behind_are_noted(cli, file_config):
    result = cli("get", "BTCUSDT", "1h", "--count", 2)
    assert result.code == 0
    assert result.err.startswith("note: behind: the newest ")
    assert result.err.endswith(" bars are missing\n")


def test_the_deployment_may_refuse_what_is_stale(cli, config, file_source):
    config(f"on_stale: raise\nsources:\n  {file_source}\n")
    result = cli("get", "BTCUSDT", "1h")
    assert result.code == 1
    assert "BTCUSDT 1h is stale: the newest" in result.error


def test_a_feed_that_fell_silent_is_noted(cli, config, distribution):
    distribution(sources="zsilent = zsilent_module", zsilent_module=SILENT)
    config("clock: feed\nsources: [{plugin: zsilent}]\n")
    result = cli("get", "BTCUSDT", "1h", "--count", 1, "--wait", 0)
    assert result.code == 0
    assert result.err == "note: stale: no live stream for 10 s, so time stands still\n"


# holes and failures


HOLEY = """
from wealthsources import Bars, Capabilities, Source, SourceError, hookimpl
HOUR = 3_600_000
class Holey(Source):
    capabilities = Capabilities(blocking=False)
    def get_history(self, request):
        last = request.end // HOUR - 1
        hours = [last - 5, last - 4, last - 1, last]
        one = dict(open="1.10", high="2", low="1e0", close="1.5", volume="0")
        bars = [dict(open_time=hour * HOUR, **one) for hour in hours if hour * HOUR >= (request.start or 0)]
        return Bars.from_records(request.symbol, request.timeframe, bars)
class Failing(Source):
    def get_history(self, request): raise SourceError("is out\\nof order")
@hookimpl
def wealthsources_register(register): register("zmine", {name})
"""


@pytest.fixture
def holey(distribution, config):
    distribution(
        "zone", sources="zholey = zholey_module", zholey_module=HOLEY.replace('"zmine", {name}', '"zholey", Holey')
    )
    distribution(
        "ztwo",
        sources="zfailing = zfailing_module",
        zfailing_module=HOLEY.replace('"zmine", {name}', '"zfailing", Failing'),
    )
    return config("sources: [{plugin: zholey}, {plugin: zfailing}]\nlate_after: 0\n")


def test_a_hole_is_shown_at_its_place_in_the_table(cli, holey):
    lines = cli("get", "BTCUSDT", "1h", "--count", 4).out.splitlines()
    assert lines[3].split()[2:] == ["-", "-", "-", "-", "-", "2", "missing"]


def test_a_hole_is_noted_once(cli, holey):
    result = cli("get", "BTCUSDT", "1h", "--count", 4)
    assert result.err.count("2 missing from") == 1
    assert "note: a hole that no source fills: 2 missing from" in result.err


def test_a_failed_source_is_noted(cli, holey):
    assert "note: failed: zfailing: is out of order\n" in cli("get", "BTCUSDT", "1h", "--count", 4).err


def test_notes_leave_stdout_to_the_data(cli, holey):
    result = cli("get", "BTCUSDT", "1h", "--count", 4, "--format", "csv")
    assert len(list(csv.reader(io.StringIO(result.out)))) == 5
    assert "note: " in result.err


def test_json_holds_what_is_missing_and_who_failed(cli, holey):
    answer = json.loads(cli("get", "BTCUSDT", "1h", "--count", 4, "--format", "json").out)
    first, second = answer["bars"][1]["open_time"], answer["bars"][2]["open_time"]
    assert answer["holes"] == [{"start": first + 3_600_000, "end": second, "count": 2}]
    assert answer["failed"] == [{"source": "zfailing", "reason": "is out of order"}]
    assert answer["behind"] == 0


def test_json_holds_the_exact_text_of_each_value(cli, holey):
    answer = json.loads(cli("get", "BTCUSDT", "1h", "--count", 4, "--format", "json").out)
    assert (answer["symbol"], answer["timeframe"]) == ("BTCUSDT", "1h")
    assert answer["bars"][0] == {
        "open_time": answer["bars"][0]["open_time"],
        "open": "1.10",
        "high": "2",
        "low": "1e0",
        "close": "1.5",
        "volume": "0",
        "source": "zholey",
        "closed": True,
        "finality": "history",
    }


# formats


def test_csv_is_what_the_file_holds(cli, file_config, archive):
    result = cli("get", "BTCUSDT", "1h", "--count", len(archive), "--format", "csv")
    lines = result.out.split("\n")
    assert lines[0] == "open_time,open,high,low,close,volume,source"
    assert lines[1:-1] == [",".join([*row.values(), "archive"]) for row in archive]
    assert lines[-1] == ""


def test_a_pipe_gets_whole_lines_without_color_or_trailing_space(cli, file_config, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("TERM", "xterm-256color")
    lines = cli("get", "BTCUSDT", "1h", "--count", 2).out.splitlines()
    assert len(lines) == 4
    assert all(line == line.rstrip() and "\x1b" not in line for line in lines)


def test_a_narrow_terminal_loses_nothing(cli, file_config, archive, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    lines = cli("get", "BTCUSDT", "1h", "--count", 2).out.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert lines[1].split()[2:7] == list(values(archive[-2:])[0].values())


# wrong use


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["BTCUSDT", "7h"], "'7h' is not a timeframe; known: 1m, 3m"),
        (["BTCUSDT", "1h", "--count", "0"], "count must be at least 1, was 0"),
        (["BTCUSDT", "1h", "--wait", "-1"], "wait must be 0 to 86400 seconds, was -1.0"),
        (["BTCUSDT", "1h", "--wait", "nan"], "wait must be 0 to 86400 seconds, was nan"),
        (["", "1h"], "the symbol is empty"),
    ],
)
def test_a_request_without_sense_is_one_line_and_2(cli, file_config, arguments, said):
    result = cli("get", *arguments)
    assert result.code == 2
    assert result.error.startswith(said)


def test_a_request_without_sense_connects_to_nothing(cli, serve, live_config):
    server = serve()
    live_config(server.url)
    cli("get", "BTCUSDT", "1h", "--count", "0")
    assert server.acknowledged == 0


def test_a_count_beyond_all_measure_is_all_there_is(cli, file_config, archive):
    result = cli("get", "BTCUSDT", "1h", "--count", 10**30, "--format", "csv")
    assert result.out.count("\n") == len(archive) + 1


# the process


def test_an_interrupt_during_the_wait_is_quiet_and_130(serve, live_config, folder):
    server = serve(snapshot=0)
    live_config(server.url)
    command = [sys.executable, "-m", "wealthsources.cli", "--debug", "get", "BTCUSDT", "1h", "--wait", str(LONG)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
        # A shell has those it runs in the background ignore interrupts, and whoever they start inherits it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    for line in process.stderr:
        if "connected (" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


def test_the_console_script_answers(serve, live_config, archive):
    live_config(serve().url)
    command = [sys.executable, "-m", "wealthsources.cli", "get", "BTCUSDT", "1h", "--count", "9", "--format", "csv"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert result.returncode == 0
    assert values(csv.DictReader(io.StringIO(result.stdout))) == values(archive[:9])


# an exchange


def test_of_an_exchange_no_configuration_is_needed(cli, serve, archive):
    server = serve(token=None)
    result = cli("get", "wealthai", "BTCUSDT", "1h", "--count", 9, "--wait", LONG, "--endpoint", server.url)
    assert result.code == 0
    assert values(table(result.out)) == values(archive[:9])
    assert {row["source"] for row in table(result.out)} == {"wealthai"}


def test_one_series_is_got_at_a_time(cli):
    assert cli("get", "binance", "BTCUSDT,ETHUSDT", "1m").error == (
        "'BTCUSDT,ETHUSDT' is more than one symbol; `wealthsources watch` takes several"
    )


@pytest.mark.parametrize("words", [["BTCUSDT"], ["okx", "BTCUSDT", "1h", "more"]])
def test_how_the_words_are_to_be_is_told(cli, words):
    result = cli("get", *words)
    assert result.code == 2
    assert "`wealthsources get BTCUSDT 1h`, or `wealthsources get binance BTCUSDT 1m`" in result.error


def test_an_exchange_and_a_configuration_are_not_both_taken(cli, live_config):
    path = live_config("ws://127.0.0.1:1/x")
    assert cli("get", "okx", "BTCUSDT", "1h", "--config", path).error.endswith("--config, not both")
