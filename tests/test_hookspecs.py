"""The contract of a plugin: what its docstring shows works, and nothing but that is in it."""

from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap

import pytest

import wealthsources
from wealthsources import hookspecs
from wealthsources.loading.loader import Loader
from wealthsources.model.errors import NotHere


def example() -> tuple[str, str]:
    """The entry point and the module of the docstring."""
    text = inspect.getdoc(hookspecs)
    entry_point = text[text.index("    [project") :].partition("\n\n")[0]
    return textwrap.dedent(entry_point), textwrap.dedent(text.partition("plugin.py`:")[2])


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    entry_point, module = example()
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(module)
    metadata = tmp_path / "mine-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(entry_point.replace("project.entry-points.", "").replace('"', ""))
    monkeypatch.syspath_prepend(tmp_path)
    yield Loader().load("mine")
    for name in ("mine", "mine.plugin"):
        del sys.modules[name]


def test_the_example_of_the_docstring_loads_and_makes_a_source(plugin):
    source = plugin.source_class(plugin.options_model(url="https://example.org"))
    assert source.url == "https://example.org"


def test_the_example_says_why_it_has_nothing(plugin):
    source = plugin.source_class(plugin.options_model(url="u"))
    request = wealthsources.HistoryRequest("BTCUSDT", wealthsources.Timeframe("1m"), end=0)
    with pytest.raises(NotHere, match="u has no BTCUSDT"):
        source.get_history(request)


def test_there_is_one_hook_and_it_takes_register():
    hooks = [name for name, function in inspect.getmembers(hookspecs, inspect.isfunction)]
    assert hooks == ["wealthsources_register"]
    assert list(inspect.signature(hookspecs.wealthsources_register).parameters) == ["register"]


def test_plugins_get_the_marker_from_the_public_names():
    assert wealthsources.hookimpl is hookspecs.hookimpl


def test_the_contract_is_one_page():
    assert len(inspect.getsource(hookspecs).splitlines()) < 80


def test_reading_the_contract_imports_neither_pydantic_nor_pandas():
    code = "import sys, wealthsources.hookspecs; print(sorted({'pydantic', 'pandas', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
