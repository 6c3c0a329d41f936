"""What a configuration amounts to, without starting anything."""

from __future__ import annotations

import sys

import pytest

from wealthsources import __version__
from wealthsources.cli.inspection import examine, unused
from wealthsources.config.settings import Config

LIVE = """
from wealthsources import Capabilities, Source, hookimpl
class Mine(Source):
    capabilities = Capabilities(live=True)
    def start(self, host): raise SystemExit("started")
    def get_history(self, request): raise SystemExit("asked")
@hookimpl
def wealthsources_register(register): register("zmine", Mine)
"""


def configured(*sources, **settings) -> Config:
    return Config.from_mapping({"sources": list(sources), **settings}, where="config.yaml")


def test_every_source_is_examined_in_the_order_of_the_chain(distribution):
    distribution("zdist", sources="zmine = zmine_module", zmine_module=LIVE)
    found = examine(configured({"plugin": "zmine", "name": "live"}, {"plugin": "context"}))
    assert [(each.title, each.state, each.live, each.origin, each.mistakes) for each in found] == [
        ("live (zmine)", "enabled", True, "zdist 1.0", ()),
        ("context", "enabled", False, f"wealthsources {__version__}", ()),
    ]


@pytest.mark.parametrize(("optional", "state"), [(False, "broken"), (True, "left out")])
def test_a_source_that_cannot_be_made_is_broken_unless_it_is_optional(optional, state):
    (found,) = examine(configured({"plugin": "zgone", "optional": optional}))
    assert (found.state, found.live, found.origin) == (state, None, "")
    assert found.mistakes[0].startswith("config.yaml: sources[0]: no plugin 'zgone' is installed")


def test_every_mistake_in_its_options_is_one_of_the_source():
    (found,) = examine(configured({"plugin": "file", "options": {"pat": "x", "path": 5}}))
    assert [mistake.split(":")[1].strip() for mistake in found.mistakes] == [
        "sources[0].options.path",
        "sources[0].options.pat",
    ]


def test_a_plugin_that_is_not_allowed_is_not_loaded(distribution):
    distribution("zdist", sources="zmine = zmine_module", zmine_module="raise SystemExit('imported')")
    (found,) = examine(configured({"plugin": "zmine"}, plugins={"allow": ["context"]}))
    assert "is not in plugins.allow" in found.mistakes[0]
    assert "zmine_module" not in sys.modules


def test_what_is_not_used_is_all_that_is_installed_and_not_named():
    assert "context" not in {found.name for found, _ in unused(configured({"plugin": "context"}))}
    everything = {found.name for found, _ in unused(None)}
    assert {"context", "file", "websocket"} <= everything


def test_what_speaks_against_a_plugin_is_remarked_without_importing_it(distribution):
    distribution("zgood", sources="zgood = zgood_module", zgood_module="raise SystemExit('imported')")
    distribution("zbad", sources="zbad = zgone.plugin")
    distribution("zone", sources="ztwice = zgood_module")
    distribution("ztwo", sources="ztwice = zgood_module")
    remarks = [
        (found.name, remark.partition(";")[0])
        for found, remark in unused(configured({"plugin": "context"}, plugins={"allow": ["context", "zbad", "ztwice"]}))
        if found.name.startswith("z")
    ]
    assert remarks == [
        ("zbad", "broken: there is no module 'zgone'"),
        ("zgood", "not in plugins.allow"),
        ("ztwice", "broken: the name is claimed more than once"),
        ("ztwice", "broken: the name is claimed more than once"),
    ]
    assert "zgood_module" not in sys.modules


def test_where_everything_is_allowed_nothing_is_remarked(distribution):
    distribution("zgood", sources="zgood = zgood_module", zgood_module="")
    assert ("zgood", "") in {(found.name, remark) for found, remark in unused(None)}
