"""The JSON schema of a configuration: it lets through what `check` does, and says what keys mean."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import jsonschema
import pydantic
import pytest
import yaml

from wealthsources.cli.commands.schema import whole_schema
from wealthsources.config.schema import config_schema, described_fields, options_schema
from wealthsources.config.settings import Settings

from ..support.markets import ROOT

SOURCES = {"sources": [{"plugin": "context"}]}


class Loader(yaml.SafeLoader):
    """Dates are texts to an editor."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML has it
        letter: [(tag, pattern) for tag, pattern in pairs if "timestamp" not in tag]
        for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@pytest.fixture(scope="module")
def whole():
    """All that is installed here, without what a test of commands may have left."""
    schema = whole_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def mistakes(validator, value) -> list[str]:
    return [".".join(map(str, error.absolute_path)) for error in validator.iter_errors(value)]


def shown() -> dict[str, str]:
    """Every configuration that this repository shows, by where, but for one of a plugin that is not installed."""
    texts = {
        path.relative_to(ROOT): path.read_text() for path in [ROOT / "config.yaml", *ROOT.glob("examples/**/*.yaml")]
    }
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
        texts |= {f"{page.name} {number}": block for number, block in enumerate(blocks) if "…" not in block}
    read = {str(where): yaml.load(text, Loader) for where, text in texts.items()}
    read.pop("examples/acme_source/config.yaml")
    return {where: value for where, value in read.items() if isinstance(value, dict) and "sources" in value}


def test_every_configuration_that_is_shown_somewhere_passes(whole):
    configurations = shown()
    assert len(configurations) > 20
    assert {where: found for where, value in configurations.items() if (found := mistakes(whole, value))} == {}


@pytest.mark.parametrize(
    "value",
    [
        {"clock": "${CLOCK:-system}", "max_behind": "${MOST}", "late_after": "2.5", "continuous": "${QUIET}"},
        {"plugins": None, "recorder": None},
        {"markets": [{"symbols": "BTC*"}, {"symbols": ["A", "B"], "prices": "${P}"}]},
        {"sources": [{"plugin": "context", "options": None}]},
        {
            "sources": [
                {"plugin": "websocket", "options": {"symbols": "A,B", "resolutions": "1m,1h", "market_type": "x"}}
            ]
        },
        {"sources": [{"plugin": "websocket", "options": {"symbols": {"A": "B", "C": None}, "resolutions": ["1m"]}}]},
        {"sources": [{"plugin": "file", "options": {"path": "${P}", "time": "ms", "on_bad_row": "${X:-skip}"}}]},
        {"recorder": {"store": None, "frames": {"folder": "x"}}},
    ],
)
def test_what_may_be_written_in_another_way_passes(whole, value):
    assert mistakes(whole, SOURCES | value) == []


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"clok": "feed"}, ""),
        ({"clock": "moon"}, "clock"),
        ({"max_behind": "soon"}, "max_behind"),
        ({"sources": []}, "sources"),
        ({"sources": [{"plugin": "websockets"}]}, "sources.0.plugin"),
        ({"sources": [{"name": "x"}]}, "sources.0"),
        ({"sources": [{"plugin": "websocket"}]}, "sources.0"),
        ({"sources": [{"plugin": "context", "options": {"a": 1}}]}, "sources.0.options"),
        ({"sources": [{"plugin": "file", "options": {"path": "x", "pth": 1}}]}, "sources.0.options"),
        ({"recorder": {"nobody": {}}}, "recorder"),
        ({"plugins": {"alow": []}}, "plugins"),
    ],
)
def test_what_is_wrong_is_found_at_its_place(whole, value, place):
    assert mistakes(whole, SOURCES | value) == [place]


def test_without_sources_there_is_nothing(whole):
    assert mistakes(whole, {}) == [""]


def test_every_key_of_the_settings_says_what_it_means(whole):
    properties = whole.schema["properties"]
    assert set(properties) == set(Settings.model_fields)
    undescribed = {name for name, value in properties.items() if "description" not in value and "$ref" not in value}
    assert undescribed == set()
    options = whole.schema["definitions"]["options.websocket"]["properties"]
    assert options["bar_push"]["description"].startswith("forming: updates of the forming bar are pushed")
    assert "1m" in options["resolutions"]["anyOf"][0]["items"]["enum"]
    assert "binance" in options["protocol"]["anyOf"][0]["enum"]
    assert "spellings" not in options


def test_no_secret_has_a_default(whole):
    assert "***" not in json.dumps(whole.schema)


def test_config_yaml_names_the_schema_beside_it_and_that_is_fresh(whole):
    first = (ROOT / "config.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=config.schema.json"
    fresh = json.loads((ROOT / "config.schema.json").read_text())
    assert fresh == whole.schema, "the options changed: `wealthsources schema --output config.schema.json`"


# Models of strangers


class Odd(pydantic.BaseModel, extra="forbid", arbitrary_types_allowed=True):
    """What is odd.

    where, when  a place
                 and a time
    level        low or high
    """

    where: Path
    when: Annotated[Any, pydantic.BeforeValidator(str)] = None
    level: Literal["low", "high"] = "low"
    call: pydantic.SecretStr | Callable[[], str] = pydantic.SecretStr("x")
    shape: re.Pattern[str] | None = None
    thing: Annotated[Any, pydantic.InstanceOf[Loader]] = None
    own: int = pydantic.Field(1, description="said by the field")
    numbers: tuple[int, ...] = ()
    by_name: dict[str, float] = {}


def test_a_model_that_json_cannot_say_in_full_has_a_schema_all_the_same():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = options_schema(Odd)
    jsonschema.Draft7Validator.check_schema(schema)
    check = jsonschema.Draft7Validator(schema)
    good = {"where": "x", "numbers": [1, "${N}"], "by_name": {"a": "${F}"}, "own": "${O}", "thing": {"any": 1}}
    assert mistakes(check, good) == []
    assert mistakes(check, {"where": "x", "numbers": ["a"]}) == ["numbers.0"]
    assert sorted(mistakes(check, {"level": "mid"})) == ["", "level"]


def test_descriptions_are_those_of_the_docstring_else_of_the_field():
    properties = options_schema(Odd)["properties"]
    assert properties["when"]["description"] == properties["where"]["description"] == "a place and a time"
    assert properties["level"]["description"] == "low or high"
    assert properties["own"]["description"] == "said by the field"
    assert "description" not in properties["numbers"]


def test_a_docstring_of_a_base_counts_and_that_of_the_class_before_it():
    class Base(pydantic.BaseModel):
        """Base.

        a    of the base
        b    of the base
        """

    class Made(Base):
        """Made.

        b    its own
        """

    assert described_fields(Made) == {"a": "of the base", "b": "its own"}


def test_two_plugins_may_have_models_of_one_name():
    class Inner(pydantic.BaseModel):
        a: int

    def made(kind):
        class Options(pydantic.BaseModel, extra="forbid"):
            inner: kind

        return Options

    first, second = made(Inner), made(type("Inner", (pydantic.BaseModel,), {"__annotations__": {"b": int}}))
    check = jsonschema.Draft7Validator(config_schema({"x": first, "y": second}, {}))
    sources = [{"plugin": "x", "options": {"inner": {"a": 1}}}, {"plugin": "y", "options": {"inner": {"b": 1}}}]
    assert mistakes(check, {"sources": sources}) == []
    sources[1]["options"]["inner"] = {"a": 1}
    assert mistakes(check, {"sources": sources}) == ["sources.1.options"]
