"""The line of the file below a mistake: carets under the place, and nothing secret in it."""

from __future__ import annotations

import pydantic
import pytest
from hypothesis import given, strategies as st

from wealthsources.config.quoting import Scalar, Span, cells, quote
from wealthsources.config.settings import read_config
from wealthsources.config.yaml_document import parse
from wealthsources.model.errors import MARGIN, ConfigError

from .conftest import LIVE, SECRET, Leaky, Options

SOURCES = "sources: [{plugin: context}]\n"


@pytest.fixture
def quoted(read):
    """(line and column, the quoted line, what the carets are under) for each mistake of a text."""

    def reading(text, model=None):
        with pytest.raises(ConfigError) as caught:  # noqa: PT012 - the one or the other
            config = read(text)
            config.options(1, model or Options)
        return [shown(mistake) for mistake in caught.value.mistakes]

    return reading


def shown(mistake):
    said, line, carets = mistake.split("\n")
    assert line.startswith(MARGIN)
    assert carets.startswith(MARGIN)
    line, carets = line[len(MARGIN) :], carets[len(MARGIN) :]
    place = ":".join(said.split(": ")[0].split(":")[1:])
    return place, line, under(line, carets)


def under(line, carets):
    """What the carets are under, by the columns of a terminal."""
    start, end = len(carets) - len(carets.lstrip()), len(carets.rstrip())
    at, found = 0, ""
    for letter in line:
        found += letter if start <= at < end else ""
        at += cells(letter)
    return found


# Where the carets are


def test_the_message_keeps_its_line_and_the_file_is_quoted_below_it(read):
    with pytest.raises(ConfigError) as caught:
        read(SOURCES + "clock:   moon\n")
    assert str(caught.value) == (
        "config.yaml:2:10: clock: should be 'system' or 'feed', received 'moon'\n  | clock:   moon\n  |          ^^^^"
    )


@pytest.mark.parametrize(
    ("text", "place", "marked"),
    [
        ("clock: moon", "2:8", "moon"),
        ("clock: 'moon'", "2:8", "'moon'"),
        ("clock:", "2:1", "clock"),
        ("clock:\n  moon", "2:1", "clock"),  # not on its line
        ("clok: feed", "2:1", "clok"),
        ("'clok': feed", "2:1", "'clok'"),
        ("? clok\n: feed", "2:3", "clok"),
        ("clock: [feed]", "2:1", "clock"),
        ("plugins: {allow: [a], alow: [b]}", "2:23", "alow"),
        ("plugins: {allow: context}", "2:18", "context"),
        ("plugins:\n  allow:\n    - context\n    - 12", "5:7", "12"),
        ("markets: [{prices: any}]", "2:11", "{prices: any}"),
        ("markets:\n  - prices: any", "3:5", "p"),
        ("clock: feed\nclock: feed", "3:1", "clock"),
        ("late_after: 0123", "2:13", "***"),
        ("\tclock: feed", "2:1", " "),
    ],
)
def test_the_carets_are_under_the_value_else_under_the_key(quoted, text, place, marked):
    ((told, _, found),) = quoted(SOURCES + text + "\n")
    assert (told, found) == (place, marked)


def test_several_mistakes_on_one_line_have_a_column_each(quoted):
    text = "plugins: {allow: x, alow: y, alov: z}\n"
    assert [(place, mark) for place, _, mark in quoted(SOURCES + text)] == [
        ("2:18", "x"),
        ("2:21", "alow"),
        ("2:30", "alov"),
    ]


@pytest.mark.parametrize("name", ["北京", "\uff57\uff49", "e\u0301te\u0301", "한국", "🚀x"])
def test_wide_and_joined_letters_shift_the_carets(quoted, name):
    ((_, line, mark),) = quoted(f"sources: [{{name: {name}, plugin: 12}}]\n")
    assert (name in line, mark) == (True, "12")


def test_tabs_and_what_cannot_be_seen_take_one_column(quoted):
    ((_, line, mark),) = quoted('sources: [{name: "a\tb", plugin: 12}]\n')
    assert (mark, "\t" in line) == ("12", False)
    ((_, line, mark),) = quoted("sources: [{name: a\u202eb, plugin: 12}]\n")
    assert (mark, "\u202e" in line) == ("12", False)


@pytest.mark.parametrize("before", [0, 500])
@pytest.mark.parametrize("after", [0, 500])
def test_a_long_line_is_cut_around_the_carets(quoted, before, after):
    text = f"sources: [{{name: a{'b' * before}, plugin: 12, keep: {'t' * after}}}]\n"
    (_, line, mark), *_ = quoted(text)
    assert mark == "12"
    assert cells(line) <= 100
    assert line.startswith("…") is (before > 0)
    assert line.endswith("…") is (after > 0)


def test_a_value_that_is_too_long_is_marked_as_far_as_it_is_shown(quoted):
    ((_, line, mark),) = quoted(SOURCES + f"clock: {'x' * 500}\n")
    assert cells(line) <= 100
    assert line == f"clock: {mark}"
    assert mark.endswith("x…")
    ((_, line, mark),) = quoted(SOURCES + f"{'k' * 500}: 1\n")
    assert cells(line) <= 100
    assert line == mark


def test_a_merged_key_is_marked_where_it_is_written(quoted):
    ((place, line, mark),) = quoted("sources:\n  - &base {plugin: context, optional: 7}\n  - {<<: *base, name: b}\n")[
        :1
    ]
    assert (place, line, mark) == ("2:39", "  - *** {plugin: context, optional: 7}", "7")


def test_an_alias_is_marked_at_its_key(quoted):
    ((place, line, mark),) = quoted("sources:\n  - {plugin: &x context}\nclock: *x\n")
    assert (place, line, mark) == ("3:1", "clock: ***", "clock")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028"])
def test_every_kind_of_line_break_ends_a_line(newline):
    text = newline.join(["a: 1", "b: 2", "b: 3", "c: 4"])
    (mistake,) = parse(text, "c.yaml", {}).mistakes
    assert (mistake.line, mistake.column) == (3, 1)
    assert mistake.quote == f"{MARGIN}b: ***\n{MARGIN}^"


def test_a_byte_order_mark_is_no_column(quoted):
    ((_, _, mark),) = quoted("\ufeffclok: feed\n" + SOURCES)
    assert mark.endswith("clok")


def test_the_options_of_a_plugin_have_columns_too(quoted):
    assert quoted(LIVE + "      resolutions: [1m, 5x]\n      port: soon\n") == [
        ("6:25", "      resolutions: [1m, 5x]", "5x"),
        ("7:13", "      port: soon", "soon"),
    ]


def test_a_rule_that_begins_with_an_option_is_marked_there(quoted):
    class Rule(pydantic.BaseModel, extra="forbid"):
        low: int
        high: int

        @pydantic.model_validator(mode="after")
        def _ordered(self):
            raise ValueError("high: must be above low")

    ((place, line, mark),) = quoted(LIVE + "      low: 2\n      high: 1\n", Rule)
    assert (place, line, mark) == ("7:13", "      high: 1", "1")


def test_settings_that_stand_in_no_file_quote_nothing():
    import wealthsources

    with pytest.raises(ConfigError) as caught:
        wealthsources.open({"clok": 1})
    assert MARGIN not in str(caught.value)


# What is shown


@pytest.mark.parametrize(
    "line",
    [
        "csrf_token: hunter2\n      port: x",
        "csrf_tokn: hunter2",
        "password: hunter2",
        "{csrf_token: hunter2, port: x}",
        "{csrf_token: [hunter2, x], port: x}",
        "{csrf_token: {hunter2: 1}, port: x}",
        "{csrf_token: &hunter2 x, port: x}",
        "{csrf_token: !hunter2 x, port: x}",
        "port: x # was hunter2",
        "{port: x, api_key: &a hunter2, path: *a}",
        "{port: x, nobody: hunter2}",
        "port: '${SECRET}'",
        "port: ['${SECRET}', hunter2]",
        "{port: x, path: '${SECRET}', endpoint: 'wss://user:hunter2@example.org/?key=hunter2'}",
        "{port: x, port: hunter2}",
    ],
)
def test_no_quoted_line_shows_a_secret(read, secret, line):
    head = "    options: " if line.startswith("{") else "    options:\n      "
    with pytest.raises(ConfigError) as caught:
        read("sources:\n  - plugin: context\n  - name: live\n    plugin: websocket\n" + head + line + "\n").options(
            1, Options
        )
    assert MARGIN in str(caught.value)
    assert SECRET not in str(caught.value).replace("wss://example.org", "")


def test_a_secret_is_not_shown_where_it_stands_a_second_time(quoted):
    text = "      {choice: b, token: hunter2, listed: [hunter2, other]}\n"
    mistakes = quoted(LIVE + text, Leaky)
    assert {line for _, line, _ in mistakes} == {"      {choice: b, token: ***, listed: [***, other]}"}


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("${SECRET}", "'${SECRET}'"),
        ("${SECRET:-}", "'${SECRET:-}'"),
        ("${SECRET:-hunter2}", "'${SECRET:-***}'"),
        ("x${SECRET}", "***"),
        ("${SECRET}${SECRET}", "***"),
    ],
)
def test_of_a_secret_that_comes_from_a_variable_its_name_is_shown(quoted, secret, written, seen):
    ((_, line, _),) = quoted(LIVE + f"      csrf_token: ['{written}']\n")
    assert line == f"      csrf_token: [{seen}]"


def test_other_options_on_the_line_are_shown(quoted):
    ((_, line, _),) = quoted(LIVE + "      {port: x, endpoint: wss://example.org, resolutions: [1m]}\n")
    assert line == "      {port: x, endpoint: wss://example.org, resolutions: [1m]}"


def test_a_user_and_a_query_in_an_address_are_not_shown(quoted):
    ((_, line, _),) = quoted(LIVE + "      {port: x, endpoint: 'wss://me:pass@example.org/a?key=x'}\n")
    assert line == "      {port: x, endpoint: 'wss://***@example.org/***'}"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("wss://me:hun/hunter2@example.org", "wss://***@example.org"),
        ("wss://me:hun@hunter2@example.org", "wss://***@example.org"),
        ("wss://me:hun hunter2@example.org", "wss://***@example.org"),
        ("me:hunter2@example.org", "***@example.org"),
        ("wss:/me:hunter2@example.org", "***@example.org"),
        ("WSS://example.org/ws/hunter2", "WSS://example.org/***"),
        ("https://example.org/v3;key=hunter2", "https://example.org/***"),
        ("wss://example.org?a=b c=hunter2", "wss://example.org?***"),
        ("wss://example.org#hunter2", "wss://example.org#***"),
        ("wss://example.org/", "wss://example.org/"),
    ],
)
def test_no_form_of_an_address_shows_a_password_or_a_key(quoted, address, shown):
    lines = {line for _, line, _ in quoted(LIVE + f"      {{port: x, endpoint: '{address}'}}\n")}
    assert lines == {f"      {{port: x, endpoint: '{shown}'}}"}


@pytest.mark.parametrize(
    "text",
    [
        "password: hun: hunter2",
        "password: *hunter2",
        "password: [hunter2",
        "password: 'hunter2",
        "password: hunter2\x01",
        "a: hunter2\n\tb: 1",
        "password: hunter2 # hunter2\n b: 1",
        "password: @hunter2",
        "password: %hunter2",
        "password: `hunter2",
        "a: {b: ${hunter2}}",
    ],
)
def test_what_is_no_yaml_is_quoted_without_its_values(tmp_path, text):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "c.yaml")
    assert MARGIN in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_what_is_no_yaml_shows_its_keys(read):
    with pytest.raises(ConfigError) as caught:
        read("sources: [{plugin: context, optional: yes}\nclock: feed\n")
    assert str(caught.value).splitlines()[1:] == ["  | clock: ***", "  | ^^^^^"]


def test_a_part_that_no_scalar_covers_is_masked():
    text = "a: b c"
    scalars = [Scalar(Span(0, 1), ("a",), is_key=True), Scalar(Span(3, 4), ("a",), is_key=False)]
    assert quote(text, Span(0, 1), scalars, lambda *_: True) == "  | a: b ***\n  | ^"


# Anything at all


@given(st.text(alphabet="abé北01:-_.,[]{}&*!?|>'\"%@`#~<=$ \n\t\r\\", max_size=80))
def test_any_text_is_quoted_as_one_line_with_carets(text):
    try:
        document = parse(text, "c.yaml", {})
    except ConfigError as error:
        quotes = [mistake.split("\n", 1)[1] for mistake in error.mistakes if MARGIN in mistake]
    else:
        made = [document.mistake(place, "is bad") for place in [(), *document.keys]]
        quotes = [mistake.quote for mistake in (*document.mistakes, *made) if mistake.quote]
    for each in quotes:
        line, carets = each.split("\n")
        assert line.startswith(MARGIN)
        assert set(carets.removeprefix(MARGIN)) <= {" ", "^"}
        assert "^" in carets
        assert cells(line) <= 100 + len(MARGIN)
