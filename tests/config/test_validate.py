"""What a model says of values: in our words, at our places, and without a secret in any form."""

from __future__ import annotations

import traceback

import pydantic
import pytest

from wealthsources.config.diagnostics import Diagnostic
from wealthsources.config.settings import Config
from wealthsources.config.validate import check
from wealthsources.config.yaml_document import Document
from wealthsources.model.errors import ConfigError
from wealthsources.model.timeframe import Timeframe

from .conftest import KNOWN, SECRET, Leaky, Options

SOURCES = "sources: [{plugin: context}]\n"


def test_a_validators_message_stands_behind_file_line_and_key(bad_options):
    lines = bad_options("resolutions:\n  - 1m\n  - 5x")
    assert lines == [f"config.yaml:8: sources[1].options.resolutions[1]: '5x' is not a timeframe; known: {KNOWN}"]


def test_in_a_flow_list_too(bad_options):
    (line,) = bad_options("port: 1\nresolutions: [1m, 5x]")
    assert line.startswith("config.yaml:7: sources[1].options.resolutions[1]: '5x' is not a timeframe")


def test_a_missing_option_is_told_at_its_options(bad_options):
    class Needs(pydantic.BaseModel):
        url: str

    assert bad_options("x: 1", Needs) == ["config.yaml:5: sources[1].options.url: is missing; it must be given"]


def test_a_limit_is_told_with_what_was_received(bad_options):
    class Limits(pydantic.BaseModel):
        part: float = pydantic.Field(0.5, lt=1)
        name: str = pydantic.Field("", max_length=3)

    assert bad_options("part: 1.5\nname: spot-1", Limits) == [
        "config.yaml:6: sources[1].options.part: should be less than 1.0, received 1.5",
        "config.yaml:7: sources[1].options.name: is too long; the longest has 3, received 'spot-1'",
    ]


@pytest.mark.parametrize(("given", "read_as"), [("123", "123"), ("NO", "NO"), ("1.50", "1.50"), ("~", "~")])
def test_a_symbol_that_yaml_reads_as_something_else_is_to_be_quoted(bad_options, options, given, read_as):
    class Symbols(pydantic.BaseModel):
        symbols: list[str]

    (line,) = bad_options(f"symbols: [BTC, {given}]", Symbols)
    assert line.endswith(f"options.symbols[1]: should be text, received {read_as}; write it in quotes")
    assert options(f"symbols: [BTC, '{given}']", Symbols).symbols[1] == given


def test_a_rule_about_several_options_stands_at_the_options(bad_options):
    class Rule(pydantic.BaseModel):
        low: int
        high: int

        @pydantic.model_validator(mode="after")
        def _ordered(self):
            if self.low > self.high:
                raise ValueError("low must not be above high")
            return self

    assert bad_options("low: 2\nhigh: 1", Rule) == ["config.yaml:5: sources[1].options: low must not be above high"]


def test_pydantics_other_messages_come_without_its_input_words(bad_options):
    class Short(pydantic.BaseModel):
        code: str = pydantic.Field(pattern="^[a-z]$")

    assert bad_options("code: '1'", Short) == [
        "config.yaml:6: sources[1].options.code: String should match pattern '^[a-z]$'"
    ]


def test_a_fault_of_the_model_itself_is_told_with_its_place_and_without_its_message(bad_options):
    class Broken(pydantic.BaseModel):
        x: int

        @pydantic.field_validator("x")
        @classmethod
        def _fail(cls, value: int) -> int:
            raise KeyError("hunter2")

    (line,) = bad_options("x: 1", Broken)
    assert line.startswith("config.yaml:5: sources[1].options: could not be checked: Broken raised KeyError (")
    assert "test_validate.py:" in line
    assert "hunter2" not in line


def test_a_long_value_is_not_repeated(bad_options):
    assert bad_options(f"port: {'x' * 500}") == ["config.yaml:6: sources[1].options.port: should be a whole number"]


def test_a_list_whose_only_item_is_wrong_is_not_also_too_short():
    """pydantic drops the wrong item before it counts."""

    class Options(pydantic.BaseModel, extra="forbid"):
        numbers: tuple[int, ...] = pydantic.Field(min_length=1)

    config = Config.from_mapping({"sources": [{"plugin": "file", "options": {"numbers": ["x"]}}]})
    with pytest.raises(ConfigError) as caught:
        config.options(0, Options)
    assert str(caught.value).count("\n") == 0
    assert "numbers[0]" in str(caught.value)
    empty = Config.from_mapping({"sources": [{"plugin": "file", "options": {"numbers": []}}]})
    with pytest.raises(ConfigError, match="numbers: should have at least 1"):
        empty.options(0, Options)


def test_a_value_from_the_environment_is_not_shown_but_its_variable_is(refused, secret):
    assert refused("clock: ${SECRET}\n" + SOURCES) == [
        "config.yaml:1: clock: should be 'system' or 'feed'; it comes from ${SECRET}"
    ]


def test_a_default_from_the_file_is_shown(refused):
    assert refused("clock: ${NOT_SET:-fed}\n" + SOURCES) == [
        "config.yaml:1: clock: should be 'system' or 'feed', received 'fed'"
    ]


def test_a_validators_message_about_the_environment_is_shown_with_a_mask(bad_options, secret):
    assert bad_options("endpoint: http://${SECRET}/") == [
        "config.yaml:6: sources[1].options.endpoint: '***' is no wss:// address; it comes from ${SECRET}"
    ]


@pytest.mark.parametrize("how", ["in one text", "item by item"])
def test_an_item_of_a_list_from_the_environment_is_masked_as_well(bad_options, monkeypatch, how):
    class Listed(pydantic.BaseModel):
        resolutions: str

        @pydantic.field_validator("resolutions")
        @classmethod
        def _known(cls, value: str) -> str:
            return ",".join(Timeframe(name.strip()).name for name in value.split(","))

    class Split(Options):
        @pydantic.field_validator("resolutions", mode="before")
        @classmethod
        def _split(cls, value: object) -> object:
            return [name.strip() for name in value.split(",")] if isinstance(value, str) else value

    model = {"in one text": Listed, "item by item": Split}[how]
    monkeypatch.setenv("RESOLUTIONS", "1m, 5x, 6x")
    (line,) = bad_options("resolutions: ${RESOLUTIONS}", model)
    place, message = "config.yaml:6: sources[1].options.resolutions", f"'***' is not a timeframe; known: {KNOWN}"
    assert line == f"{place}: {message}; it comes from ${{RESOLUTIONS}}"


@pytest.mark.parametrize(
    "text",
    [
        "upper: ${SECRET}",
        "upper: a-${SECRET}-b",
        "token: hunter2",
        "token: [hunter2]",
        "tokens: {hunter2: [x]}",
        "tokens: hunter2",
        "token: {a: hunter2, hunter2: b}",
        "choice: ${SECRET}",
        "rule: true\ntoken: hunter2",
        "rule: true\nupper: ${SECRET}",
        "rule: true\nlisted: [a, '${SECRET}']",
    ],
)
def test_no_message_shows_a_secret_in_any_form(bad_options, secret, text):
    lines = " ".join(bad_options(text, Leaky)).casefold()
    assert "config.yaml:" in lines
    assert SECRET not in lines
    assert SECRET[::-1] not in lines


@pytest.mark.parametrize("change", [str.upper, str.lower])
def test_no_message_about_all_options_shows_a_secret_in_other_letters(bad_options, monkeypatch, change):
    class Shouting(pydantic.BaseModel):
        name: str

        @pydantic.model_validator(mode="after")
        def _never(self):
            raise ValueError(f"bad: {change(self.name)}")

    monkeypatch.setenv("NAME", "Hunter2")
    assert bad_options("name: ${NAME}", Shouting) == ["config.yaml:5: sources[1].options: is not accepted"]


def test_a_number_in_place_of_a_secret_is_to_be_quoted_and_not_shown(bad_options):
    assert bad_options("csrf_token: 77123") == [
        "config.yaml:6: sources[1].options.csrf_token: should be text; write it in quotes"
    ]


def test_the_traceback_of_the_error_shows_no_secret(options, secret):
    with pytest.raises(ConfigError) as caught:
        options("endpoint: http://${SECRET}/\ncsrf_token: ['${SECRET}']")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_model_that_cannot_bear_a_mask_shows_no_secret(bad_options, monkeypatch):
    class Brittle(pydantic.BaseModel):
        port: str

        @pydantic.field_validator("port")
        @classmethod
        def _odd(cls, value: str) -> str:
            if not {"***": 0, "77123": 1}[value]:
                raise KeyError
            raise ValueError(f"{value} is odd")

    monkeypatch.setenv("PORT", "77123")
    assert bad_options("port: ${PORT}", Brittle) == [
        "config.yaml:6: sources[1].options.port: is not accepted; it comes from ${PORT}"
    ]


def test_a_rule_is_still_told_in_full_beside_a_secret(bad_options, secret):
    class Rule(pydantic.BaseModel):
        token: pydantic.SecretStr
        low: int

        @pydantic.model_validator(mode="after")
        def _never(self):
            raise ValueError(f"low must not be {self.low}")

    assert bad_options("token: ${SECRET}\nlow: 5", Rule) == ["config.yaml:5: sources[1].options: low must not be 5"]


def test_a_rule_is_told_in_full_though_a_masked_secret_would_not_reach_it(bad_options, monkeypatch):
    class Rule(pydantic.BaseModel):
        port: int

        @pydantic.model_validator(mode="after")
        def _never(self):
            raise ValueError("an odd port needs a name")

    monkeypatch.setenv("PORT", "77123")
    assert bad_options("port: ${PORT}", Rule) == ["config.yaml:5: sources[1].options: an odd port needs a name"]


# without a file


class Numbers(pydantic.BaseModel, extra="forbid"):
    count: int = pydantic.Field(1, ge=0)
    names: list[str] = []


def test_good_values_become_the_model_and_there_is_no_mistake():
    model, mistakes = check(Numbers, {"count": "5"}, Document({}))
    assert (model, mistakes) == (Numbers(count=5), [])


def test_of_bad_values_there_is_no_model_and_every_mistake_has_its_place():
    model, mistakes = check(Numbers, {"count": -1, "names": ["a", 5]}, Document({}), ("sources", 0, "options"))
    assert model is None
    assert mistakes == [
        Diagnostic(("sources", 0, "options", "count"), None, "should be at least 0, received -1"),
        Diagnostic(("sources", 0, "options", "names", 1), None, "should be text, received 5; write it in quotes"),
    ]


def test_a_mistake_has_the_line_of_its_place_or_of_what_is_around_it():
    document = Document({}, lines={(): 1, ("a",): 4, ("a", "names"): 6})
    _, mistakes = check(Numbers, {"count": -1, "names": [5]}, document, ("a",))
    assert [mistake.line for mistake in mistakes] == [4, 6]


def test_what_stands_in_the_file_is_shown_as_it_stands_there():
    document = Document({}, plain={("count",): "0x1F.5"})
    _, (mistake,) = check(Numbers, {"count": 31.5}, document)
    assert mistake.text == "should be a whole number, received 0x1F.5"


def test_the_context_reaches_the_validators_of_the_model():
    seen = []

    class Asking(pydantic.BaseModel):
        path: str

        @pydantic.field_validator("path")
        @classmethod
        def _look(cls, value: str, info: pydantic.ValidationInfo) -> str:
            seen.append(info.context)
            return value

    check(Asking, {"path": "x"}, Document({}), context={"folder": "here"})
    assert seen == [{"folder": "here"}]


def test_a_value_that_is_no_mapping_is_a_mistake_of_the_whole():
    _, (mistake,) = check(Numbers, [1], Document([1]))
    assert (mistake.place, mistake.text) == ((), "should be a mapping of keys to values")
