from __future__ import annotations

import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from wealthsources.cli.plugin_commands import load, offers
from wealthsources_store.commands.export import app
from wealthsources_store.writing import Batch, write

from ....support.bars import at
from ..stock import closes, put
from ..test_roundtrip import FRAME


@pytest.fixture
def filled(place):
    database = place.database()
    put(database, {0: "11", 1: "11.5"}, at(3))
    put(database, {1: "11.75"}, at(4))
    write(database, [Batch(closes({0: "10"}).replace(symbol="ETH/USDT"), None)], at(9))
    database.close()
    return place


def test_all_series_one_file_each(filled, tmp_path):
    out = tmp_path / "out"
    done = filled.run(app, "--to", out)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [f"{out}/BTCUSDT/1h.parquet: 2 bars", f"{out}/ETH%2FUSDT/1h.parquet: 1 bars"]
    table = pq.read_table(out / "BTCUSDT" / "1h.parquet").to_pandas()
    assert table["close"].tolist() == [11.0, 11.75]
    assert str(table["open_time"].dtype) == "datetime64[ms, UTC]"


def test_some_series_with_all_states(filled, tmp_path, hour):
    done = filled.run(app, "btc-usdt", "1h", "--to", tmp_path / "out", "--revisions", "--from", hour(1))
    assert done.stdout == f"{tmp_path}/out/BTCUSDT/1h.parquet: 2 states\n"
    none = filled.run(app, "--to", tmp_path / "none", "--until", hour(0))
    assert none.exit_code == 0
    assert none.stderr.splitlines() == [
        f"BTCUSDT {FRAME}: no bar of that time",
        f"ETH/USDT {FRAME}: no bar of that time",
    ]
    assert filled.run(app, "BTCUSDT", "1d", "--to", tmp_path / "none").stdout == ""


def test_what_makes_no_sense(filled, tmp_path):
    done = filled.run(app, "DOGE", "--to", tmp_path / "out")
    assert done.exit_code == 2
    assert done.stderr == "error: the store has no DOGE; it has BTCUSDT, ETH/USDT\n"
    empty = filled.run(app, "--to", tmp_path / "out", "--store", "other")
    assert empty.exit_code == 1
    assert "there is no store yet" in empty.stderr


def test_without_pyarrow(filled, tmp_path):
    code = (
        "import sys; sys.modules['pyarrow'] = None; from wealthsources_store.commands.export import app; "
        "app(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "--to", str(tmp_path / "out"), "--config", str(filled.config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "pip install 'wealthsources[parquet]'" in done.stderr


def test_it_is_a_command():
    assert callable(load(next(offer for offer in offers() if offer.info.name == "export")).main)
