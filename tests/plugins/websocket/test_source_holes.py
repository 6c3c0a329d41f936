"""The live source: holes, and filling them from the rest of the chain."""

from __future__ import annotations

import itertools
import logging
import time
from typing import Any

import pytest

from wealthsources import Bars, Finality, Hole
from wealthsources_websocket import WebSocketSource

from .live import FRAME, HOUR, FakeHost, Steps, at, closes, counters, held, offline, places, put, request, shard_of

# Holes.


def test_a_hole_is_told_filled_and_told_again(serve, open_session, wait_until, bar, tmp_path):
    (tmp_path / "BTCUSDT").mkdir()
    rows = [f"{at(place)},10,12,9,{place + 9.5},1" for place in range(3)]
    header = "open_time,open,high,low,close,volume"
    (tmp_path / "BTCUSDT" / "1h.csv").write_text("\n".join([header, *rows, ""]))
    archive = {"name": "archive", "plugin": "file", "options": {"path": f"{tmp_path}/{{symbol}}/{{timeframe}}.csv"}}
    script = Steps([bar(0)], [bar(3)])
    session = open_session(serve(script).url, archive)
    events: list[Any] = []
    session.subscribe(events.append)
    script.go()
    wait_until(lambda: len(held(session)) == 1)
    script.go()
    wait_until(lambda: [event.kind for event in events if event.kind in ("hole", "filled")] == ["hole", "filled"])
    hole, filled = (event for event in events if event.kind in ("hole", "filled"))
    assert hole.hole == filled.hole == Hole(at(1), at(3), 2)
    assert "archive: 3 bars" in filled.reason
    assert [(bar.source, bar.finality) for bar in held(session)][1:3] == [("archive", Finality.HISTORY)] * 2
    assert closes(held(session))[1:3] == ["10.5", "11.5"]
    assert counters(session)["backfilled"] == 2
    assert [stream.state for stream in session.source("live").status().streams] == ["live"]


def test_the_backfill_is_asked_for_the_hole_and_the_bars_beside_it(bar):
    source, host = offline()
    for place in (0, 1, 5):
        put(source, place)
    ((wanted, _),) = host.asked
    assert (wanted.symbol, wanted.timeframe, wanted.start, wanted.end) == ("BTCUSDT", FRAME, at(1), at(6))


def asked_for(host: FakeHost) -> list[tuple[int, int]]:
    """The holes that were asked for, without the bar more at each end."""
    return [(wanted.start + HOUR, wanted.end - HOUR) for wanted, _ in host.asked]


def look_later(source: WebSocketSource) -> None:
    """What the connection does every second, some time later."""
    source.on_turn(shard_of(source), time.monotonic() + 30)


def test_the_interrupted_bar_belongs_to_the_hole(bar):
    source, host = offline()
    put(source, 0)
    put(source, 1)
    put(source, 3, epoch=2)
    assert asked_for(host) == [(at(1), at(3))]


def history(*wanted: int, close: float = 11.0) -> Bars:
    columns = [[at(place) for place in wanted], *([value] * len(wanted) for value in (10.0, 12.0, 9.0, close, 3.0))]
    return Bars.from_columns("BTCUSDT", "1h", *columns, closed=True)


def test_a_backfill_never_replaces_what_the_server_closed(bar):
    source, host = offline()
    for place in (0, 1, 4):
        put(source, place)
    ((_, done),) = host.asked
    done(history(0, 1, 2, 3, 4, 5), "archive: 6 bars")
    bars = source.cache.get_bars("BTCUSDT", "1h")
    assert places(bars) == [0, 1, 2, 3, 4]
    assert [bar.close for bar in bars] == [10.0, 10.0, 11.0, 11.0, 10.0]
    assert bars[-1].closed is False
    counted = source.status().counters
    assert (counted["backfilled"], counted["disagreements"]) == (2, 2)


@pytest.mark.parametrize("newer", [(4,), (4, 5)], ids=["forming after it", "closed after it"])
def test_a_backfill_that_brings_a_part_leaves_the_rest_a_hole(bar, newer):
    source, host = offline()
    for place in (0, *newer):
        put(source, place)
    ((_, done),) = host.asked
    done(history(1, 2), "archive: 2 bars")
    assert [event.kind for event in host.events if event.kind != "bar"] == ["hole"]
    put(source, newer[-1] + 1)
    look_later(source)
    assert places(source.get_history(request()))[:3] == [0, 1, 2]
    assert asked_for(host)[-1][0] == at(3)
    host.asked[-1][1](history(3), "archive: 1 bars")
    assert [event.kind for event in host.events if event.kind == "filled"] == ["filled"]


def test_a_hole_longer_than_the_cache_is_filled_as_far_as_it_goes(bar):
    source, host = offline(capacity=10)
    for place in (0, 1, 40):
        put(source, place)
    host.asked[0][1](history(*range(2, 40)), "archive: 38 bars")
    put(source, 41)
    assert places(source.get_history(request())) == list(range(32, 41))
    assert [event.kind for event in host.events if event.kind == "filled"] == ["filled"]


def test_a_backfill_that_brings_nothing_leaves_the_hole_and_says_so(bar, caplog):
    caplog.set_level(logging.INFO)
    source, host = offline()
    for place in (0, 4):
        put(source, place)
    ((_, done),) = host.asked
    done(None, "archive: not here")
    assert "is not filled: archive: not here" in caplog.text
    assert [event.kind for event in host.events if event.kind != "bar"] == ["hole"]


def test_a_hole_is_asked_for_again_later_and_not_with_every_bar(bar):
    source, host = offline()
    for place in (0, 4):
        put(source, place)
    host.asked[0][1](None, "archive: not here")
    for place in range(5, 9):
        put(source, place)
        source.on_turn(shard_of(source), time.monotonic())
    assert len(host.asked) == 1
    look_later(source)
    assert asked_for(host) == [(at(1), at(4))] * 2


def test_the_pauses_between_the_questions_grow(bar):
    source, host = offline()
    for place in (0, 4):
        put(source, place)
    now, asked_at = time.monotonic(), []
    for second in range(200):
        before = len(host.asked)
        host.asked[-1][1](None, "archive: not here")
        source.on_turn(shard_of(source), now + second)
        asked_at += [second] * (len(host.asked) - before)
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked_at)]
    assert len(asked_at) < 40
    assert pauses == sorted(pauses)


def test_a_hole_that_opens_while_another_is_being_filled_is_filled_as_well(bar):
    source, host = offline()
    for place in (0, 2, 3, 5):
        put(source, place)
    assert asked_for(host) == [(at(1), at(2))]
    host.asked[0][1](history(1), "archive: 1 bars")
    put(source, 6)
    look_later(source)
    assert asked_for(host)[1:] == [(at(4), at(5))]


def test_a_hole_that_a_history_knows_to_be_empty_is_believed_and_asked_for_no_more(bar):
    source, host = offline()
    for place in (0, 1, 4, 5):
        put(source, place)
    host.asked[0][1](history(1, 4), "exchange: 2 bars")  # it has both neighbours, and lists no hole between them
    look_later(source)
    assert len(host.asked) == 1
    (stream,) = source.status().streams
    assert (stream.holes, stream.verified_empty) == (0, 1)
    assert source.status().counters["verified_empty"] == 2


def test_a_hole_that_is_found_empty_twice_is_counted_once(bar):
    source, host = offline()
    for place in (0, 1, 4, 5):
        put(source, place)
    host.asked[0][1](history(1, 4), "exchange: 2 bars")
    for place in (8, 9):
        put(source, place)
    host.asked[1][1](None, "exchange: not here")
    look_later(source)
    host.asked[2][1](history(1, 4, 5, 8), "exchange: 4 bars")  # it was asked for both
    (stream,) = source.status().streams
    assert (stream.holes, stream.verified_empty) == (0, 2)
    assert source.status().counters["verified_empty"] == 4


def test_a_hole_that_a_history_does_not_explain_stays_one(bar):
    source, host = offline()
    for place in (0, 1, 4, 5):
        put(source, place)
    rows = history(1, 4)
    holes = (Hole(at(2), at(4), 2),)
    host.asked[0][1](Bars(rows.symbol, rows.timeframe, rows.rows, rows.sources, holes=holes), "file: 2 bars")
    look_later(source)
    assert len(host.asked) == 2
    (stream,) = source.status().streams
    assert (stream.holes, stream.verified_empty) == (1, 0)


def test_an_answer_without_the_bars_beside_the_hole_proves_nothing(bar):
    source, host = offline()
    for place in (0, 1, 4, 5):
        put(source, place)
    host.asked[0][1](history(0, 1), "exchange: 2 bars")
    (stream,) = source.status().streams
    assert (stream.holes, stream.verified_empty) == (1, 0)


def test_what_was_believed_to_be_empty_is_asked_for_again_after_an_hour(bar):
    source, host = offline()
    for place in (0, 1, 4, 5):
        put(source, place)
    host.asked[0][1](history(1, 4), "exchange: 2 bars")
    source.on_turn(shard_of(source), time.monotonic() + 3601)
    assert len(host.asked) == 2
