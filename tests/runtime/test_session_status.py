"""How a session is, in one line and as plain data."""

from __future__ import annotations

import json

from wealthsources import SourceStatus
from wealthsources.runtime.session_status import SessionStatus

SOURCES = {"live": SourceStatus("connected", epoch=1), "archive": SourceStatus()}


def test_it_is_one_line():
    status = SessionStatus("system", 1_600_000_000_000, "live", SOURCES)
    assert repr(status) == (
        "<SessionStatus: clock system, 2020-09-13 12:26:40 UTC, live, live connected, archive ready>"
    )
    assert repr(SessionStatus("feed", None, "", {})) == "<SessionStatus: clock feed, no time yet>"


def test_it_can_be_turned_into_json():
    status = SessionStatus("system", 5, "live", SOURCES, 1, recorders={"r": SourceStatus()})
    plain = json.loads(json.dumps(status.as_dict()))
    assert plain["sources"]["live"]["state"] == "connected"
    assert (plain["events_lost"], plain["recorders"]["r"]["state"]) == (1, "ready")


def test_what_was_counted_is_shown_where_there_is_some():
    well = SessionStatus("system", 5, "live", SOURCES)
    assert "lost" not in well._repr_html_()
    ill = SessionStatus("system", 5, "live", SOURCES, 3, 0, 4, 5, {"a against b": 6}, {"a against b": "b stamps ends"})
    told = ill._repr_html_()
    wanted = ("3 events were lost", "4 errors of subscribers", "5 times subscribers were slow", "6 bars differ", "ends")
    assert [text for text in wanted if text not in told] == []


def test_recorders_have_a_table_of_their_own():
    status = SessionStatus("system", 5, "live", SOURCES, recorders={"frames": SourceStatus("ready")})
    assert "recorders</div><table>" in status._repr_html_()
    assert "recorders" not in SessionStatus("system", 5, "live", SOURCES)._repr_html_()
