"""Faults by name and argument."""

from __future__ import annotations

import pytest

from wealthsources_simulator import FAULTS, Fault, MarketServer, SimulatorError, fault


@pytest.mark.parametrize("one", FAULTS.values(), ids=str)
def test_every_fault_is_described_and_found_by_its_text(one):
    assert one.about.endswith(".")
    assert "  " not in one.about
    assert fault(str(one)) == one


def test_an_argument_is_read_as_what_the_default_is():
    assert fault("half-frame:5").default == 5
    assert fault("dripping-frame:0.5").default == 0.5
    assert fault("error-instead:a: b").default == "a: b"
    assert fault("odd-price:").default == ""
    assert fault("half-frame").default == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("half-farme", "there is no fault 'half-farme'; the nearest is 'half-frame'"),
        ("half-frame:x", "takes a number, such as 10, not 'x'"),
        ("half-frame:-1", "takes a number, such as 10, not '-1'"),
        ("dripping-frame:nan", "takes a number, such as 1.0, not 'nan'"),
        ("unauthorized:500", "takes one of 401, 403, not '500'"),
        ("masked:1", "fault 'masked' takes no argument"),
    ],
)
def test_a_wrong_name_or_argument_is_told(market, text, message):
    with pytest.raises(SimulatorError, match=message):
        MarketServer(market, [text])


def test_a_fault_of_ones_own_needs_no_registering(serve, client):
    mine = Fault("mine", "A5", "http", "Says no.", 503, lambda peer, status: (peer.request(), peer.http(status)))
    assert client(serve(mine.bind("500"))).upgrade()[0] == "HTTP/1.1 500 Internal Server Error"
