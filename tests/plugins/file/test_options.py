"""The options of a file source, and what is said of those that make no sense."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pydantic
import pytest

import wealthsources
from wealthsources import ConfigError
from wealthsources_file.options import FileOptions

from .files import refuse


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("data/{symbol}.csv", r"lacks \{timeframe\}: a file has the bars of one series, as in data/\{symbol\}"),
        ("data/BTCUSDT/{timeframe}.csv", r"lacks \{symbol\}"),
        (
            "data/{venue}/{symbol}/{timeframe}.csv",
            r"unknown placeholder \{venue\}; known: \{symbol\}, \{timeframe\}, \{year\}, \{month\}, \{date\}",
        ),
        ("data/{symbol}/{}.csv", r"unknown placeholder \{\}"),
        ("data/{symbol}/{timeframe}}.csv", "a brace that belongs to no placeholder"),
        ("data/{symbol}{timeframe}.csv", "needs something between its placeholders"),
        ("data/{symbol}/{timeframe}.xls", "must end in .csv, .csv.gz, .csv.zst, .zip"),
        ("{symbol}/{timeframe}-{month}.csv", r"has \{month\} without \{year\}: a month of which year\?"),
        (5, "should be text"),
    ],
)
def test_a_path_that_makes_no_sense_is_refused(path: object, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        FileOptions(path=path)


def test_a_mistake_in_the_path_is_reported_at_its_line(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("sources:\n- plugin: file\n  options:\n    path: data/{symbol}.csv\n")
    with (
        pytest.raises(ConfigError, match=r"config.yaml:4:11: sources\[0\].options.path: lacks \{timeframe\}"),
        wealthsources.open(config),
    ):
        pass


def test_an_unknown_option_is_refused(tmp_path: Path) -> None:
    options = {"path": "{symbol}/{timeframe}.csv", "pth": "x"}
    with (
        pytest.raises(ConfigError, match=r"pth: unknown key; did you mean 'path'\?"),
        wealthsources.open({"sources": [{"plugin": "file", "options": options}]}),
    ):
        pass


def test_a_relative_path_starts_at_the_folder_of_the_configuration(tmp_path: Path) -> None:
    options = FileOptions.model_validate({"path": "data/{symbol}/{timeframe}.csv"}, context={"folder": tmp_path})
    assert str(options.path) == str(tmp_path / "data/{symbol}/{timeframe}.csv")


def test_an_absolute_path_stays(tmp_path: Path) -> None:
    text = str(tmp_path / "{symbol}/{timeframe}.csv")
    assert str(FileOptions.model_validate({"path": text}, context={"folder": "/elsewhere"}).path) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "path: is missing; it must be given"),
        ("{path: 'a/{symbol}/{timeframe}.csv', files: [{path: a, symbol: A, timeframe: 1h}]}", "path: and files are"),
        (
            "{files: [{path: a, symbol: A, timeframe: 1h}, {path: b, symbol: A, timeframe: 60m}]}",
            "files: has two files of A 1h; a series has one",
        ),
        (
            "{path: 'a/{symbol}/{timeframe}.csv', on_bad_row: ignore}",
            "on_bad_row: should be 'fail' or 'skip'",
        ),
        ("{path: 'a/{symbol}/{timeframe}.csv', label: close}", "label: should be 'open' or 'end', received 'close'"),
        (
            "{path: 'a/{symbol}/{timeframe}.csv', last_row: open}",
            "last_row: should be 'drop'",
        ),
        ("{files: [{path: a, symbol: A, timeframe: 7m}]}", r"files\[0\].timeframe: '7m' is not a timeframe; known: 1m"),
        ("{files: [{path: a, symbol: '', timeframe: 1h}]}", r"files\[0\].symbol: is too short"),
        ("{files: [{path: a, symbol: A}]}", r"files\[0\].timeframe: is missing; it must be given"),
        (
            "{files: [{path: a, symbol: A, timeframe: 1h}, {path: b, symbol: A, timeframe: 1h}]}",
            "files: has two files of A 1h; a series has one",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused_at_their_line(tmp_path: Path, text: str, problem: str) -> None:
    refuse(tmp_path, text, problem)


def test_files_by_name_start_at_the_folder_of_the_configuration(tmp_path: Path) -> None:
    files = [{"path": "a.csv", "symbol": "A", "timeframe": "1h"}, {"path": "/b.csv", "symbol": "B", "timeframe": "1h"}]
    options = FileOptions.model_validate({"files": files}, context={"folder": tmp_path})
    assert [str(file.path) for file in options.files] == [f"{tmp_path}/a.csv", "/b.csv"]


def test_one_symbol_may_have_a_file_for_each_timeframe() -> None:
    files = [{"path": "a", "symbol": "A", "timeframe": timeframe} for timeframe in ("1h", "1m")]
    assert len(FileOptions(files=files).files) == 2


def test_a_path_lists_what_fits_it(tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "1h.csv").touch()
    options = FileOptions.model_validate({"path": "{symbol}/{timeframe}.csv"}, context={"folder": tmp_path})
    assert options.catalog().scan().files == {("A", "1h"): tmp_path / "A" / "1h.csv"}


def test_files_by_name_list_themselves(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    files = [{"path": "a.txt", "symbol": "A", "timeframe": "1h"}]
    options = FileOptions.model_validate({"files": files}, context={"folder": tmp_path})
    assert options.catalog().scan().files == {("A", "1h"): tmp_path / "a.txt"}


def test_what_is_read_from_the_configuration_stays_as_it_is() -> None:
    options = FileOptions(path="{symbol}/{timeframe}.csv")
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        options.path = None
    assert FileOptions(path=options.path).path is options.path


def test_what_is_not_said_is_strict_by_open_time_and_by_the_time_of_the_file() -> None:
    options = FileOptions(path="{symbol}/{timeframe}.csv")
    assert (options.on_bad_row, options.layout.label, options.last_row) == ("fail", "open", "by_mtime")


@pytest.mark.parametrize("name", ["60m", "1H", "60min", "H1"])
def test_a_named_file_may_have_another_name_of_its_timeframe(name: str) -> None:
    assert FileOptions(files=[{"path": "a", "symbol": "A", "timeframe": name}]).files[0].timeframe == "1h"


def test_a_format_says_what_timeframes_are_called_in_paths(tmp_path: Path) -> None:
    (tmp_path / "XBTUSD_1440.csv").touch()
    options = {"path": "{symbol}_{timeframe}.csv", "format": "kraken"}
    catalog = FileOptions.model_validate(options, context={"folder": tmp_path}).catalog()
    assert set(catalog.scan().files) == {("XBTUSD", "1d")}


def test_a_command_that_only_checks_options_waits_for_no_pandas():
    code = "import sys, wealthsources_file.plugin; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
