"""`${NAME}` in a text: what it becomes, and what is wrong with it."""

from __future__ import annotations

import pytest

from wealthsources.config.interpolation import expand
from wealthsources.config.yaml_document import parse

from .conftest import mistakes, refusal, value


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${A}", "one"),
        ("x${A}y", "xoney"),
        ("${A}${B}", "onetwo"),
        ("${A:-default}", "one"),
        ("${NONE:-default}", "default"),
        ("${NONE:-}", ""),
        ("${EMPTY:-default}", "default"),
        ("${EMPTY}", ""),
        ("${NONE:-wss://x:18000/a?b=c}", "wss://x:18000/a?b=c"),
        ("${NONE:-data/{symbol}/{timeframe}.csv}", "data/{symbol}/{timeframe}.csv"),
        ("$${A}", "${A}"),
        ("$${", "${"),
        ("$${A} ${A}", "${A} one"),
        ("$A $ $$ }", "$A $ $$ }"),
        ("${YAML}", "[1, {a: *b}] # ${A}"),
    ],
)
def test_variables_are_expanded_in_text(text, expanded):
    environ = {"A": "one", "B": "two", "EMPTY": "", "YAML": "[1, {a: *b}] # ${A}"}
    assert value(f"a: '{text}'", **environ) == {"a": expanded}


@pytest.mark.parametrize(
    "text", ["${", "${A", "${}", "${1A}", "${A-B}", "${A:B}", "${A:-x{y}", "${A:-${B}}", "${A:-${B:-c}}", "x ${ y"]
)
def test_a_broken_variable_is_told_and_nothing_of_the_text_is_shown(text):
    (line,) = mistakes(f"ok: 1\na: 'secret {text}'", A="one", B="two")
    assert line.startswith("c.yaml:2: a: a `${` is neither ${NAME} nor ${NAME:-default}; for the two characters")
    assert "secret" not in line


def test_an_unset_variable_is_told_with_the_remedy():
    assert mistakes("a:\n  - x\n  - 'y ${NONE}'\n") == [
        "c.yaml:3: a[1]: the environment variable NONE is not set; set it, or write ${NONE:-default}"
    ]


def test_it_is_known_which_variables_went_into_a_text():
    document = parse("a: ${A}-${B}-${A}\nb: ${NONE:-x}\nc: x\n", "c.yaml", {"A": "1", "B": "2"})
    assert document.variables == {("a",): ("A", "B")}


def test_variables_cannot_grow_without_end():
    assert mistakes("a: " + "${A}" * 20, A="x" * 100_000) == [
        "c.yaml:1: a: the values of the variables in this text are too long"
    ]
    text = "a: &a '${A}'\nb: [" + ", ".join(["*a"] * 20) + "]"
    assert "grow to more than 1 MiB" in refusal(text, A="x" * 100_000)


# without a file


def test_a_text_comes_with_the_names_of_the_variables_that_went_into_it_each_once():
    environ = {"A": "one", "B": "two", "EMPTY": ""}
    assert expand("${B}-${A}-${B}${EMPTY}", environ, 100) == ("two-one-two", ("B", "A", "EMPTY"))


def test_a_default_is_the_files_own_text():
    assert expand("${NONE:-x} ${EMPTY:-y}", {"EMPTY": ""}, 100) == ("x y", ())


def test_what_was_inserted_is_not_expanded_again():
    assert expand("${A}", {"A": "${B} $${", "B": "no"}, 100) == ("${B} $${", ("A",))


def test_a_text_without_a_variable_stays_as_it_is():
    assert expand("$ {A} $A } $$", {"A": "one"}, 0) == ("$ {A} $A } $$", ())


def test_as_much_as_the_limit_may_be_inserted_and_no_more():
    assert expand("${A}${A}", {"A": "xx"}, 4) == ("xxxx", ("A",))
    with pytest.raises(ValueError, match="the values of the variables in this text are too long"):
        expand("${A}${A}", {"A": "xx"}, 3)


def test_a_default_counts_nothing_against_the_limit():
    assert expand("${NONE:-xxxx}", {}, 0) == ("xxxx", ())


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(ValueError, match=r"^the environment variable NONE is not set; .* write \$\{NONE:-default\}$"):
        expand("${NONE}", {}, 100)


@pytest.mark.parametrize("name", ["_A", "a1", "A_B_2"])
def test_a_name_is_letters_digits_and_underscores(name):
    assert expand(f"${{{name}}}", {name: "x"}, 100) == ("x", (name,))
