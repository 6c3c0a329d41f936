from __future__ import annotations

import pytest

from wealthsources import Timeframe
from wealthsources_simulator.history import faults
from wealthsources_simulator.invented import invent_bars

BARS = invent_bars("X", Timeframe("1m"), 4, 1)
GOOD = faults.Reply(200, {"Date": "now"}, b"[1,2,3,4]")


@pytest.mark.parametrize(
    ("fault", "reply"),
    [
        (faults.status(451), (451, {"Date": "now"}, b"{}", None, 0.0)),
        (faults.status(403, b"no"), (403, {"Date": "now"}, b"no", None, 0.0)),
        (faults.half_body(), (200, {"Date": "now"}, b"[1,2,3,4]", 4, 0.0)),
        (faults.slow(3), (200, {"Date": "now"}, b"[1,2,3,4]", None, 3)),
        (faults.dripping(3), (200, {"Date": "now"}, b"[1,2,3,4]", None, 0.0, 3)),
    ],
)
def test_what_becomes_of_an_answer(fault, reply):
    assert fault.reply(GOOD) == faults.Reply(*reply)
    assert fault.bars(BARS) == BARS


def test_who_asks_to_be_left_alone_says_for_how_long():
    reply = faults.too_many(30, 418).reply(GOOD)
    assert (reply.status, reply.headers["Retry-After"]) == (418, "30")


def test_html_comes_with_status_200():
    reply = faults.html().reply(GOOD)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html")
    assert reply.body.startswith(b"<html>")


def test_what_becomes_of_the_rows():
    first, second, third, fourth = BARS
    assert faults.nothing().bars(BARS) == []
    assert faults.repeated(1).bars(BARS) == [first, second, second, third, fourth]
    assert faults.without(-1).bars(BARS) == BARS[:3]
    assert faults.shifted(1, 5).bars(BARS)[1].open_time == second.open_time + 5
    assert faults.changed(0, volume="9").bars(BARS)[0].volume == "9"
    assert faults.changed(0, volume="9").bars(BARS)[1:] == BARS[1:]
