"""config.yaml becomes frozen settings; what is wrong in it is told with file, line and key."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from types import MappingProxyType

import pydantic
import pytest

from wealthsources.config.settings import Config, Settings, read_config
from wealthsources.loading.calendars import read_hours
from wealthsources.model.errors import ConfigError

from ..support.mistakes import sentences
from .conftest import LIVE, SECRET, Leaky, Options

SOURCES = "sources: [{plugin: context}]\n"


# What a good file says


def test_the_defaults(read):
    settings = read(SOURCES).settings
    assert (settings.clock, settings.on_hole, settings.on_stale) == ("system", "mark", None)
    assert (settings.max_behind, settings.late_after, settings.source_deadline) == (1, 5.0, 2.0)
    assert settings.max_price_age is None
    assert (settings.breaker_failures, settings.breaker_probe_after) == (5, 30.0)
    assert settings.plugins.allow is None


def test_every_setting_can_be_given(read):
    text = "clock: feed\non_hole: trim\non_stale: mark\nmax_behind: 3\nlate_after: 0\nsource_deadline: 0.5\n"
    text += "breaker_failures: 1\nbreaker_probe_after: 0.5\nmax_price_age: 600\n"
    settings = read(text + "plugins: {allow: [context, file]}\n" + SOURCES).settings
    assert (settings.clock, settings.on_hole, settings.on_stale) == ("feed", "trim", "mark")
    assert (settings.max_behind, settings.late_after, settings.source_deadline) == (3, 0.0, 0.5)
    assert settings.max_price_age == 600.0
    assert (settings.breaker_failures, settings.breaker_probe_after) == (1, 0.5)
    assert settings.plugins.allow == ("context", "file")


def test_what_a_price_may_be_is_said_of_all_symbols_or_of_some(read):
    text = "prices: any\nmarkets:\n  - {symbols: 'BTC*', prices: positive}\n  - {symbols: [ETH-USDT, XRP*]}\n"
    markets = read(text + SOURCES).read_markets(read_hours)
    assert [markets.of(symbol).prices for symbol in ("btcusdt", "ETH-USDT", "SPREAD")] == ["positive", "any", "any"]
    assert read(SOURCES).read_markets(read_hours).of("SPREAD").prices == "positive"


def test_a_market_may_be_quiet_and_some_symbols_of_it_not(read):
    text = "continuous: false\nmarkets:\n  - {symbols: 'BTC*', continuous: true}\n  - {symbols: 'ETH*', prices: any}\n"
    markets = read(text + SOURCES).read_markets(read_hours)
    assert [markets.of(symbol).continuous for symbol in ("btcusdt", "ETHUSDT", "XRP")] == [True, False, False]
    assert read(SOURCES).read_markets(read_hours).of("XRP").continuous


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("continuous: often", "config.yaml:1: continuous: should be true or false, received 'often'"),
        ("prices: negative", "config.yaml:1: prices: should be 'positive' or 'any', received 'negative'"),
        ("markets: [{prices: any}]", "config.yaml:1: markets[0].symbols: is missing; it must be given"),
        ("markets: [{symbols: []}]", "config.yaml:1: markets[0].symbols: should have at least 1"),
        (
            "markets: [{symbols: ''}]",
            "config.yaml:1: markets[0].symbols: is too short; the shortest has 1, received ''",
        ),
    ],
)
def test_a_market_that_cannot_be_is_told_with_its_key(refused, text, said):
    assert refused(text + "\n" + SOURCES) == [said]


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
        ("max_price_age: 0\n", "config.yaml:1: max_price_age: should be greater than 0.0, received 0"),
        ("max_price_age: soon\n", "config.yaml:1: max_price_age: should be a number, received 'soon'"),
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
        "config.yaml:5: sources[2]: has the same name as sources[0] on line 2; give it a `name:` of its own"
    ]


# Options of a plugin


def test_options_are_checked_by_the_plugins_model(options):
    checked = options("resolutions: [1m, 1h]\nport: 8000")
    assert (checked.resolutions, checked.port) == (("1m", "1h"), 8000)


def test_the_model_finds_the_folder_in_its_context(options, tmp_path):
    assert options("path: data").path == str(tmp_path / "data")


def test_an_error_about_a_source_begins_with_its_place(read):
    config = read(LIVE + "      {}\n")
    assert sentences(config.about(1, "no plugin 'x'")) == ["config.yaml:4: sources[1]: no plugin 'x'"]
    assert sentences(config.about(1, "bad", "name")) == ["config.yaml:3: sources[1]: bad"]


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


def test_neither_repr_nor_str_show_options(read, secret):
    config = read(LIVE + "      csrf_token: ${SECRET}\n      other: plain-hunter2\n")
    assert SECRET not in f"{config!r} {config} {config.settings!r} {config.settings.sources[1]}"


def test_a_name_from_the_environment_that_is_taken_is_not_shown(refused, secret):
    (line,) = refused("sources:\n  - plugin: hunter2\n  - plugin: ${SECRET}\n")
    assert "has the same name as sources[0] on line 2" in line
    assert SECRET not in line


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


def test_a_market_is_open_as_its_calendar_says_else_day_and_night(read):
    text = "calendar: XSHG\nmarkets:\n  - {symbols: 'BTC*', calendar: 24/7}\n  - {symbols: 'ETH*', prices: any}\n"
    markets = read(text + SOURCES).read_markets(read_hours)
    named = [hours and hours.name for hours in (markets.of(symbol).hours for symbol in ("BTC", "ETH", "600519"))]
    assert named == [None, "XSHG", "XSHG"]
    assert read(SOURCES).read_markets(read_hours).of("BTC").hours is None


def test_every_calendar_that_nobody_has_is_named_with_its_place(read):
    config = read("calendar: XSHGG\nmarkets:\n  - {symbols: 'BTC*', calendar: nyse}\n" + SOURCES)
    with pytest.raises(ConfigError) as told:
        config.read_markets(read_hours)
    first, second = sentences(told.value)
    assert re.search(r":1: calendar: 'XSHGG' is no calendar; did you mean 'XSHG'", first)
    assert re.search(r":3: markets\[0\].calendar: 'nyse' is no calendar", second)


def test_the_log_has_a_level_a_format_and_levels_of_sources(read):
    assert read("sources: [{plugin: context}]\n").settings.logging.level is None
    text = "sources: [{plugin: context}]\nlogging: {level: info, format: json, sources: {context: debug}}\n"
    assert read(text).settings.logging.model_dump() == {
        "level": "info",
        "format": "json",
        "sources": {"context": "debug"},
    }


def test_a_level_of_a_source_that_there_is_not_is_a_mistake(refused):
    text = refused("sources: [{plugin: context, name: live}]\nlogging:\n  sources:\n    lvie: debug\n")
    assert "logging.sources.lvie: there is no source 'lvie'; did you mean 'live'?" in str(text)
