"""How fast texts may go out."""

from __future__ import annotations

from wealthsources_websocket.connection.pace import Pace
from wealthsources_websocket.protocols.base import Limits


def sent(pace: Pace, *moments: float) -> list[float]:
    """The moments at which a text goes out, if one always waits."""
    out = []
    for now in moments:
        if pace.allows(now):
            pace.spend()
            out.append(now)
    return out


def test_without_a_limit_all_go_out_at_once():
    assert sent(Pace(Limits(), 0.0), *[0.0] * 50) == [0.0] * 50


def test_with_one_they_are_spread_over_time():
    assert sent(Pace(Limits(texts_per_second=2), 10.0), 10.0, 10.1, 10.49, 10.5, 10.9, 11.0) == [10.0, 10.5, 11.0]


def test_a_silence_is_made_up_for_by_a_moment_only():
    pace = Pace(Limits(texts_per_second=10), 0.0)
    assert sent(pace, *[60.0] * 50) == [60.0] * 3


def test_what_cannot_wait_takes_the_room_of_a_text():
    pace = Pace(Limits(texts_per_second=5), 0.0)
    pace.spend()
    assert sent(pace, 0.1, 0.2) == [0.2]


def test_pings_and_pongs_count_where_the_server_counts_them():
    counted, free = (Pace(Limits(texts_per_second=5, counts_control=counts), 0.0) for counts in (True, False))
    for pace in (counted, free):
        pace.spend_control()
    assert (counted.allows(0.1), free.allows(0.1)) == (False, True)
