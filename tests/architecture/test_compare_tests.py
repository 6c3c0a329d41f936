"""The script that tells moved tests from lost ones."""

from __future__ import annotations

import pytest

BEFORE = """\
tests/test_a.py::test_one
tests/test_a.py::test_many[1-x::y]
tests/test_a.py::test_many[2]
tests/b/test_status.py::test_status
tests/c/test_status.py::test_status
tests/c/test_status.py::TestIt::test_in_a_class

6 tests collected in 0.10s
"""


@pytest.fixture(scope="module")
def compare_tests(script):
    return script("compare_tests")


@pytest.fixture(scope="module")
def compared(compare_tests):
    def compared(after: str):
        return compare_tests.compare(compare_tests.read(BEFORE.splitlines()), compare_tests.read(after.splitlines()))

    return compared


def test_the_same_listing_loses_nothing(compared):
    found = compared(BEFORE)
    assert (found.kept, found.moved, found.lost, found.added) == (6, [], [], [])


def test_a_test_in_another_file_is_moved_and_not_lost(compared):
    found = compared(BEFORE.replace("tests/test_a.py", "tests/model/test_bars.py"))
    assert {new for _, new, _ in found.moved} == {"tests/model/test_bars.py"}
    assert (len(found.moved), found.lost, found.added) == (3, [], [])


def test_of_two_tests_of_one_name_one_that_is_gone_is_lost(compared):
    found = compared(BEFORE.replace("tests/c/test_status.py::test_status\n", ""))
    assert found.lost == [("tests/c/test_status.py", "test_status")]


def test_of_two_tests_of_one_name_each_is_paired_with_its_own(compared):
    found = compared(BEFORE.replace("tests/b/", "tests/x/b/").replace("tests/c/", "tests/x/c/"))
    assert ("tests/b/test_status.py", "tests/x/b/test_status.py", "test_status") in found.moved
    assert ("tests/c/test_status.py", "tests/x/c/test_status.py", "test_status") in found.moved


def test_parameters_that_are_gone_are_lost_and_their_successors_named(compared):
    found = compared(BEFORE.replace("test_many[2]", "test_many[3]"))
    assert found.lost == [("tests/test_a.py", "test_many[2]")]
    assert found.renamed == [("test_many[2]", "test_many[3]")]


def test_a_name_that_is_much_alike_may_be_the_new_name(compared):
    found = compared(BEFORE.replace("test_in_a_class", "test_in_one_class"))
    assert found.renamed == [("TestIt::test_in_a_class", "TestIt::test_in_one_class")]


def test_the_command_fails_when_a_test_is_lost(compare_tests, tmp_path, capsys):
    before, after = tmp_path / "before", tmp_path / "after"
    before.write_text(BEFORE)
    after.write_text(BEFORE.replace("tests/test_a.py::test_one\n", "tests/test_a.py::test_another_thing\n"))
    assert compare_tests.main([str(before), str(before)]) == 0
    assert compare_tests.main([str(before), str(after)]) == 1
    assert "LOST   tests/test_a.py::test_one" in capsys.readouterr().out
