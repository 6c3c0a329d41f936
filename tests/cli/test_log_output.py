"""The log of a command on stderr."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys

import pytest

from wealthsources.cli.log_output import Concise, logs_on_stderr, set_up_log
from wealthsources.config.settings import Config

LIVE = logging.getLogger("wealthsources.source.live")
OTHER = logging.getLogger("wealthsources.chain")
TOKEN = "a-token-that-nobody-is-to-read"


def test_a_warning_is_one_line(capsys):
    with logs_on_stderr(debug=False):
        logging.getLogger("wealthsources.source.live").warning("lost\n%s", "again")
    assert capsys.readouterr().err == "WARNING live: lost again\n"


def test_an_exception_in_the_log_is_one_line(capsys):
    with logs_on_stderr(debug=False):
        logging.getLogger("wealthsources.session").error("failed", exc_info=ValueError("what\nnow"))
    assert capsys.readouterr().err == "ERROR session: failed: ValueError: what now\n"


def test_only_debug_shows_what_is_no_warning(capsys):
    for debug in (False, True):
        with logs_on_stderr(debug):
            logging.getLogger("wealthsources.session").debug("debug is %s", debug)
    assert capsys.readouterr().err.endswith("DEBUG wealthsources.session: debug is True\n")


def test_debug_does_not_show_the_log_of_libraries(capsys):
    with logs_on_stderr(debug=True):
        logging.getLogger("zlibrary").debug("Authorization: secret")
    assert capsys.readouterr().err == ""


def test_afterwards_the_log_is_as_it_was_before():
    root = logging.getLogger()
    before = list(root.handlers), logging.getLogger("wealthsources").level
    with logs_on_stderr(debug=True):
        pass
    assert (list(root.handlers), logging.getLogger("wealthsources").level) == before


def test_holes_are_not_logged_since_a_note_says_them_but_with_debug(capsys):
    def _warn_of_hole() -> None:
        logging.getLogger("wealthsources.session").warning("a hole")

    for debug in (False, True):
        with logs_on_stderr(debug):
            _warn_of_hole()
    assert capsys.readouterr().err.count("a hole") == 1


def test_the_name_of_a_source_stands_without_what_is_before_it(capsys):
    with logs_on_stderr(debug=False):
        for name in ("wealthsources.source.live", "wealthsources.chain", "other.library"):
            logging.getLogger(name).warning("x")
    assert capsys.readouterr().err == "WARNING live: x\nWARNING chain: x\nWARNING other.library: x\n"


def test_a_log_that_cannot_be_written_is_no_error(monkeypatch):
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("no space left")

    monkeypatch.setattr(sys, "stderr", Full())
    with logs_on_stderr(debug=False):
        logging.getLogger("wealthsources.chain").warning("x")


# as the configuration says


def configured(**logging_settings):
    options = {"csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    sources = [{"name": "live", "plugin": "websocket", "options": options}, {"name": "other", "plugin": "context"}]
    return Config.from_mapping({"sources": sources, "logging": logging_settings})


def written(capsys, *, debug=False, serving=False, **settings):
    """What comes of one line of each level, of a source and of another logger: `level name`."""
    with logs_on_stderr(debug):
        set_up_log(configured(**settings), serving=serving)
        for logger in (LIVE, OTHER):
            for level in ("debug", "info", "warning", "error"):
                getattr(logger, level)("%s of %s", level, logger.name.rpartition(".")[2])
    return capsys.readouterr().err.splitlines()


def test_without_a_word_the_log_is_as_it_is_without_a_configuration(capsys):
    expected = [
        f"{level} {name}: {level.lower()} of {name}" for name in ("live", "chain") for level in ("WARNING", "ERROR")
    ]
    assert written(capsys) == expected


@pytest.mark.parametrize(("level", "lines"), [("error", 2), ("warning", 4), ("info", 6), ("debug", 8)])
def test_the_level_is_the_least_that_is_written(capsys, level, lines):
    assert len(written(capsys, level=level)) == lines


def test_a_source_may_have_a_level_of_its_own(capsys):
    lines = written(capsys, level="error", sources={"live": "debug"})
    assert [line.partition(":")[0] for line in lines] == [
        "DEBUG live",
        "INFO live",
        "WARNING live",
        "ERROR live",
        "ERROR chain",
    ]
    assert len(written(capsys, level="debug", sources={"live": "error"})) == 5


def test_serving_tells_what_is_usual_and_when(capsys):
    lines = written(capsys, serving=True)
    assert len(lines) == 6
    stamp, text = lines[0].split(" ", 1)
    assert (len(stamp), stamp[-1], text) == (24, "Z", "INFO live: info of live")


def test_json_is_one_object_a_line(capsys):
    with logs_on_stderr(debug=False):
        set_up_log(configured(format="json"))
        LIVE.error("lost\n%s", "again", exc_info=ValueError("what\nnow"))
        OTHER.warning("\x9b31m \N{MULTIPLICATION SIGN}")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "error",
        "logger": "wealthsources.source.live",
        "source": "live",
        "message": "lost again",
        "error": "ValueError: what now",
    }
    assert (second["message"], "source" in second) == ("\ufffd31m \N{MULTIPLICATION SIGN}", False)


def test_debug_on_the_command_line_says_more_than_the_configuration(capsys):
    assert len(written(capsys, debug=True, level="error", sources={"live": "error"})) == 8
    assert all(json.loads(line) for line in written(capsys, debug=True, format="json"))


@pytest.mark.parametrize("shape", ["text", "json"])
@pytest.mark.parametrize("debug", [False, True])
def test_secrets_of_the_configuration_are_taken_out_whoever_logs_them(capsys, shape, debug):
    with logs_on_stderr(debug):
        set_up_log(configured(format=shape))
        logging.getLogger("zlibrary").warning("GET /?token=%s", TOKEN)
    told = capsys.readouterr().err
    assert "GET /?token=***" in told
    assert TOKEN not in told


def test_arguments_that_do_not_fit_are_no_error():
    record = logging.LogRecord("wealthsources.source.live", logging.WARNING, "", 0, "%d", ("no number",), None)
    assert Concise().format(record) == "WARNING live: %d"


def test_a_library_users_log_is_never_touched():
    code = """
import logging
root, ours = logging.getLogger(), logging.getLogger("wealthsources")
before = list(root.handlers), root.level, list(ours.handlers), ours.level
import wealthsources, wealthdata
with wealthsources.open({"sources": [{"plugin": "context"}], "logging": {"level": "debug", "format": "json"}}):
    pass
assert before == (list(root.handlers), root.level, list(ours.handlers), ours.level)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
