"""Docstrings become Markdown: their tables, drawings and code stay readable."""

from __future__ import annotations

import pytest

from tools.docs.docstrings import cell, comments, markdown, rows, signature, text_of

TABLE = """url       where it is; None: nowhere
key, secret  never shown,
             to nobody"""


def test_a_table_becomes_a_list_and_rows_are_found_by_each_name():
    assert markdown(TABLE) == "- `url`: where it is; None: nowhere\n- `key, secret`: never shown, to nobody"
    said = "never shown, to nobody"
    assert rows(f"First words.\n\n{TABLE}") == {"url": "where it is; None: nowhere", "key": said, "secret": said}


def test_each_value_on_a_line_of_its_own_stays_apart():
    assert rows("df  True: a frame\n    False: a dict")["df"] == "True: a frame · False: a dict"


def test_prose_stays_prose_and_what_markdown_would_read_is_escaped():
    assert markdown("One line\nand *another*, `a_b*` and c_d < 1.\n\n    code = 1") == (
        "One line\nand \\*another\\*, `a_b*` and c\\_d &lt; 1.\n\n    code = 1"
    )
    assert markdown("A\n├── B") == "```text\nA\n├── B\n```"
    assert cell("a | b\nc") == "a \\| b c"


def test_a_docstring_that_is_inherited_or_generated_is_none_of_its_own():
    class Base:
        """Of the base."""

    class Own(Base):
        pass

    assert text_of(Base) == "Of the base."
    assert text_of(Own) == ""


@pytest.mark.parametrize(
    ("function", "shown"),
    [
        (lambda a, b=1: a, "f(a, b=1)"),
        (
            lambda first, second=("x,y", 2), *, third_argument_with_a_long_name=None, fourth_of_them=None, fifth=None: (
                0
            ),
            None,
        ),
    ],
)
def test_a_call_is_shown_with_one_argument_a_line_if_it_is_long(function, shown):
    text = signature("f", function)
    if shown:
        assert text == shown
    else:
        assert text.splitlines()[1:4] == ["    first,", "    second=('x,y', 2),", "    *,"]
        assert text.endswith("\n)")


def test_what_a_comment_says_of_a_value_is_found():
    from wealthsources.model import times

    assert comments(times)["EARLIEST_TIME"].startswith("1980-01-01, in ms")
