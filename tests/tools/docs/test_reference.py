"""What is public is in the reference, says what it is for, and has a test: who adds a thing is told what is missing."""

from __future__ import annotations

import functools
import importlib
import re
from pathlib import Path

import pytest

from tools.docs import commands_page, docstrings, errors_page, hooks_page, metrics_page, names_page, settings_page

ROOT = Path(__file__).resolve().parents[3]
#: Types for annotations: there is nothing in them that could be tested.
TYPES = {"Register", "ReplayFrames", "SeriesKey", "ShardState"}


# Made when they are asked for: a worker that runs none of these tests imports no plugin.
models = functools.cache(settings_page.models)
commands = functools.cache(commands_page.commands)


@functools.cache
def words_of_tests() -> frozenset[str]:
    """The words of all tests but these."""
    paths = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    return frozenset(word for path in paths for word in re.findall(r"\w+", path.read_text(encoding="utf-8")))


# names


@pytest.mark.parametrize("package", names_page.PACKAGES)
def test_every_public_name_has_an_entry_that_says_what_it_is(package):
    text = names_page.page(package)
    entries = dict(re.findall(r"^### (\w+)\n\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE))
    assert set(entries) == set(importlib.import_module(package).__all__)
    bare = {
        name for name, entry in entries.items() if not re.sub(r"```.*?```|`[^`]*`", "", entry, flags=re.DOTALL).strip()
    }
    assert bare == set(), "give each a docstring, or a value a comment that begins with #:"


def test_every_public_name_is_in_a_test():
    names = {name for package in names_page.PACKAGES for name in importlib.import_module(package).__all__}
    assert names - words_of_tests() <= TYPES


# hooks


def test_every_hook_is_described_with_its_arguments():
    text = hooks_page.page()
    assert set(hooks_page.hooks()) == {"wealthsources_register"}
    for name, hook in hooks_page.hooks().items():
        assert f"## {name}\n" in text
        assert hook.__doc__.strip().splitlines()[0] in text
        assert name in words_of_tests()


def test_every_group_of_entry_points_that_is_looked_into_is_listed():
    paths = [path for folder in ("wealthsources", "plugins") for path in (ROOT / folder).rglob("*.py")]
    used = {
        group
        for path in paths
        for group in re.findall(r'^[A-Z]+: Final = "(wealthsources(?:\.\w+)?)"$', path.read_text("utf-8"), re.M)
    }
    assert used == set(hooks_page.GROUPS)


# configuration


def test_every_key_says_what_it_is_for():
    """In a row of its model's docstring, or in a description of its field."""
    keys = [(heading, *key) for heading, model in models().items() for key in settings_page.keys(model)]
    assert [(heading, name) for heading, name, _, said in keys if not said] == []


def test_every_key_is_in_the_reference_and_in_a_test():
    text = settings_page.page()
    names = {name for model in models().values() for name, _, _ in settings_page.keys(model)}
    assert {name for name in names if f"\n| `{name}` |" not in text} == set()
    assert names - words_of_tests() == set()


def test_every_plugin_and_recorder_of_the_wheel_is_there():
    headings = " ".join(models())
    for name in ("websocket", "context", "file", "ccxt", "store", "replay"):
        assert f"the plugin `{name}`" in headings
    assert "`recorder: {store: …}`" in headings
    assert "`recorder: {frames: …}`" in headings


# commands


def test_every_command_and_each_of_its_options_has_a_help():
    assert [name for name, command in commands().items() if not commands_page.help_of(command)] == []
    options = [(name, option) for name, command in commands().items() for option in command.params]
    assert [(name, option.name) for name, option in options if not option.help] == []


def test_every_command_and_option_is_in_the_reference():
    text = commands_page.page()
    for name, command in commands().items():
        section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert section
        for parameter in command.params:
            shown = parameter.opts[0] if parameter.param_type_name == "option" else "| needed |"
            assert shown in section or parameter.param_type_name == "argument"


def test_every_command_is_in_a_test():
    words = {word for name in commands() for word in re.split(r"[ -]", name)}
    assert words - words_of_tests() == set()


# errors and metrics


def test_every_error_says_what_it_means_and_public_ones_where_they_are(monkeypatch):
    monkeypatch.setattr(errors_page, "messages", dict)  # they take seconds, and are tested below
    text, classes = errors_page.page(), errors_page.classes()
    assert {"ConfigError", "RequestError", "SourceError", "NotHere", "StaleDataError", "ParamsError"} <= set(classes)
    assert [name for name, thing in classes.items() if not docstrings.text_of(thing)] == []
    assert [name for name in classes if f"\n### {name}\n" not in text] == []
    assert "Import it from `wealthsources`." in text


def test_the_messages_of_a_package_are_found_in_its_folder():
    assert errors_page.folder("wealthdata") == ROOT / "wealthdata"
    assert errors_page.folder("wealthsources_file") == ROOT / "plugins" / "wealthsources_file"


def test_a_message_is_shown_with_a_place_for_what_is_filled_in():
    source = """def f(a):
    raise ConfigError(f"{a}: give one, " + f"as in {a!r}")
    raise ConfigError("plain")
    raise other.RequestError(a)
"""
    assert list(errors_page.raised(source)) == [("ConfigError", "…: give one, as in …"), ("ConfigError", "plain")]


def test_every_metric_says_what_it_is_and_has_a_test():
    text, metrics = metrics_page.page(), metrics_page.all_metrics()
    assert len(metrics) >= 20
    assert [metric.name for metric in metrics if not metric.text or f"| `{metric.name}` |" not in text] == []
    names = [metric.name.removesuffix("_total") for metric in metrics]
    assert [name for name in names if not words_of_tests() & {name, name.removeprefix("wealthsources_")}] == []
