"""docs/reliability.md says what the tests say, and every row of the table of faults has one."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def table() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reliability_table", Path(__file__).parent / "table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_row_has_a_test(table):
    tested = {line.row for line in table.lines()}
    assert [row for row in table.rows() if row not in tested] == []


def test_no_test_is_of_a_row_that_is_not_in_the_table(table):
    assert {line.row for line in table.lines()} <= {*table.rows(), *table.LATER}


def test_no_two_tests_have_one_name(table):
    names = [line.test for line in table.lines()]
    assert sorted(set(names)) == sorted(names)


def test_the_page_says_what_the_tests_say_and_that_all_of_them_pass(table):
    shown = table.PAGE.read_text()
    assert re.sub(r"passes \(\d+ cases\)", "passes", shown) == table.page(
        {line.test: "passes" for line in table.lines()}
    ), "run `make reliability`"
