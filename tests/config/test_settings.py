"""config.yaml becomes frozen settings; what is wrong in it is told with file, line and key."""

from __future__ import annotations

import dataclasses
import datetime as dt
import traceback
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, NotRequired

import pydantic
import pytest
from typing_extensions import TypedDict

from wealthsources.config.settings import Config, Settings, read_config
from wealthsources.model.errors import ConfigError
from wealthsources.model.timeframe import Timeframe

SOURCES = "sources: [{plugin: context}]\n"


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read a text as the config.yaml of the current folder."""
    monkeypatch.chdir(tmp_path)

    def reading(text):
        Path("config.yaml").write_text(text, encoding="utf-8")
        return read_config("config.yaml")

    return reading


@pytest.fixture
def refused(read):
    """The lines of the ConfigError that a text ends in."""

    def reading(text):
        with pytest.raises(ConfigError) as caught:
            read(text)
        return str(caught.value).splitlines()

    return reading


class Options(pydantic.BaseModel, extra="forbid", frozen=True):
    endpoint: str = "wss://example.org"
    csrf_token: pydantic.SecretStr = pydantic.SecretStr("")
    resolutions: tuple[Annotated[str, pydantic.AfterValidator(lambda name: Timeframe(name).name)], ...] = ()
    port: int = 1
    path: str = ""

    @pydantic.field_validator("endpoint")
    @classmethod
    def _websocket(cls, value: str) -> str:
        if not value.startswith("wss://"):
            raise ValueError(f"{value!r} is no wss:// address")
        return value

    @pydantic.field_validator("path")
    @classmethod
    def _in_the_folder(cls, value: str, info: pydantic.ValidationInfo) -> str:
        return str(info.context["folder"] / value)


LIVE = """\
sources:
  - plugin: context
  - name: live
    plugin: websocket
    options:
"""


@pytest.fixture
def options(read):
    """The options that LIVE followed by these lines has, by a model."""

    def reading(text, model=Options):
        return read(LIVE + "".join(f"      {line}\n" for line in text.splitlines())).options(1, model)

    return reading


@pytest.fixture
def bad_options(options):
    """The lines of the ConfigError that options end in. No part of what led to it is kept with it."""

    def reading(text, model=Options):
        with pytest.raises(ConfigError) as caught:
            options(text, model)
        assert caught.value.__context__ is None
        return str(caught.value).splitlines()

    return reading


# What a good file says


def test_the_defaults(read):
    settings = read(SOURCES).settings
    assert (settings.clock, settings.on_hole, settings.on_stale) == ("system", "mark", None)
    assert (settings.max_behind, settings.late_after, settings.source_deadline) == (1, 5.0, 2.0)
    assert (settings.breaker_failures, settings.breaker_probe_after) == (5, 30.0)
    assert settings.plugins.allow is None


def test_every_setting_can_be_given(read):
    text = "clock: feed\non_hole: trim\non_stale: mark\nmax_behind: 3\nlate_after: 0\nsource_deadline: 0.5\n"
    text += "breaker_failures: 1\nbreaker_probe_after: 0.5\n"
    settings = read(text + "plugins: {allow: [context, file]}\n" + SOURCES).settings
    assert (settings.clock, settings.on_hole, settings.on_stale) == ("feed", "trim", "mark")
    assert (settings.max_behind, settings.late_after, settings.source_deadline) == (3, 0.0, 0.5)
    assert (settings.breaker_failures, settings.breaker_probe_after) == (1, 0.5)
    assert settings.plugins.allow == ("context", "file")


def test_sources_keep_their_order_and_are_named_after_their_plugin(read):
    text = "sources:\n  - {plugin: websocket, name: live}\n  - {plugin: context}\n  - {plugin: file, optional: true}\n"
    sources = read(text).settings.sources
    assert [(source.name, source.plugin, source.optional) for source in sources] == [
        ("live", "websocket", False),
        ("context", "context", False),
        ("file", "file", True),
    ]


@pytest.mark.parametrize("key", ["options", "plugins"])
def test_a_section_whose_lines_are_all_commented_out_is_empty(read, key):
    text = SOURCES + "plugins:\n  # allow: [context]\n"
    if key == "options":
        text = "sources:\n  - plugin: context\n    options:\n      # path: x\n"
    assert read(text).settings.sources[0].options == {}


def test_settings_are_frozen(read):
    config = read(SOURCES)
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        config.settings.clock = "feed"
    with pytest.raises(AttributeError):
        config.folder = Path("/")


def test_the_folder_is_absolute_and_survives_a_change_of_folder(read, tmp_path, monkeypatch):
    config = read(SOURCES)
    monkeypatch.chdir("/")
    assert config.folder == tmp_path


def test_the_folder_is_that_of_the_link_and_not_of_its_target(tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "data.yaml").write_text(SOURCES)
    (tmp_path / "config.yaml").symlink_to(tmp_path / "target" / "data.yaml")
    assert read_config(tmp_path / "config.yaml").folder == tmp_path


# What is wrong in a file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clock: sytem\n", "config.yaml:1: clock: should be 'system' or 'feed', received 'sytem'"),
        ("on_hole: NO\n", "config.yaml:1: on_hole: should be 'mark', 'raise' or 'trim', received NO"),
        ("\nmax_behind: -1\n", "config.yaml:2: max_behind: should be at least 0, received -1"),
        ("max_behind: 1.5\n", "config.yaml:1: max_behind: should be a whole number, received 1.5"),
        ("max_behind: yes\n", "config.yaml:1: max_behind: should be a number, received true"),
        ("late_after: soon\n", "config.yaml:1: late_after: should be a number, received 'soon'"),
        ("late_after: .inf\n", "config.yaml:1: late_after: should be a finite number, received .inf"),
        ("source_deadline: 0\n", "config.yaml:1: source_deadline: should be greater than 0.0, received 0"),
        ("breaker_failures: 0\n", "config.yaml:1: breaker_failures: should be greater than 0, received 0"),
        ("breaker_probe_after: -1\n", "config.yaml:1: breaker_probe_after: should be greater than 0.0, received -1"),
        ("plugins: {allow: context}\n", "config.yaml:1: plugins.allow: should be a list, received 'context'"),
        ("plugins: {alow: [x]}\n", "config.yaml:1: plugins.alow: unknown key; did you mean 'allow'?"),
        ("lateafter: 1\n", "config.yaml:1: lateafter: unknown key; did you mean 'late_after'?"),
        ("onhole: 1\n", "config.yaml:1: onhole: unknown key; did you mean 'on_hole'?"),
        (
            "zzz: 1\n",
            f"config.yaml:1: zzz: unknown key; known: {', '.join(Settings.model_fields)}",
        ),
    ],
)
def test_a_mistake_is_told_with_file_line_and_key(refused, text, said):
    assert refused(text + SOURCES) == [said]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("name: x", "config.yaml:3: sources[1].plugin: is missing; it must be given"),
        ("plugin: ''", "config.yaml:3: sources[1].plugin: is too short; the shortest has 1, received ''"),
        ("plugin: [x]", "config.yaml:3: sources[1].plugin: should be text"),
        ("plugin: NO", "config.yaml:3: sources[1].plugin: should be text, received NO; write it in quotes"),
        ("plugin: 12_3", "config.yaml:3: sources[1].plugin: should be text, received 12_3; write it in quotes"),
        ("plugin: 2026-01-01", "config.yaml:3: sources[1].plugin: should be text, received 2026-01-01; write it in"),
        ("plugin:", "config.yaml:3: sources[1].plugin: should be text, received nothing; write it in quotes"),
        ("websocket", "config.yaml:3: sources[1]: should be a mapping of keys to values"),
        ("{plugin: x, optional: 7}", "config.yaml:3: sources[1].optional: should be true or false, received 7"),
        ("{plugin: x, options: y}", "config.yaml:3: sources[1].options: should be a mapping of keys to values"),
        ("{plugin: x, optons: {}}", "config.yaml:3: sources[1].optons: unknown key; did you mean 'options'?"),
    ],
)
def test_a_mistake_in_a_source_names_the_source(refused, source, said):
    (line,) = refused(f"sources:\n  - plugin: context\n  - {source}\n")
    assert line.startswith(said)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(refused):
    lines = refused("clock: x\nsources:\n  - plugin: [1]\n    a: 1\n    a: 2\n  - plugin: ${NOT_SET}\nzzz: 1\n")
    assert [line.split(": ")[0:2] for line in lines] == [
        ["config.yaml:1", "clock"],
        ["config.yaml:3", "sources[0].plugin"],
        ["config.yaml:4", "sources[0].a"],
        ["config.yaml:5", "sources[0].a"],
        ["config.yaml:6", "sources[1].plugin"],
        ["config.yaml:7", "zzz"],
    ]


def test_a_flood_of_mistakes_ends_with_their_number(refused):
    lines = refused(SOURCES + "".join(f"key{number}: 1\n" for number in range(80)))
    assert len(lines) == 51
    assert lines[-1] == "config.yaml: and 30 more"


@pytest.mark.parametrize("text", ["", "# nothing\n", "sources:\n", "sources: []\n", "clock: feed\n"])
def test_without_sources_it_is_told_what_to_write(refused, text):
    (line,) = refused(text)
    assert "there is no source; list at least one, as in `sources: [{plugin: context}]`" in line
    assert line.startswith("config.yaml")


def test_what_that_advice_says_works(read):
    assert read("sources: [{plugin: context}]").settings.sources[0].plugin == "context"


@pytest.mark.parametrize("text", ["- plugin: context\n", "context\n", "12\n"])
def test_a_file_that_is_no_mapping_is_told(refused, text):
    assert refused(text) == ["config.yaml:1: should be a mapping of keys to values"]


def test_two_sources_of_one_name_are_both_told(refused):
    lines = refused("sources:\n  - plugin: file\n  - plugin: context\n  - plugin: x\n    name: file\n")
    assert lines == [
        "config.yaml:4: sources[2]: has the same name as sources[0] on line 2; give it a `name:` of its own"
    ]


def test_a_mistake_is_told_once_however_often_it_is_made(bad_options):
    class Either(pydantic.BaseModel):
        listed: list[str] | tuple[str, ...] = ()

    assert bad_options("listed: x", Either) == [
        "config.yaml:6: sources[1].options.listed: should be a list, received 'x'"
    ]


def test_a_line_has_an_end(refused):
    (line,) = refused(f"? {'k' * 5000}\n: 1\n" + SOURCES)
    assert len(line) == 1001


def test_a_hostile_key_cannot_write_to_the_terminal(refused):
    (line,) = refused(SOURCES + '"\\e[31m\\nred": 1\n')
    assert "\x1b" not in line
    assert "red: unknown key" in line


# Options of a plugin


def test_options_are_checked_by_the_plugins_model(options):
    checked = options("resolutions: [1m, 1h]\nport: 8000")
    assert (checked.resolutions, checked.port) == (("1m", "1h"), 8000)


def test_the_model_finds_the_folder_in_its_context(options, tmp_path):
    assert options("path: data").path == str(tmp_path / "data")


def test_a_validators_message_stands_behind_file_line_and_key(bad_options):
    lines = bad_options("resolutions:\n  - 1m\n  - 5x")
    assert lines == [f"config.yaml:8: sources[1].options.resolutions[1]: '5x' is not a timeframe; known: {KNOWN}"]


KNOWN = ", ".join(Timeframe.known())


def test_in_a_flow_list_too(bad_options):
    (line,) = bad_options("port: 1\nresolutions: [1m, 5x]")
    assert line.startswith("config.yaml:7: sources[1].options.resolutions[1]: '5x' is not a timeframe")


def test_an_unknown_option_names_the_nearest(bad_options):
    assert bad_options("endpont: x") == [
        "config.yaml:6: sources[1].options.endpont: unknown key; did you mean 'endpoint'?"
    ]


def test_an_option_of_a_plugin_without_options_is_told_that_there_are_none(bad_options):
    class NoOptions(pydantic.BaseModel, extra="forbid"): ...

    assert bad_options("x: 1", NoOptions) == ["config.yaml:6: sources[1].options.x: unknown key; none is known here"]


def test_a_missing_option_is_told_at_its_options(bad_options):
    class Needs(pydantic.BaseModel):
        url: str

    assert bad_options("x: 1", Needs) == ["config.yaml:5: sources[1].options.url: is missing; it must be given"]


@pytest.mark.parametrize(("given", "read_as"), [("123", "123"), ("NO", "NO"), ("1.50", "1.50"), ("~", "~")])
def test_a_symbol_that_yaml_reads_as_something_else_is_to_be_quoted(bad_options, options, given, read_as):
    class Symbols(pydantic.BaseModel):
        symbols: list[str]

    (line,) = bad_options(f"symbols: [BTC, {given}]", Symbols)
    assert line.endswith(f"options.symbols[1]: should be text, received {read_as}; write it in quotes")
    assert options(f"symbols: [BTC, '{given}']", Symbols).symbols[1] == given


def test_nested_models_aliases_and_unions_are_found(bad_options):
    class Part(pydantic.BaseModel, extra="forbid"):
        size: int = pydantic.Field(1, alias="partSize")

    class Whole(pydantic.BaseModel, extra="forbid"):
        parts: dict[str, list[Part] | None] = {}
        either: int | list[int] = 0

    lines = bad_options("parts: {a: [{partsize: 1}, {partSize: x}]}\neither: y", Whole)
    assert lines == [
        "config.yaml:6: sources[1].options.parts.a[0].partsize: unknown key; did you mean 'partSize'?",
        "config.yaml:6: sources[1].options.parts.a[1].partSize: should be a whole number, received 'x'",
        "config.yaml:7: sources[1].options.either: should be a whole number, received 'y'",
        "config.yaml:7: sources[1].options.either: should be a list, received 'y'",
    ]


def test_every_alias_is_followed(bad_options):
    class Part(pydantic.BaseModel, extra="forbid"):
        size: int = 1

    class Whole(pydantic.BaseModel):
        part: Part = pydantic.Field(Part(), validation_alias=pydantic.AliasChoices("first", "second"))

    assert bad_options("second: {sise: 1}", Whole) == [
        "config.yaml:6: sources[1].options.second.sise: unknown key; did you mean 'size'?"
    ]


class Tree(pydantic.BaseModel, extra="forbid"):
    children: list[Tree] = []
    size: int = 1


def test_a_model_may_hold_itself(bad_options):
    assert bad_options("children: [{children: [{sise: 1}]}]", Tree) == [
        "config.yaml:6: sources[1].options.children[0].children[0].sise: unknown key; did you mean 'size'?"
    ]


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
    assert "test_settings.py:" in line
    assert "hunter2" not in line


def test_a_long_value_is_not_repeated(bad_options):
    assert bad_options(f"port: {'x' * 500}") == ["config.yaml:6: sources[1].options.port: should be a whole number"]


def test_an_error_about_a_source_begins_with_its_place(read):
    config = read(LIVE + "      {}\n")
    assert str(config.about(1, "no plugin 'x'")) == "config.yaml:3: sources[1]: no plugin 'x'"


# Variables


def test_a_number_from_the_environment_becomes_a_number(options, monkeypatch):
    monkeypatch.setenv("PORT", "8000")
    assert options("port: ${PORT}").port == 8000


def test_text_from_the_environment_stays_text_though_it_looks_like_a_number(options, monkeypatch):
    monkeypatch.setenv("TOKEN", "0123")
    assert options("csrf_token: ${TOKEN}").csrf_token.get_secret_value() == "0123"


def test_text_from_the_environment_is_never_read_as_yaml(options, monkeypatch):
    monkeypatch.setenv("ENDPOINT", "wss://x/ # [a, b]: {c}\n- d")
    assert options("endpoint: ${ENDPOINT}").endpoint == "wss://x/ # [a, b]: {c}\n- d"


def test_a_setting_may_come_from_the_environment(read, monkeypatch):
    monkeypatch.setenv("WEALTHSOURCES_CLOCK", "feed")
    assert read("clock: ${WEALTHSOURCES_CLOCK:-system}\n" + SOURCES).settings.clock == "feed"


def test_an_unset_variable_is_told_with_its_place_and_the_remedy(refused):
    (line,) = refused("sources:\n  - plugin: x\n    options: {a: '${NOT_SET}'}\n")
    assert line.startswith("config.yaml:3: sources[0].options.a: the environment variable NOT_SET is not set")
    assert line.endswith("; set it, or write ${NOT_SET:-default}")


# Secrets: what is under a secret field, and what an environment variable went into


SECRET = "hunter2"


@pytest.fixture
def secret(monkeypatch):
    monkeypatch.setenv("SECRET", SECRET)


def test_neither_repr_nor_str_show_options(read, secret):
    config = read(LIVE + "      csrf_token: ${SECRET}\n      other: plain-hunter2\n")
    assert SECRET not in f"{config!r} {config} {config.settings!r} {config.settings.sources[1]}"


def test_a_value_from_the_environment_is_not_shown_but_its_variable_is(refused, secret):
    assert refused("clock: ${SECRET}\n" + SOURCES) == [
        "config.yaml:1: clock: should be 'system' or 'feed'; it comes from ${SECRET}"
    ]


def test_a_default_from_the_file_is_shown(refused):
    assert refused("clock: ${NOT_SET:-fed}\n" + SOURCES) == [
        "config.yaml:1: clock: should be 'system' or 'feed', received 'fed'"
    ]


def test_a_name_from_the_environment_that_is_taken_is_not_shown(refused, secret):
    (line,) = refused("sources:\n  - plugin: hunter2\n  - plugin: ${SECRET}\n")
    assert "has the same name as sources[0] on line 2" in line
    assert SECRET not in line


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


class Leaky(pydantic.BaseModel, extra="forbid"):
    """Every message it can end in holds some form of the value."""

    upper: str = ""
    token: pydantic.SecretStr | None = None
    tokens: dict[str, pydantic.SecretStr] = {}
    choice: Literal["a"] = "a"
    rule: bool = False
    listed: list[str] = []

    @pydantic.field_validator("upper")
    @classmethod
    def _upper(cls, value: str) -> str:
        raise ValueError(f"{value.upper()} is bad")

    @pydantic.field_validator("token", mode="before")
    @classmethod
    def _digits(cls, value: object) -> object:
        if isinstance(value, str) and value != "***":
            raise ValueError(f"no token: {value[::-1]}")
        return value

    @pydantic.model_validator(mode="before")
    @classmethod
    def _all(cls, data: dict[str, object]) -> dict[str, object]:
        if data.get("rule"):
            raise ValueError(f"these do not fit together: {data}")
        return data


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


def test_secrets_in_nested_models_root_models_and_dataclasses_are_secrets(bad_options):
    class Key(pydantic.RootModel[pydantic.SecretStr]): ...

    class Inner(pydantic.BaseModel):
        key: Key | None = None
        secret: pydantic.Secret[int] | None = None

    class Outer(pydantic.BaseModel):
        inner: list[Inner] = []

    lines = bad_options("inner: [{key: 77123}, {secret: hunter2}]", Outer)
    assert len(lines) == 2
    assert all("hunter2" not in line and "77123" not in line for line in lines)


def test_secrets_are_found_under_every_alias_and_in_every_kind_of_record(bad_options):
    @dataclasses.dataclass
    class Login:
        password: pydantic.SecretStr

    class Pair(TypedDict):
        second: NotRequired[pydantic.SecretStr]

    class Outer(pydantic.BaseModel):
        login: Login | None = None
        pair: Pair | None = None
        key: pydantic.SecretStr = pydantic.Field(
            pydantic.SecretStr(""), validation_alias=pydantic.AliasChoices("apiKey", pydantic.AliasPath("keys", 0))
        )

    lines = bad_options("login: {password: 77123}\npair: {second: 77123}\napiKey: 77123", Outer)
    assert [line.split(": ", 1)[1] for line in lines] == [
        "sources[1].options.login.password: should be text; write it in quotes",
        "sources[1].options.pair.second: should be text; write it in quotes",
        "sources[1].options.apiKey: should be text; write it in quotes",
    ]
    assert "77123" not in "".join(bad_options("keys: [77123]", Outer))


def test_a_record_whose_types_cannot_be_told_is_all_secret(bad_options):
    Token = pydantic.SecretStr

    @dataclasses.dataclass
    class Login:
        password: Token

    class Outer(pydantic.BaseModel):
        login: Login

    assert bad_options("login: {password: 77123}", Outer) == [
        "config.yaml:6: sources[1].options.login.password: should be text; write it in quotes"
    ]


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


# Settings made in code


def test_settings_made_in_code_are_checked_alike(tmp_path):
    config = Config.from_mapping({"sources": [{"plugin": "file", "options": {"path": "x"}}]}, folder=tmp_path)
    assert config.settings.sources[0].name == "file"
    assert config.options(0, Options).path == str(tmp_path / "x")


def test_their_mistakes_have_no_line():
    with pytest.raises(ConfigError) as caught:
        Config.from_mapping({"clok": "x", "sources": [{"plugin": 5}]})
    assert str(caught.value).splitlines() == [
        "the settings: sources[0].plugin: should be text, received 5; write it in quotes",
        "the settings: clok: unknown key; did you mean 'clock'?",
    ]


def test_their_options_mistakes_name_where_they_were_made():
    config = Config.from_mapping({"sources": [{"plugin": "x", "options": {"port": "y"}}]}, where="configure()")
    with pytest.raises(ConfigError, match=r"^configure\(\): sources\[0\].options.port: should be a whole number"):
        config.options(0, Options)


def test_their_names_are_unique_too():
    with pytest.raises(ConfigError, match=r"^the settings: sources\[1\]: has the same name as sources\[0\]; give it"):
        Config.from_mapping({"sources": [{"plugin": "x"}, {"plugin": "x"}]})


def test_text_in_them_is_taken_as_it_is():
    config = Config.from_mapping({"sources": [{"plugin": "x", "options": {"path": "${HOME}"}}]})
    assert config.settings.sources[0].options == {"path": "${HOME}"}


def test_their_folder_is_the_current_one_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Config.from_mapping({"sources": [{"plugin": "x"}]}).folder == tmp_path


def test_read_only_mappings_and_values_of_any_type_may_be_given():
    when = dt.date(2026, 1, 1)
    mapping = MappingProxyType({"sources": [{"plugin": "x", "options": MappingProxyType({"since": when})}]})
    assert Config.from_mapping(mapping).settings.sources[0].options == {"since": when}


def test_a_secret_in_a_read_only_mapping_is_not_shown():
    inner = MappingProxyType({"token": [SECRET], "rule": True})
    config = Config.from_mapping({"sources": [{"plugin": "x", "options": {"rule": True, "tokens": inner}}]})
    with pytest.raises(ConfigError) as caught:
        config.options(0, Leaky)
    assert SECRET not in str(caught.value)


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
