"""What a source is made of that is named on the command line."""

from __future__ import annotations

import pytest

from wealthsources import ConfigError, RequestError
from wealthsources.cli.source_target import source_maker

MODULE = """
from pathlib import Path
import pydantic
from wealthsources import NotHere, Source

class Options(pydantic.BaseModel, extra="forbid"):
    path: str
    most: int = 1
    folder: str = ""

    @pydantic.field_validator("path")
    @classmethod
    def _folder(cls, value, info):
        return str(info.context["folder"] / value)

class Acme(Source):
    def __init__(self, options: Options) -> None:
        self.options = options

    def get_history(self, request):
        raise NotHere("nothing")
"""


@pytest.fixture(autouse=True)
def module(folder):
    (folder / "acme_target.py").write_text(MODULE)


def test_values_are_read_as_yaml_and_what_is_none_is_text(folder):
    make = source_maker("acme_target:Acme", ["path={symbol}/{timeframe}.csv", "most=3"])
    options = make().options
    assert (options.path, options.most) == (str(folder / "{symbol}/{timeframe}.csv"), 3)
    assert make() is not make()


def test_a_file_has_options_and_is_where_relative_paths_start(folder):
    (folder / "acme").mkdir()
    (folder / "acme" / "options.yaml").write_text("path: bars.db\nmost: 2\n")
    options = source_maker("acme_target:Acme", ["acme/options.yaml", "most=5"])().options
    assert (options.path, options.most) == (str(folder / "acme" / "bars.db"), 5)


def test_a_file_with_something_else_is_refused(folder):
    (folder / "options.yaml").write_text("- 1\n")
    with pytest.raises(RequestError, match="a file holds options as in"):
        source_maker("acme_target:Acme", ["options.yaml"])


def test_every_wrong_option_is_named():
    with pytest.raises(ConfigError) as caught:
        source_maker("acme_target:Acme", ["most=many"])
    assert "path" in str(caught.value)
    assert "most" in str(caught.value)


def test_a_module_that_is_not_here_is_told_with_the_remedy():
    with pytest.raises(RequestError, match=r"^acme_away:Acme: .*; run it where the module can be imported$"):
        source_maker("acme_away:Acme", [])
