"""YAML and `${NAME}`: values with their lines; nothing unsafe, nothing endless, nothing taken for something else."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, strategies as st

from wealthsources.config.settings import read_config
from wealthsources.config.yaml_document import parse, read_text
from wealthsources.model.errors import ConfigError

from .conftest import mistakes, refusal, value

# The file itself


def test_a_file_that_is_not_there_is_told_with_a_remedy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^config.yaml: no such file; write it, or give the path"):
        read_config("config.yaml")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="is a folder; give the path of the file in it"):
        read_config(tmp_path)


def test_what_else_the_system_says_is_passed_on(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be read: Not a directory; check the path and its permissions"):
        read_config(tmp_path / "file" / "config.yaml")


def test_a_file_that_is_not_utf_8_is_told_with_the_line(tmp_path):
    (tmp_path / "c.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"c.yaml:2: is not UTF-8 text \(byte 0xe9\); save it as UTF-8"):
        read_text(tmp_path / "c.yaml")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    (tmp_path / "c.yaml").write_bytes(b"\xef\xbb\xbfa: \xc3\xa9\n")
    assert value(read_text(tmp_path / "c.yaml")) == {"a": "é"}


def test_a_file_of_more_than_1_mib_is_refused(tmp_path):
    (tmp_path / "c.yaml").write_text("#" * (1 << 20))
    assert len(read_text(tmp_path / "c.yaml")) == 1 << 20
    (tmp_path / "c.yaml").write_text("#" * ((1 << 20) + 1))
    with pytest.raises(ConfigError, match="is larger than 1 MiB"):
        read_text(tmp_path / "c.yaml")


# Values and lines


def test_plain_values():
    assert value("a: 1\nb: 0.5\nc: true\nd: ~\ne: text\nf: [x, 'y']\ng: {h: {}}\n") == {
        "a": 1,
        "b": 0.5,
        "c": True,
        "d": None,
        "e": "text",
        "f": ["x", "y"],
        "g": {"h": {}},
    }


def test_an_empty_document_is_an_empty_mapping():
    assert value("") == value("# only this\n") == {}


def test_lines_are_those_of_keys_and_items():
    document = parse("a:\n  b: 1\n\n  c:\n    - x\n    - y: 1\n      z:\n        2\n", "c.yaml", {})
    places = {(): 1, ("a",): 1, ("a", "b"): 2, ("a", "c"): 4, ("a", "c", 0): 5, ("a", "c", 1, "y"): 6}
    assert {place: document.line(place) for place in places} == places
    assert document.line(("a", "c", 1, "z")) == 7


def test_a_place_that_is_not_there_has_the_line_of_what_is_around_it():
    document = parse("a: 1\nb:\n  c: 2\n", "c.yaml", {})
    assert document.line(("b", "missing", 3)) == 2
    assert document.line(("missing",)) == 1


def test_keys_are_the_text_as_written():
    assert value("on: 1\n1: 2\n0123: 3\n~: 4\n'': 5\n") == {"on": 1, "1": 2, "0123": 3, "~": 4, "": 5}


def test_the_signs_that_the_safe_loader_stumbles_over_are_text():
    assert value("a: =\nb: <<\n") == {"a": "=", "b": "<<"}


# Aliases and merge keys


def test_aliases_stand_for_their_value():
    assert value("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


def test_merged_keys_give_way_to_own_ones_and_to_earlier_ones():
    text = "base: &b {x: 1, y: 1, z: 1}\nmore: &m {y: 2, w: 2}\nall: {x: 0, <<: [*m, *b]}\n"
    assert value(text)["all"] == {"x": 0, "y": 2, "w": 2, "z": 1}


def test_a_merged_key_has_the_line_where_it_is_written():
    document = parse("base: &b\n  x: 1\nall:\n  <<: *b\n", "c.yaml", {})
    assert document.line(("all", "x")) == 2


def test_only_mappings_can_be_merged():
    assert mistakes("a:\n  <<: [1]\n") == ["c.yaml:2: a.<<: takes a mapping or a list of mappings"]


def test_a_billion_laughs_are_refused():
    lines = ["a0: &a0 [lol]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "has more than 100000 values, counting each use of an alias" in refusal("\n".join(lines))


def test_a_billion_merges_are_refused():
    lines = ["a0: &a0 {x: 1}"] + [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 12)]
    assert "has more than 100000 values" in refusal("\n".join(lines))


def test_keys_that_are_merged_again_and_again_are_counted():
    keys = ", ".join(f"k{number}: 1" for number in range(500))
    assert "has more than 100000 values" in refusal(f"a: &a {{{keys}}}\nb: {{<<: [{'*a, ' * 250}]}}")


def test_100000_values_are_not_too_many():
    text = f"a: &a [{'1, ' * 900}]\nb: [{'*a, ' * 109}]"
    assert len(value(text)["b"]) == 109
    assert "has more than 100000 values" in refusal(text.replace("b: [", "b: [*a, "))


@pytest.mark.parametrize("text", ["a: &x [*x]", "a: &x {b: *x}", "a: &x\n  <<: *x\n", "a: &x [*x, *x]"])
def test_an_alias_in_itself_is_refused(text):
    assert "or in itself" in refusal(text)


@pytest.mark.parametrize("depth", [101, 600])
def test_what_is_nested_too_deeply_is_refused(depth):
    assert "nested" in refusal("[" * depth + "]" * depth)


def test_100_levels_are_not_too_deep():
    value("[" * 100 + "]" * 100)


# What is no YAML, or not the safe kind


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\n\tb: 2", "c.yaml:2:1: not valid YAML: while scanning for the next token, found character '\\t'"),
        ("a: [1", "c.yaml:1:6: not valid YAML: while parsing a flow sequence, expected ',' or ']'"),
        ("a: 1\n b: 2", "c.yaml:2:3: not valid YAML: mapping values are not allowed here"),
        ("a: 1\n---\nb: 2", "c.yaml:2:1: not valid YAML: expected a single document"),
        ("a: 1\nb: x\x01y", "c.yaml:2:5: not valid YAML: special characters are not allowed (#x0001)"),
        ("a: *nothing", "c.yaml:1:4: not valid YAML: found undefined alias"),
    ],
)
def test_what_is_no_yaml_is_told_on_one_line_with_line_and_column(text, said):
    assert refusal(text).startswith(said)


def test_a_variable_that_yaml_cannot_read_unquoted_is_to_be_quoted():
    assert refusal("a: {b: ${X:-y}}").endswith("between { } or [ ], write '${…}' in quotes")


@pytest.mark.parametrize(
    "text", ["token: *hunter2", "token: !hunter2 x", "token: !hunter2!x y", "[&hunter2 !!set {a}]"]
)
def test_a_secret_that_nobody_quoted_is_not_shown(text):
    try:
        said = " ".join(mistakes(text))
    except ConfigError as exc:
        said = str(exc)
    assert said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "tag", ["python/object/apply:os.system [ls]", "python/name:os.system", "python/tuple [1]", "set {a}", "binary aGk="]
)
def test_only_plain_values_are_made(tag):
    (line,) = mistakes(f"ok: 1\na: !!{tag}\n")
    assert line == f"c.yaml:2: a: the tag !!{tag.split()[0]} is not allowed; remove it, or quote the text"


def test_a_tag_on_a_key_is_no_plain_text():
    assert mistakes("? !!python/name:os.system\n: 1\n") == ["c.yaml:1: a key must be plain text"]


@pytest.mark.parametrize("text", ["? [a, b]\n: 1\n", "? {a: b}\n: 1\n"])
def test_a_key_is_plain_text(text):
    assert mistakes(text) == ["c.yaml:1: a key must be plain text"]


@pytest.mark.parametrize("text", ["!!int x", "!!float x", "!!bool x", "!!timestamp x", "2026-13-45", "!!int ''"])
def test_a_value_that_is_not_what_its_tag_says_is_told(text):
    (line,) = mistakes(f"a: {text}")
    assert line.startswith("c.yaml:1: a: is no valid ")


def test_a_number_with_more_digits_than_python_reads_is_told():
    assert mistakes(f"a: {'9' * 5000}") == ["c.yaml:1: a: is no valid int"]


@pytest.mark.parametrize("text", ["0123", "-017", "000001", "1:30", "1:30:00", "1:30.5"])
def test_a_number_that_yaml_reads_as_another_is_to_be_quoted(text):
    (line,) = mistakes(f"a: {text}")
    assert line == "c.yaml:1: a: is another number in YAML (0123 is 83, 1:30 is 90): quote it"
    assert value(f"a: '{text}'") == {"a": text}


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("0.5", 0.5), ("10", 10), ("-1", -1), ("1.5e+3", 1500)])
def test_ordinary_numbers_are_numbers(text, number):
    assert value(f"a: {text}") == {"a": number}


def test_a_key_that_is_given_twice_is_told_with_both_lines():
    text = "a:\n  x: 1\n  y: 2\n  x: 3\n"
    assert mistakes(text) == ["c.yaml:4: a.x: is given twice, first on line 2; remove one"]


def test_keys_are_the_same_however_they_are_quoted():
    assert mistakes("on: 1\n'on': 2\n") == ["c.yaml:2: on: is given twice, first on line 1; remove one"]


# Variables


def test_variables_are_expanded_in_every_kind_of_text():
    text = """\
    plain: ${A}
    double: "${A}"
    block: |
      ${A}
    list: ["${A}"]
    """
    assert value(text, A="x") == {"plain": "x", "double": "x", "block": "x\n", "list": ["x"]}


def test_what_comes_from_a_variable_is_text():
    assert value("a: ${A}", A="12") == {"a": "12"}


def test_keys_are_not_expanded():
    assert value("${A}: 1", A="x") == {"${A}": 1}


def test_the_process_environment_is_the_default(monkeypatch):
    monkeypatch.setenv("SOME_NAME", "x")
    assert parse("a: ${SOME_NAME}", "c.yaml").value == {"a": "x"}


# Anything at all


@given(st.text(alphabet="ab01:-_.,[]{}&*!?|>'\"%@`#~<=$ \n\t\\", max_size=60))
def test_any_text_ends_in_values_or_in_a_config_error(text):
    try:
        document = parse(text, "c.yaml", {})
    except ConfigError:
        return
    for mistake in document.mistakes:
        assert "\n" not in mistake.report("c.yaml")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON.filter(lambda data: data is not None))
def test_what_yaml_writes_is_read_back(data):
    text = yaml.safe_dump(data)
    if "${" not in text:
        assert parse(text, "c.yaml", {}).value == data
