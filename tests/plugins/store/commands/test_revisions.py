from __future__ import annotations

import json

import pytest

from wealthsources.cli.plugin_commands import load, offers
from wealthsources_store.commands.revisions import app

from ....support.bars import at
from ..stock import put

_HEAD = "open_time revision known_at open high low close volume source finality"


@pytest.fixture
def revised(place):
    database = place.database()
    put(database, {0: "11.50", 1: "11", 2: "11"}, at(3))
    put(database, {0: "11.75"}, at(4), source="history\x1b[2J")
    put(database, {2: "11.25", 1: "11.0"}, at(5))
    database.close()
    return place


def test_each_state_of_what_changed_with_the_changes_marked(revised):
    done = revised.run(app, "btcusdt", "1h")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == _HEAD.split()
    assert [" ".join(line.split()) for line in lines[1:]] == [
        "2020-09-13 12:00 0 2020-09-13 15:00 10.50 12 9.000 11.50 3 live history",
        "2020-09-13 12:00 1 2020-09-13 16:00 10.50 12 9.000 11.75* 3 history\N{REPLACEMENT CHARACTER}[2J history",
        "2020-09-13 14:00 0 2020-09-13 15:00 10.50 12 9.000 11 3 live history",
        "2020-09-13 14:00 1 2020-09-13 17:00 10.50 12 9.000 11.25* 3 live history",
    ]


def test_as_json(revised, hour):
    done = revised.run(app, "BTCUSDT", "1h", "--json", "--from", hour(1), "--to", hour(3))
    values = {"open": "10.50", "high": "12", "low": "9.000", "close": "11", "volume": "3"}
    told = {"source": "live", "finality": "history"}
    first = {"open_time": at(2), "revision": 0, "known_at": at(3), **values, **told, "changed": []}
    second = {**first, "revision": 1, "known_at": at(5), "close": "11.25", "changed": ["close"]}
    assert json.loads(done.stdout) == [first, second]


def test_nothing_changed(revised, hour):
    done = revised.run(app, "BTCUSDT", "1h", "--from", hour(1), "--to", hour(2))
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no bar of BTCUSDT 1h of that time was changed" in done.stderr
    assert json.loads(revised.run(app, "BTCUSDT", "1h", "--to", hour(0), "--json").stdout) == []


def test_what_is_not_there(revised):
    for arguments, told in ((("DOGE", "1h"), "the store has no DOGE 1h"), (("BTCUSDT", "5x"), "not a timeframe")):
        done = revised.run(app, *arguments)
        assert done.exit_code == 2
        assert told in done.stderr


def test_it_is_a_command():
    assert callable(load(next(offer for offer in offers() if offer.info.name == "revisions")).main)
