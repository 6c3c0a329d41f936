"""The line of help of a plugin's command, from the text of its module."""

from __future__ import annotations

import sys

import pytest

from wealthsources.cli.plugin_help import help_line
from wealthsources.loading.discovery import PluginInfo

ONE = '"""The module."""\nimport typer\napp = typer.Typer()\n@app.command()\ndef run(): "Run it."\n'
TWO = ONE + '@app.command()\ndef walk(): "Walk it."\n'


@pytest.fixture
def line(tmp_path, monkeypatch):
    """line(text): the help of `app` in a module of that text."""
    monkeypatch.syspath_prepend(tmp_path)

    def read(text: str | bytes, value: str = "zmod:app", path: str = "zmod.py") -> str:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        said = help_line(PluginInfo("hello", value, "zdist", "1.0"))
        assert "zmod" not in sys.modules
        return said

    return read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ONE, "Run it."),
        (TWO, "The module."),
        (TWO + '@app.callback()\ndef all_of_it(): "Do things."\n', "Do things."),
        (TWO + '@app.callback\ndef all_of_it(): "Do things."\n', "Do things."),
        (ONE.replace("Typer()", 'Typer(help="Told.")'), "Told."),
        (ONE.replace("app =", "app: typer.Typer =").replace("Typer()", 'Typer(help="Told.")'), "Told."),
        (ONE.replace("command()", 'command("run", help="Told.")'), "Told."),
        (ONE.replace("Typer()", "Typer(help=TEXT)"), "Run it."),
        (ONE.replace("@app", "@other"), "The module."),
        (ONE.replace("def run", "async def run"), "Run it."),
        ('import click\n@click.command()\n@click.option("--x")\ndef app(x): "Click it."\n', "Click it."),
        ('import click\n@click.command(help="Told.")\ndef app(x): "Click it."\n', "Told."),
        ('import click\napp = click.Group(help="Told.")\n', "Told."),
        ("from elsewhere import app\n", ""),
        ("app = 5", ""),
        ("def app(): 'No command.'", ""),
        ("", ""),
    ],
)
def test_what_a_command_says_of_itself(line, text, said):
    assert line(text) == said


def test_of_a_long_help_the_first_paragraph_is_shown_on_one_line(line):
    long = ONE.replace('"Run it."', '"""Run it,\n    now.\n\n    And so on.\n    """')
    assert line(long) == "Run it, now."


def test_a_first_paragraph_without_end_is_cut(line):
    said = line(ONE.replace("Run it.", "run " * 200))
    assert len(said) == 200
    assert said.endswith("…")


def test_what_could_steer_a_terminal_is_not_shown(line):
    assert line(ONE.replace("Run it.", r"Run \x1b[31mit.")) == "Run \N{REPLACEMENT CHARACTER}[31mit."


@pytest.mark.parametrize("value", ["zmod.inner.tool:app", "zmod.inner.tool : app"])
def test_a_module_within_packages_is_found(line, value):
    assert line(ONE, value, "zmod/inner/tool.py") == "Run it."


def test_a_package_is_read_as_well(line):
    assert line(ONE, "zmod.inner:app", "zmod/inner/__init__.py") == "Run it."
    assert line(ONE, "zmod:app", "zmod/__init__.py") == "Run it."


def test_another_encoding_is_read(line):
    assert line(b'# coding: latin-1\n"""Gr\xfc\xdf Gott."""\n') == "Grüß Gott."


@pytest.mark.parametrize("text", ["def app(:\n", b"\xff\xfe\x00", b"# coding: nonsense\n", b"\x00"])
def test_what_cannot_be_read_says_nothing(line, text):
    assert line(text) == ""


@pytest.mark.parametrize(
    "value", ["", ":", "::", "1 2:3", ".relative:app", "zgone.cli:app", "zmod.gone:app", "sys:app"]
)
def test_where_there_is_nothing_to_read_nothing_is_said(line, value):
    assert line("1 / 0", value) == ""
