"""What a notebook shows, read back out of a real browser."""

from __future__ import annotations

import pandas as pd
import pytest

from wealthsources import AllSourcesFailed, Attempt, Bars, Hole, SourceStatus, StreamStatus
from wealthsources.model.notebook import ends_of, html_lines, html_table
from wealthsources.resolve.explanation import Explanation
from wealthsources.runtime.session_status import SessionStatus

from ..support.bars import at, hourly, record, recorded
from ..support.browser import browser_page

NASTY = "<script>window.hurt = 1</script><img src=x onerror='window.hurt = 2'>\n\x1b[31m&"
SEEN = "<script>window.hurt = 1</script><img src=x onerror='window.hurt = 2'> \N{REPLACEMENT CHARACTER}[31m&"
READ = """[...document.querySelectorAll('table')].map(table => [...table.rows].map(
    row => [...row.cells].map(cell => cell.textContent)))"""
SIDES = "[...document.querySelectorAll('tbody tr:first-child td')].map(cell => getComputedStyle(cell).textAlign)"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser_page(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture
def show(page, tmp_path):
    """Open a page that shows these things as a notebook would; the cells of its tables."""

    def show(*things) -> list:
        html = "\n".join(f"<p>{thing._repr_html_()}</p>" for thing in things)
        (tmp_path / "page.html").write_text(f"<meta charset=utf-8>{html}", encoding="utf-8")
        page.open(tmp_path / "page.html")
        assert page.value("typeof window.hurt") == "undefined"
        return page.value(READ)

    return show


def test_bars_are_a_table_with_their_values_as_they_were_sent(page, show):
    (table,) = show(recorded(3))
    assert table[0] == ["open time, UTC", "open", "high", "low", "close", "volume", "state", "source"]
    assert table[1] == ["2020-09-13 12:00", "10.50", "12", "9.000", "11.1", "3", "", ""]
    assert len(table) == 4
    assert page.value(SIDES) == ["left", *["right"] * 5, "left", "left"]


def test_of_many_bars_the_first_and_the_last_are_shown(show):
    bars = hourly(*range(1000), closed=True)
    (table,) = show(bars)
    assert len(table) == 22
    assert [row[0] for row in table[10:13]] == ["2020-09-13 21:00", "\N{HORIZONTAL ELLIPSIS}", "2020-10-24 18:00"]
    assert {row[6] for row in table[12:]} == {"closed"}


def test_an_explanation_a_status_and_a_frame_are_tables(show):
    attempts = (Attempt("live", "not_here", reason="stale"), Attempt("archive", "bars", 3, 0.0123))
    answer = Explanation("3 bars", at(9), attempts, hourly(1, 2, 3), None)
    stream = StreamStatus("BTCUSDT", "1h", "live", 20, 1.5, 2)
    counts = {"epoch": 2, "reconnects": 1, "last_data": 90}
    source = SourceStatus("connected", "late", endpoint="wss://x", streams=(stream,), **counts)
    session = SessionStatus("system", at(0), "live", {"live": source, "archive": SourceStatus()}, 7)
    explained, alone, of_alone, together, of_together, frame = show(
        answer, source, session, pd.DataFrame({"close": [1.5]})
    )
    assert explained[1:] == [["live", "not here", "", "", "stale"], ["archive", "bars", "3", "12.30", ""]]
    assert alone[1] == ["connected", "2", "1", "2 min ago", "wss://x", "late"]
    assert of_alone[1] == ["BTCUSDT", "1h", "live", "20", "1.5 s", "2", "0", ""]
    assert [row[:2] for row in together[1:]] == [["live", "connected"], ["archive", "ready"]]
    assert of_together[1][:3] == ["live", "BTCUSDT", "1h"]
    assert frame[1] == ["0", "1.5"]


def test_whatever_a_server_says_is_text_on_one_line(show):
    """Nothing of it runs, and nothing of it is lost."""
    status = SourceStatus(NASTY, NASTY, NASTY, NASTY, 1, streams=(StreamStatus(NASTY, NASTY, NASTY, reason=NASTY),))
    bars = Bars.from_records(NASTY, "1h", [record(0)])
    error = AllSourcesFailed(NASTY, [])
    answer = Explanation(NASTY, at(9), (Attempt(NASTY, "failed", reason=NASTY),), None, error)
    session = SessionStatus(NASTY, 0, NASTY, {NASTY: status}, disagreements={NASTY: 1}, label_shifts={NASTY: NASTY})
    tables = show(status, bars.named(NASTY, NASTY), answer, session)
    assert tables[0][1][0] == tables[1][1][0] == SEEN
    assert tables[2][1][-1] == SEEN
    assert tables[3][1] == [SEEN, "failed", "", "", SEEN]


def test_without_bars_there_is_a_table_without_rows(show):
    (table,) = show(Bars.empty("BTCUSDT", "1h"))
    assert len(table) == 1


def test_what_a_frame_lacks_is_said_above_its_table():
    bars = hourly(1, 4).replace(holes=(Hole(at(2), at(4), 2),), behind=3)
    assert "1 holes, 2 bars · 3 behind</div><table>" in bars._repr_html_()


def test_a_row_of_another_length_than_the_heading_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        html_table(["a", "b"], [["1"]])


def test_empty_lines_are_left_out():
    assert html_lines("", "a", "") == "<div>a</div>"


def test_only_rows_that_are_shown_are_made():
    asked = []
    assert ends_of(range(10), lambda item: asked.append(item) or [item], 4) == [[0], [1], ["\u2026"], [8], [9]]
    assert asked == [0, 1, 8, 9]
    assert ends_of(range(4), lambda item: [item], 4) == [[0], [1], [2], [3]]
    assert ends_of((), lambda item: [item]) == []
