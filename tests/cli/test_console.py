"""Writing to the terminal, and the log on stderr."""

from __future__ import annotations

import logging

from wealthsources.cli.console import logs_on_stderr


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
