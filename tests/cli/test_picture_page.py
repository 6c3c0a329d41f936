"""A picture as a page: opened in a real browser, and read back from what is drawn there."""

from __future__ import annotations

import pytest

from wealthsources import Bars
from wealthsources.cli.picture import COLOURS, arrange
from wealthsources.cli.picture_page import page_of

from ..support.bars import moving
from ..support.browser import browser_page
from .test_picture import holes

HOSTILE = "</script><script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\"><b>B</b>"
#: What is drawn: the bodies of bars and their colours, trace by trace; the volumes; the bands; the legend's texts.
DRAWN = """({
    bodies: [...document.querySelectorAll(".boxes")].map(trace => [...trace.querySelectorAll("path.box")].map(path =>
        [getComputedStyle(path).stroke, getComputedStyle(path).fill])),
    volumes: document.querySelectorAll(".subplot.xy2 .barlayer .point path").length,
    bands: document.querySelectorAll(".shapelayer path").length,
    labels: [...document.querySelectorAll(".shape-label text, .shapelayer text")].map(text => text.textContent),
    legend: [...document.querySelectorAll(".legendtext")].map(text => text.textContent),
    notes: [...document.querySelectorAll(".annotation-text")].map(text => text.textContent),
    heading: document.querySelector(".gtitle").textContent,
    title: document.title,
    fetched: performance.getEntriesByType("resource").length,
})"""
#: Where on the page the middle of a place of the price chart is.
MIDDLE = """(() => {
    const chart = document.getElementById("chart"), drawn = chart._fullLayout, frame = chart.getBoundingClientRect();
    const x = drawn.xaxis, y = drawn.yaxis;
    return [frame.left + x._offset + x.d2p(x._categories[PLACE]), frame.top + y._offset + y._length / 2];
})()"""
#: From here on it is noted when the chart has said something of what is pointed at; and what it said.
LISTEN = """(() => {
    window.hovered = new Promise(done => document.getElementById("chart").once("plotly_hover", () => done(1)));
})()"""
HOVERED = """window.hovered.then(() =>
    [...document.querySelectorAll('.hoverlayer text')].map(text => text.textContent).join(' | '))"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser_page(tmp_path_factory.mktemp("browser")) as page:
        yield page
        assert page.failures == []


@pytest.fixture(scope="module")
def show(page, tmp_path_factory):
    """Open the page of some bars, unless it is open; what is drawn there."""
    path, shown = tmp_path_factory.mktemp("picture") / "picture.html", ""

    def show(bars: Bars) -> dict:
        nonlocal shown
        text = page_of(arrange(bars))
        if text != shown:
            path.write_text(text, encoding="utf-8")
            page.open(path)
            shown = text
        return page.value(DRAWN)

    return show


def told_at(page, place: int) -> str:
    """What is said to who points at that place of the price chart."""
    page.value(LISTEN)
    page.point_at(*page.value(MIDDLE.replace("PLACE", str(place))))
    return page.value(HOVERED)


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))})"


def two_sources() -> Bars:
    """Hours 0 to 9 of one, 13 to 29 of another, 40 to 44 of the first again; all rise."""
    first = moving(*range(10)).named("BTCUSDT", "one")
    second = moving(*range(13, 30)).named("BTCUSDT", "two")
    third = moving(*range(40, 45)).named("BTCUSDT", "one")
    return Bars.of([*first, *second, *third]).replace(holes=holes((10, 13), (30, 40)))


def test_there_are_as_many_candles_as_bars_each_in_the_colour_of_its_source_and_each_hole_is_a_band(show):
    drawn = show(two_sources())
    assert [len(bodies) for bodies in drawn["bodies"]] == [15, 17]
    for bodies, colour in zip(drawn["bodies"], COLOURS, strict=False):
        assert {stroke for stroke, _ in bodies} == {rgb(colour)}
    assert drawn["volumes"] == 32
    assert drawn["bands"] == 2
    assert drawn["labels"] == ["3 missing", "10 missing"]
    assert drawn["legend"] == ["one", "two", "missing"]
    assert drawn["heading"].startswith("BTCUSDT 1h · 32 bars · 2020-09-13 12:00 to 2020-09-15 09:00 UTC")


def test_the_data_of_the_chart_are_the_bars(show, page):
    bars = two_sources()
    show(bars)
    found = page.value(
        "document.getElementById('chart').data.filter(trace => trace.type == 'candlestick')"
        ".flatMap(trace => trace.x.map((x, place) => [x, trace.open[place], trace.high[place], trace.low[place],"
        "trace.close[place], trace.name]))"
    )
    times = arrange(bars)
    wanted = [
        [times.times[place], bar.open, bar.high, bar.low, bar.close, bar.source]
        for place, bar in zip(times.places.tolist(), bars, strict=True)
    ]
    assert sorted(found) == sorted(wanted)


def test_a_bar_that_fell_is_filled_and_one_that_rose_is_hollow(show):
    rose, fell = [10, 12, 9, 11, 1], [11, 12, 9, 10, 1]
    times = moving(0, 1).open_times
    drawn = show(Bars.from_columns("X", "1h", times, *zip(rose, fell, strict=True)))
    assert drawn["bodies"] == [[[rgb(COLOURS[0]), "rgb(255, 255, 255)"], [rgb(COLOURS[0])] * 2]]


def test_who_points_at_a_bar_reads_its_exact_values_and_its_source(show, page):
    show(two_sources())
    assert told_at(page, 5) == "2020-09-13 17:00open 115.0high 117.0low 114.0close 116.0volume 165.0one"


def test_who_points_at_a_band_reads_how_many_bars_are_missing_and_from_when_to_when(show, page):
    show(two_sources())
    assert "10 missing from 2020-09-14 18:00 to 2020-09-15 04:00 UTC" in told_at(page, 32)


def test_a_forming_bar_is_pale_and_named(show, page):
    closed = moving(*range(5)).named("X", "live")
    drawn = show(Bars.of([*closed, *moving(5, closed=False).named("X", "live")]))
    assert [len(bodies) for bodies in drawn["bodies"]] == [5, 1]
    assert drawn["legend"] == ["live", "live, forming"]
    assert drawn["notes"] == ["forming"]
    pale = "[...document.querySelectorAll('.boxes')].map(trace => getComputedStyle(trace).opacity)"
    assert page.value(pale) == ["1", "0.5"]


def test_a_drag_moves_the_chart(show, page):
    show(moving(*range(41)))
    moved = 'window.moved = new Promise(done => document.getElementById("chart").once("plotly_relayout", done)), null'
    page.value(moved)
    x, y = page.value(MIDDLE.replace("PLACE", "10"))
    page.drag(x, y, page.value(MIDDLE.replace("PLACE", "20"))[0] - x)
    page.value("window.moved.then(() => null)")
    first, last = page.value("document.getElementById('chart')._fullLayout.xaxis.range")
    assert (first, last) == (pytest.approx(-10.5, abs=0.2), pytest.approx(30.5, abs=0.2))


def test_text_from_outside_is_text(show, page):
    drawn = show(moving(*range(5)).named(HOSTILE, f"_{HOSTILE}"))
    assert drawn["title"] == drawn["heading"].removesuffix("hollow: rose · filled: fell")
    assert drawn["title"].startswith(HOSTILE)
    assert drawn["legend"] == [f"_{HOSTILE}"]
    assert HOSTILE in told_at(page, 2)
    assert page.value("document.images.length + document.querySelectorAll('b').length") == 0


def test_nothing_is_fetched(show, page):
    assert show(two_sources())["fetched"] == 0
    # Nor could it be: the page's own policy forbids it.
    forbidden = "fetch('http://127.0.0.1:9/').then(() => 'fetched', error => error.name)"
    assert page.value(forbidden) == "TypeError"
    assert any("Content Security Policy" in text for text in page.failures)
    page.failures.clear()
