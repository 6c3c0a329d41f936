"""What is installed, told by metadata, with throw-away distributions on the path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from wealthsources.loading.discovery import COMMANDS, PLUGINS, PluginInfo, installed, missing_extra, missing_module


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


def test_our_own_commands_have_a_group_of_their_own():
    assert "simulate" in {found.name for found in installed(COMMANDS)}
    assert "simulate" not in {found.name for found in installed(PLUGINS)}
    assert installed() == installed(PLUGINS)


def test_entries_come_by_name_and_a_name_that_two_claim_comes_twice(distribution):
    distribution("zsecond", "zmine = two\nzalso = two", folder="two")
    distribution("zfirst", "zmine = one", folder="one")
    assert [(found.name, found.distribution) for found in ours()] == [
        ("zalso", "zsecond"),
        ("zmine", "zfirst"),
        ("zmine", "zsecond"),
    ]


def test_what_is_installed_and_removed_while_a_process_runs_is_seen(distribution):
    site = distribution("zfirst", "zone = one")
    assert [found.name for found in ours()] == ["zone"]
    before = site.stat().st_mtime_ns
    distribution("zsecond", "ztwo = two")
    os.utime(site, ns=(before + 10**9, before + 10**9))  # the clocks of files may be coarse
    assert [found.name for found in ours()] == ["zone", "ztwo"]
    shutil.rmtree(site / "zfirst-1.0.dist-info")
    os.utime(site, ns=(before + 2 * 10**9, before + 2 * 10**9))
    assert [found.name for found in ours()] == ["ztwo"]


def test_a_group_that_nobody_has_is_empty():
    assert installed("wealthsources.nothing") == ()


@pytest.mark.parametrize("value", ["mine.plugin", "mine.plugin:app", " mine.plugin : app "])
def test_an_entry_knows_its_top_level_module_and_its_origin(value):
    found = PluginInfo("zmine", value, "z-dist", "1.2")
    assert (found.top_level, found.origin, str(found)) == ("mine", "z-dist 1.2", "plugin 'zmine' of z-dist 1.2")


# what is missing


@pytest.mark.parametrize(
    ("value", "missing"),
    [("json", ""), ("json.nothing:app", ""), ("zgone.plugin", "zgone"), ("", ""), (".relative:app", "")],
)
def test_a_module_that_cannot_be_found_is_named(value, missing):
    assert missing_module(PluginInfo("zmine", value, "z-dist", "1.2")) == missing


def test_to_look_for_a_module_imports_nothing(distribution):
    distribution(zmine_module="raise SystemExit('imported')")
    assert missing_module(PluginInfo("zmine", "zmine_module.part:app", "zdist", "1.0")) == ""
    assert "zmine_module" not in sys.modules


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (
            ModuleNotFoundError("no", name="zfast"),
            "needs `pip install 'z-dist[fast,more]'`: there is no module 'zfast'",
        ),
        (ModuleNotFoundError("no", name="zfast.part"), "needs `pip install 'z-dist[fast,more]'`: there is no module "),
        (ModuleNotFoundError("no", name="mine.part"), ""),
        (ModuleNotFoundError("no", name="wealthsources.part"), ""),
        (ModuleNotFoundError("no"), ""),
        (ImportError("no", name="zfast"), ""),
        (OSError("no"), ""),
    ],
)
def test_only_a_module_of_somebody_else_can_be_an_extra(error, remedy):
    found = PluginInfo("zmine", "mine.plugin", "z-dist", "1.2", ("fast", "more"))
    said = missing_extra(found, error)
    assert said.startswith(remedy)
    assert bool(said) is bool(remedy)


def test_a_plugin_without_extras_lacks_none():
    found = PluginInfo("zmine", "mine.plugin", "z-dist", "1.2")
    assert missing_extra(found, ModuleNotFoundError("no", name="zfast")) == ""


def test_to_look_at_what_is_installed_takes_neither_pluggy_nor_pydantic():
    code = (
        "import sys; from wealthsources.loading.discovery import installed; installed();"
        "print(sorted({'pluggy', 'pydantic', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
