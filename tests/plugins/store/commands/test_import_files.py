from __future__ import annotations

import pytest

from wealthsources.cli.plugin_commands import load, offers
from wealthsources_store.commands.export import app as export
from wealthsources_store.commands.import_files import app
from wealthsources_store.errors import NoStore
from wealthsources_store.reading import read, recorded, revisions
from wealthsources_store.writing import note_recorded

from ....support.bars import at
from ..parquet_files import change, plain, write_file
from ..stock import FRAME, NOW, SYMBOL, got, put


@pytest.fixture
def out(place, tmp_path):
    """What a store with a revised bar was exported to."""
    database = place.database()
    put(database, {0: "11.00", 1: "11.5"}, at(3))
    put(database, {1: "11.75"}, at(4))
    database.close()
    place.run(export, "--to", tmp_path / "out", "--revisions")
    return tmp_path / "out"


def states(place, name):
    return revisions(place.database(name), SYMBOL, FRAME, start=0, end=NOW)


def test_what_was_exported_comes_back_as_it_was(place, out):
    done = place.run(app, out, "--store", "other")
    assert (done.exit_code, done.stdout) == (0, f"{out}/BTCUSDT/1h.parquet: 3 new, 0 repeated\n")
    assert states(place, "other") == states(place, "store")
    assert place.run(app, out, "--store", "other").stdout.endswith(": 0 new, 3 repeated\n")


def test_what_a_recorder_did_not_bring_is_known_as_late_as_where_it_was_recorded(place):
    database = place.database()
    put(database, {0: "11.00", 1: "11.5"}, at(2))
    note_recorded(database, [(SYMBOL, FRAME)], at(0), at(5))
    place.run(export, "--to", place.folder / "out")
    assert place.run(app, place.folder / "out", "--store", "other").exit_code == 0
    assert place.run(app, place.folder / "out", "--store", "other").exit_code == 0
    assert recorded(place.database("other"), SYMBOL, FRAME) == recorded(database, SYMBOL, FRAME) == [(at(0), at(5))]
    for name in ("store", "other"):
        put(place.database(name), {2: "12", 5: "13"}, now=at(50))  # fetched: nobody listened when the second one ended
        assert got(place.database(name), known_at=at(49)) == {0: "11.00", 1: "11.5", 5: "13"}


def test_where_other_things_were_known_they_stay(place, out):
    put(place.database("other"), {1: "11"}, at(2))
    done = place.run(app, out / "BTCUSDT" / "1h.parquet", "--store", "other")
    assert done.stdout.endswith("1 new, 0 repeated, 1 different (there with other numbers, and left as they are)\n")


def test_plain_files_are_fetched_history(place, tmp_path):
    path = write_file(tmp_path / "prices.parquet", plain(5))
    arguments = (path, "--symbol", "BTCUSDT", "--timeframe", "1h", "--source", "vendor")
    assert place.run(app, *arguments).stdout == f"{path}: 5 new, 0 revised, 0 repeated\n"
    assert place.run(app, *arguments).stdout == f"{path}: 0 new, 0 revised, 5 repeated\n"
    assert {bar.source for bar in read(place.database(), SYMBOL, FRAME, end=NOW)} == {"vendor"}
    other = place.run(app, *arguments[:-1], "elsewhere")
    assert other.stdout.endswith("5 repeated\n")


@pytest.mark.parametrize("last", [-1.0, float("nan")])
def test_of_a_file_in_which_anything_is_wrong_nothing_is_stored(place, tmp_path, monkeypatch, last):
    monkeypatch.setattr("wealthsources_store.file_rows._BLOCK", 2)
    path = write_file(tmp_path / SYMBOL / "1h.parquet", plain(5, volume=[1.0, 1.0, 1.0, 1.0, last]))
    done = place.run(app, path)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"error: {path}: column volume, row 5: {last} is ")
    assert len(done.stderr.splitlines()) == 1
    with pytest.raises(NoStore):
        read(place.database(), SYMBOL, FRAME, end=NOW)


def test_a_changed_export_is_refused(place, out):
    change(out / "BTCUSDT" / "1h.parquet", close=[11.001, 11.5, 11.75])
    done = place.run(app, out, "--store", "other")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "column close, row 1: is not the number of its text" in done.stderr


def test_what_makes_no_sense(place, tmp_path, out):
    nothing = place.run(app, tmp_path / "nowhere.parquet")
    assert nothing.exit_code == 1
    assert "is no Parquet file" in nothing.stderr
    (tmp_path / "empty").mkdir()
    assert "no .parquet file in that folder" in place.run(app, tmp_path / "empty").stderr
    write_file(out / "ETHUSDT" / "1h.parquet", plain())
    both = place.run(app, out, "--symbol", "BTCUSDT")
    assert both.exit_code == 2
    assert "are said of one file; these are 2" in both.stderr


def test_it_is_a_command():
    assert callable(load(next(offer for offer in offers() if offer.info.name == "import")).main)
