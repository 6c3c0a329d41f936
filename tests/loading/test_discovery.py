"""What is installed, told by metadata, with throw-away distributions on the path."""

from __future__ import annotations

import sys

from wealthsources.loading.discovery import PluginInfo, installed


def ours():
    return [found for found in installed() if found.name.startswith("z")]


def test_installed_tells_name_module_distribution_version_and_extras(distribution):
    distribution("z-dist", "zmine = zmine.plugin [fast,my-extra]", version="1.2")
    assert ours() == [PluginInfo("zmine", "zmine.plugin", "z-dist", "1.2", ("fast", "my-extra"))]


def test_installed_imports_no_plugin(distribution):
    distribution(zmine_module="raise SystemExit('imported')")
    assert [found.name for found in ours()] == ["zmine"]
    assert "zmine_module" not in sys.modules


def test_our_own_plugins_come_through_the_same_door():
    websocket = next(found for found in installed() if found.name == "websocket")
    assert (websocket.distribution, websocket.extras) == ("wealthsources", ("websocket",))
    assert websocket.value == "wealthsources_websocket.plugin"
