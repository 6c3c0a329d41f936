"""`wealthsources plot`."""

from __future__ import annotations

import json
import re
import sys

import pytest

from ...support import shanghai
from ...support.bars import ms
from ...support.markets import HEADER
from ..conftest import LONG


def data(path) -> list[dict]:
    """The traces of a page."""
    found = re.search(r'Plotly\.newPlot\("chart", (\[.*?\]), \{"title"', path.read_text(encoding="utf-8"))
    return json.loads(found[1])


def categories(path) -> list[str]:
    """The places of the x axis."""
    return json.loads(re.search(r'"categoryarray": (\[.*?\])', path.read_text(encoding="utf-8"))[1])


def candles(path) -> dict[str, list[str]]:
    """The times of the bars by the name of their trace."""
    return {trace["name"]: trace["x"] for trace in data(path) if trace["type"] == "candlestick"}


def test_the_newest_bars_become_a_page_that_is_named_after_the_series(cli, file_config, folder):
    result = cli("plot", "BTCUSDT", "1h", "--count", 30)
    assert (result.code, result.out) == (0, "BTCUSDT-1h.html: 30 bars: 30 from archive\n")
    assert len(candles(folder / "BTCUSDT-1h.html")["archive"]) == 30
    assert "behind: the newest" in result.err
    assert [path.name for path in folder.iterdir() if path.suffix != ".yaml"] == ["BTCUSDT-1h.html"]


def test_a_span_is_drawn_from_its_first_bar_to_its_last(cli, file_config, folder):
    result = cli("plot", "BTCUSDT", "1h", "--from", "2019-08-02", "--to", "2019-08-03", "--output", "day.html")
    assert result.out == "day.html: 24 bars: 24 from archive\n"
    assert result.err == ""
    times = candles(folder / "day.html")["archive"]
    assert (times[0], times[-1]) == ("2019-08-02 00:00", "2019-08-02 23:00")


def test_a_name_in_png_makes_an_image(cli, file_config, folder):
    assert cli("plot", "BTCUSDT", "1h", "--count", 30, "--output", "x.PNG").code == 0
    assert (folder / "x.PNG").read_bytes().startswith(b"\x89PNG")


def test_live_bars_and_those_of_a_file_have_colours_of_their_own_and_a_forming_one_is_told(
    cli, serve, live_config, file_source, folder
):
    live_config(serve(skip=20, snapshot=10).url, file_source)
    result = cli("plot", "BTCUSDT", "1h", "--count", 15, "--include-now", "--wait", 1.5)
    assert result.code == 0, result.err
    drawn = candles(folder / "BTCUSDT-1h.html")
    assert {name: len(times) for name, times in drawn.items()} == {"live": 9, "live, forming": 1, "archive": 5}
    assert result.out == "BTCUSDT-1h.html: 15 bars: 10 from live, 5 from archive\n"


def test_a_hole_is_marked_and_noted(cli, config, folder):
    rows = [f"{ms(2024, 1, 1, hour)},1,1,1,1,1" for hour in (0, 1, 2, 5, 6)]
    (folder / "x.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    config("sources: [{plugin: file, options: {files: [{path: x.csv, symbol: X, timeframe: 1h}]}}]")
    result = cli("plot", "X", "1h", "--from", "2024-01-01", "--to", "2024-01-01T07:00")
    assert result.err == "note: a hole that no source fills: 2 missing from 2024-01-01 03:00 to 2024-01-01 05:00 UTC\n"
    (missing, _) = [trace for trace in data(folder / "X-1h.html") if trace["name"] == "missing"]
    assert missing["x"] == ["2024-01-01 03:00", "2024-01-01 04:00"]


def test_hours_in_which_a_market_is_closed_take_no_room(cli, config, folder):
    (folder / "x.csv").write_text(shanghai.csv(shanghai.minutes()))
    config(shanghai.CONFIG)
    span = ["--from", "2024-02-19", "--to", "2024-02-21"]
    result = cli("plot", "600519.XSHG", "1m", *span, "--output", "x.html")
    assert (result.code, result.out, result.err) == (0, "x.html: 480 bars: 480 from file\n", "")
    assert len(categories(folder / "x.html")) == 480
    (folder / "x.csv").write_text(shanghai.csv([*shanghai.minutes()[:118], *shanghai.minutes()[123:]]))
    assert "5 missing" in cli("plot", "600519.XSHG", "1m", *span, "--output", "x.html").err
    (missing, _) = [trace for trace in data(folder / "x.html") if trace["name"] == "missing"]
    minutes = ["03:28", "03:29", "05:00", "05:01", "05:02"]  # the lunch break is between them
    assert missing["x"] == [f"2024-02-19 {minute}" for minute in minutes]
    assert len(categories(folder / "x.html")) == 480


@pytest.mark.parametrize(("symbol", "name"), [("../up/X", "..%2Fup%2FX-1h.html"), ("BTC/USDT", "BTC%2FUSDT-1h.html")])
def test_a_symbol_is_no_path(cli, config, folder, symbol, name):
    (folder / "x.csv").write_text(f"{HEADER}\n{ms(2024, 1, 1)},1,1,1,1,1\n")
    config(f"sources: [{{plugin: file, options: {{files: [{{path: x.csv, symbol: '{symbol}', timeframe: 1h}}]}}}}]")
    assert cli("plot", symbol, "1h", "--count", 1).code == 0
    assert (folder / name).exists()


def test_months_have_a_name_that_is_not_that_of_minutes(cli, file_config, folder):
    cli("plot", "BTCUSDT", "1M", "--count", 1)
    assert (folder / "BTCUSDT-1mo.html").exists()


def test_without_a_bar_there_is_an_error_and_no_picture(cli, file_config, folder):
    for arguments in (["ETHUSDT", "1h"], ["BTCUSDT", "1h", "--from", "2018-01-01", "--to", "2018-02-01"]):
        result = cli("plot", *arguments)
        assert result.code == 1
        assert "archive: " in result.error
    assert [path.name for path in folder.iterdir()] == ["config.yaml"]


def test_a_span_too_short_for_a_bar_is_an_error_too(cli, file_config, folder):
    result = cli("plot", "BTCUSDT", "1h", "--from", "2019-08-02T00:10", "--to", "2019-08-02T00:50")
    assert (result.code, result.error) == (1, "there is no bar of BTCUSDT 1h of that time, so nothing to draw")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--count", 5, "--from", "2019-08-01"], "give either --count or --from, not both"),
        (["--count", 20_001], "--count is 20,000 at most, was 20,001: take a shorter span or a longer timeframe"),
        (["--output", "x.jpg"], "--output x.jpg should end in .html, for a page, or in .png, for an image"),
        (["--output", "no/such/x.html"], "--output no/such/x.html: cannot be written: No such file or directory"),
        (["--from", "soon"], "--from 'soon' is no time of 1980 to 2200"),
        (["--count", 0], "count must be at least 1, was 0"),
    ],
)
def test_wrong_use_exits_with_2_and_says_what_is_right(cli, file_config, folder, arguments, said):
    result = cli("plot", "BTCUSDT", "1h", *arguments)
    assert result.code == 2
    assert result.error.startswith(said)
    assert [path.name for path in folder.iterdir()] == ["config.yaml"]


def test_more_bars_than_a_browser_bears_are_refused(cli, config, folder):
    rows = [f"{ms(2024, 1, 1) + 60_000 * minute},1,1,1,1,1" for minute in range(20_001)]
    (folder / "x.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    config("sources: [{plugin: file, options: {files: [{path: x.csv, symbol: X, timeframe: 1m}]}}]")
    result = cli("plot", "X", "1m", "--from", "2024-01-01", "--to", "2024-02-01")
    assert (result.code, list(folder.glob("*.html"))) == (2, [])
    assert "these are 20,001 bars, and a picture has 20,000 at most" in result.error


@pytest.mark.parametrize(
    ("name", "module", "said"),
    [
        ("x.html", "plotly", "a page needs `pip install 'wealthsources[plot]'`: there is no module 'plotly.offline'"),
        ("x.png", "matplotlib", "an image needs `pip install 'wealthsources[plot]'`: there is no module 'matplotlib"),
    ],
)
def test_without_the_extra_the_error_says_what_to_install_before_anything_is_connected(
    cli, serve, live_config, monkeypatch, name, module, said
):
    server = serve()
    live_config(server.url)
    for each in [each for each in sys.modules if each.startswith((f"{module}.", "wealthsources.cli.picture_"))]:
        monkeypatch.delitem(sys.modules, each)
    monkeypatch.setitem(sys.modules, module, None)
    result = cli("plot", "BTCUSDT", "1h", "--output", name)
    assert result.code == 2
    assert result.error.startswith(said)
    assert server.accepted == 0


def test_an_exchange_is_drawn_without_a_configuration(cli, serve, folder):
    url = serve(token=None).url
    assert cli("plot", "wealthai", "BTCUSDT", "1h", "--count", 5, "--wait", LONG, "--endpoint", url).code == 0
    assert (folder / "BTCUSDT-1h.html").exists()
