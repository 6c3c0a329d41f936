"""The live source in a session: a hole, and the chain that fills it; the rules are in tests/live/test_filling.py."""

from __future__ import annotations

from typing import Any

from wealthsources import Finality, Hole

from ...support.bars import at
from ...support.waiting import wait_until
from .live import Steps, closes, counters, held


def test_a_hole_is_told_filled_and_told_again(serve, open_session, bar, tmp_path):
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
