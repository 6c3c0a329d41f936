"""What cannot be run is said on one line."""

from __future__ import annotations

from wealthsources_verify.errors import Unusable

from .conftest import refused


def test_a_refusal_is_one_line_whatever_is_in_it(command, data, tmp_path):
    refused(command(tmp_path / "two\nlines.py", data()), "two lines.py: no such file")


def test_it_is_no_error_of_the_data():
    assert Unusable.__mro__[1] is Exception
