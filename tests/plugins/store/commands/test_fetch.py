from __future__ import annotations

import json
import subprocess
import sys

import pytest

from wealthsources.cli.plugin_commands import load, offers
from wealthsources_store import fetching
from wealthsources_store.commands.fetch import app
from wealthsources_store.reading import read

from ..stock import FRAME, NOW, SYMBOL, put


def hours(place):
    return len(read(place.database(), SYMBOL, FRAME, end=NOW))


def test_bars_of_a_span_come_into_the_store(place, hour):
    place.write_csv(*range(40))
    done = place.run(app, "archive", "BTCUSDT", "1h", "--from", hour(10), "--to", hour(30))
    assert (done.exit_code, done.stdout) == (0, "20 new, 0 revised, 0 were there already\n")
    assert hours(place) == 20
    again = place.run(app, "archive", "BTCUSDT", "1h", "--from", hour(0), "--to", hour(30))
    assert again.stdout == "10 new, 0 revised, 20 were there already\n"


def test_what_the_source_does_not_have_is_no_error(place, hour):
    place.write_csv(*range(5))
    done = place.run(app, "archive", "BTCUSDT", "1h", "--from", hour(0), "--to", hour(20))
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "5 new, 0 revised, 0 were there already"
    assert done.stdout.splitlines()[1].startswith("of 15 windows archive has no bar")


def test_bars_of_another_source_stay(place, hour):
    place.write_csv(*range(5))
    put(place.database(), {1: "11.75"}, source="live")
    done = place.run(app, "archive", "BTCUSDT", "1h", "--from", hour(0), "--to", hour(5))
    assert done.stdout.splitlines() == [
        "4 new, 0 revised, 0 were there already",
        "1 were there from another source with other numbers, and are left as they are",
    ]


def test_into_another_store(place, hour):
    place.write_csv(*range(5))
    place.run(app, "archive", "BTCUSDT", "1h", "--from", hour(0), "--store", "other")
    assert len(read(place.database("other"), SYMBOL, FRAME, end=NOW)) == 5


def test_check_asks_nobody_and_lists_spans(place, hour):
    place.write_csv(*range(5), *range(10, 15))
    arguments = ("archive", "BTCUSDT", "1h", "--from", hour(0), "--to", hour(15))
    missing = place.run(app, *arguments, "--check")
    assert missing.exit_code == 1
    assert missing.stdout.splitlines()[0] == "BTCUSDT 1h: 15 of 15 bars are missing"
    assert not (place.folder / "store.db").exists()
    place.run(app, *arguments)
    some = place.run(app, *arguments, "--check")
    assert some.exit_code == 1
    assert some.stdout.splitlines() == [
        "BTCUSDT 1h: 5 of 15 bars are missing",
        "  2020-09-13 17:00 to 2020-09-13 22:00 UTC: 5",
    ]
    place.write_csv(*range(15))
    place.run(app, *arguments)
    done = place.run(app, *arguments, "--check")
    assert (done.exit_code, done.stdout) == (0, "BTCUSDT 1h: 0 of 15 bars are missing\n")


def test_check_never_lists_more_than_the_longest_spans(place, hour):
    place.write_csv(*range(0, 90, 2))
    arguments = ("archive", "BTCUSDT", "1h", "--from", hour(0), "--to", hour(90))
    place.run(app, *arguments)
    done = place.run(app, *arguments, "--check")
    assert len(done.stdout.splitlines()) == 22
    assert done.stdout.splitlines()[-1] == "  and 25 shorter spans: 25"


def test_interrupted_it_says_how_to_go_on(place, hour, monkeypatch):
    monkeypatch.setattr(fetching, "CHUNK", 10)
    place.write_csv(*range(30))
    real = fetching.Fetcher._step

    def step(self, chunk):
        if hours_asked.pop():
            raise KeyboardInterrupt
        return real(self, chunk)

    hours_asked = [True, False, False]
    monkeypatch.setattr(fetching.Fetcher, "_step", step)
    arguments = ("archive", "BTCUSDT", "1h", "--from", hour(0), "--to", hour(30))
    done = place.run(app, *arguments)
    assert done.exit_code == 130
    assert "the same command goes on from there" in done.stderr
    stored = hours(place)
    assert done.stdout == f"{stored} new, 0 revised, 0 were there already\n"
    assert 10 <= stored <= 20
    monkeypatch.setattr(fetching.Fetcher, "_step", real)
    assert place.run(app, *arguments).stdout == f"{30 - stored} new, 0 revised, {stored} were there already\n"


def test_a_failure_ends_it_with_the_remedy(place, hour):
    place.write_csv(*range(5))
    path = place.folder / "files" / "BTCUSDT" / "1h.csv"
    path.write_text(path.read_text().replace("10.50", "fifty", 1))
    done = place.run(app, "archive", "BTCUSDT", "1h", "--from", hour(0), "--to", hour(5))
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert "1h.csv:2" in done.stderr
    assert done.stdout == "0 new, 0 revised, 0 were there already\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nobody", "BTCUSDT", "1h", "--from", "2020-01-01"], "nobody"),
        (["other", "BTCUSDT", "1h", "--from", "2020-01-01"], "other is a store itself"),
        (["context", "BTCUSDT", "1h", "--from", "2020-01-01"], "there is none here; name another source"),
        (["archive", "BTCUSDT", "5x", "--from", "2020-01-01"], "'5x' is not a timeframe"),
        (["archive", "BTCUSDT", "1h", "--from", "long ago"], "--from 'long ago' is no time"),
        (["archive", "BTCUSDT", "1h", "--from", "2020-01-02", "--to", "2020-01-01"], "is not before --to"),
        (["archive", "BTCUSDT", "1h", "--from", "2020-01-01", "--store", "x"], "no source named 'x' has a store"),
    ],
)
def test_what_makes_no_sense(place, arguments, told):
    done = place.run(app, *arguments)
    assert done.exit_code == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_live_source_is_recorded_instead(place):
    options = {"protocol": "binance", "symbols": ["BTCUSDT"], "resolutions": ["1m"]}
    config = json.loads(place.config.read_text())
    config["sources"].append({"plugin": "websocket", "name": "live", "options": options})
    place.config.write_text(json.dumps(config))
    done = place.run(app, "live", "BTCUSDT", "1m", "--from", "2020-01-01")
    assert done.exit_code == 2
    assert "live is live, and is recorded" in done.stderr


def test_on_a_terminal_there_is_a_bar(place, hour):
    place.write_csv(*range(30))
    code = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-m', 'wealthsources', 'fetch', *sys.argv[1:]]) >> 8)"
    command = [sys.executable, "-c", code, "archive", "BTCUSDT", "1h", "--from", hour(0), "--to", hour(30)]
    command += ["--config", str(place.config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout
    assert "30/30" in done.stdout
    assert "30 new" in done.stdout


def test_it_is_a_command_and_its_help_is_quick():
    offer = next(offer for offer in offers() if offer.info.name == "fetch")
    assert callable(load(offer).main)
    code = "import sys, wealthsources_store.commands.fetch; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
