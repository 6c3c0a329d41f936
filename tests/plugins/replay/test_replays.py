from __future__ import annotations

import pytest

from wealthsources_replay.errors import RecordingError
from wealthsources_replay.replays import facts_of, find_replay
from wealthsources_websocket.replay import WebSocketReplay

from .records import HEADER

GROUP = "[wealthsources.replays]\n"


def test_that_of_a_plugin_is_found_by_its_name():
    assert find_replay("websocket") is WebSocketReplay


def test_one_that_nobody_brings_is_an_error():
    with pytest.raises(RecordingError, match="no plugin that is installed reads the frames of 'zbus' sources"):
        find_replay("zbus")


def test_one_that_two_claim_is_an_error(distribution):
    distribution("zone", f"{GROUP}zbus = zone_module:made", folder="one", zone_module="made = 1")
    distribution("ztwo", f"{GROUP}zbus = ztwo_module:made", folder="two", ztwo_module="made = 2")
    with pytest.raises(RecordingError, match="2 distributions read"):
        find_replay("zbus")


def test_one_that_cannot_be_imported_says_what_is_missing(distribution):
    entry = f"{GROUP}zbus = zlame_module:made [zextra]"
    distribution("zlame", entry, zlame_module="import znothing")
    with pytest.raises(RecordingError, match=r"cannot be imported: No module named 'znothing'; install .*\[zextra\]"):
        find_replay("zbus")


def test_the_facts_are_those_of_the_header():
    facts = facts_of(HEADER)
    assert (facts.plugin, facts.symbols, facts.options) == (HEADER.plugin, HEADER.symbols, HEADER.options)
