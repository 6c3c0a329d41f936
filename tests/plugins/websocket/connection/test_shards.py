"""Several connections that share a subscription."""

from __future__ import annotations

import itertools
import logging
import time

import pytest
from hypothesis import given, strategies as st

from wealthsources import ConfigError, PacedLogger
from wealthsources.live.shard import sum_of, worst_of
from wealthsources_websocket.connection.policies import STOP_LIMIT, Policies
from wealthsources_websocket.connection.shards import Shards, distribute
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols.base import Limits
from wealthsources_websocket.protocols.wealthai import WealthAI

from ....support.waiting import wait_until
from ..conftest import QUICK, Seen
from .scripts import stay

SERIES = st.lists(st.tuples(st.sampled_from("ABCDEFGH"), st.sampled_from(["1m", "1h"])), unique=True, max_size=16)
LOG = logging.getLogger("wealthsources.source.live")
SIZES = st.none() | st.integers(1, 5)


# who has what --------------------------------------------------------------------------------------------------


@given(SERIES, SIZES)
def test_every_series_is_on_one_shard_and_none_has_too_many(series, size):
    lots = distribute(series, [], size)
    assert sorted(itertools.chain(*lots)) == sorted(series)
    assert all(0 < len(lot) <= (size or 16) for lot in lots)
    assert len(lots) == (-(-len(series) // size) if size else bool(series))


@given(SERIES, SERIES, SIZES)
def test_what_is_on_a_shard_stays_there(before, after, size):
    present = distribute(before, [], size)
    lots = distribute(after, present, size)
    for held, lot in zip(present, lots, strict=False):
        assert set(held) & set(after) <= set(lot)
    assert sorted(itertools.chain(*lots)) == sorted(after)


@given(SERIES)
def test_the_order_is_that_of_the_question(series):
    assert distribute(series, [series[::-1]], None) == [tuple(series)]


# clients -------------------------------------------------------------------------------------------------------


class Small(WealthAI):
    """Two series on a connection."""

    limits = Limits(series_per_connection=2)


def hours(*symbols: str) -> list[tuple[str, str]]:
    return [(symbol, "1h") for symbol in symbols]


@pytest.fixture
def make_shards(policies):
    made = []

    def make(url, *symbols, protocol=Small, logger=LOG, **options):
        chosen = WebSocketOptions(**QUICK | {"endpoint": url, "symbols": symbols} | options)
        seen = Seen()
        made.append(Shards(chosen, protocol(), hours(*symbols), seen, logger, Policies(**policies)))
        return made[-1], seen

    yield make
    for shards in made:
        shards.stop()


def states(shards) -> list[str]:
    return [client.state for client in shards.clients]


def test_there_are_as_many_connections_as_the_limit_asks_for(serve, make_shards, caplog):
    caplog.set_level(logging.INFO)
    server = serve(stay)
    shards, _ = make_shards(server.url, *"ABCDE")
    shards.start()
    wait_until(lambda: states(shards) == ["connected"] * 3)
    assert sorted(message["symbols"] for message in server.received) == [["A", "B"], ["C", "D"], ["E"]]
    assert [client.number for client in shards.clients] == [0, 1, 2]
    assert [(client.epoch, client.counters["attempts"], client.last_data) for client in shards.clients] == [
        (1, 1, None)
    ] * 3
    assert shards.shard_of(("D", "1h")) is shards.clients[1]
    assert shards.shard_of(("X", "1h")) is None
    assert "shard 2: connected" in caplog.text


def test_the_same_of_many_shards_is_one_topic_of_the_log(make_shards, nowhere, caplog):
    shards, _ = make_shards(nowhere, *"ABCDE", logger=PacedLogger("wealthsources.source.live"))
    shards.start()
    wait_until(lambda: all(client.counters["attempts"] > 3 for client in shards.clients))
    assert [record.getMessage().partition(": ")[2].partition(": ")[0] for record in caplog.records] == [nowhere]


def test_a_line_of_a_shard_says_which_and_keeps_all_else(make_shards, nowhere, caplog):
    shards, _ = make_shards(nowhere, *"ABC")
    log = shards.clients[1]._log
    log.warning("all 100 % of it")
    log.warning("%s of it", "half", extra={"at_once": True})
    assert caplog.messages == ["shard 1: all 100 % of it", "shard 1: half of it"]
    assert caplog.records[1].at_once is True
    assert {record.filename for record in caplog.records} == {"test_shards.py"}


def test_a_protocol_without_a_limit_has_one_connection(serve, make_shards, caplog):
    caplog.set_level(logging.INFO)
    shards, _ = make_shards(serve(stay).url, *"ABCDE", protocol=WealthAI)
    shards.start()
    wait_until(lambda: states(shards) == ["connected"])
    assert "shard" not in caplog.text


def test_all_together_do_no_better_than_the_worst(serve, make_shards, bar):
    def script(peer):
        symbols = peer.accept()["symbols"]
        peer.send(bar(0, symbol=symbols[0]))
        if symbols == ["C"]:
            return
        peer.stay()

    shards, seen = make_shards(serve(script).url, *"ABC", backoff_base=60, backoff_cap=60)
    shards.start()
    wait_until(lambda: states(shards) == ["connected", "reconnecting"] and len(seen.bars) == 2)
    assert worst_of(shards.clients) is shards.clients[1]
    assert "cut" in worst_of(shards.clients).last_error
    assert sum_of(client.reconnects_by_reason for client in shards.clients) == {"cut": 1}
    assert sum_of(client.counters for client in shards.clients)["lost.cut"] == 1


def test_a_changed_subscription_leaves_alone_who_has_nothing_to_do_with_it(serve, make_shards):
    def script(peer):
        peer.accept()
        while True:
            message = peer.message()
            peer.send({"type": "CONNECTED", "request_id": message["request_id"]})

    server = serve(script)
    shards, seen = make_shards(server.url, *"ABCD")
    shards.start()
    wait_until(lambda: states(shards) == ["connected"] * 2)
    first, second = shards.clients
    shards.update_series(hours("A", "B", "C", "E", "F"))
    wait_until(lambda: states(shards) == ["connected"] * 3 and second.counters["repeated_acks"])
    assert [client.series for client in shards.clients] == [
        tuple(hours("A", "B")),
        tuple(hours("C", "E")),
        tuple(hours("F")),
    ]
    assert shards.clients[:2] == (first, second)
    assert first.counters["repeated_acks"] == 0
    assert seen.resubscribed == 1
    shards.update_series(hours("F"))
    wait_until(lambda: (first.state, second.state) == ("disconnected", "disconnected"))
    assert [client.number for client in shards.clients] == [2]


def test_a_subscription_that_changes_before_the_start_connects_nobody(serve, make_shards):
    server = serve(stay)
    shards, _ = make_shards(server.url, *"ABC")
    shards.update_series(hours("A"))
    assert (server.accepted, states(shards)) == (0, ["disconnected"])


def test_all_stop_within_the_limit_of_one(serve, make_shards):
    server = serve(lambda peer: (peer.accept(), peer.deaf()))
    shards, _ = make_shards(server.url, *"ABCDEFGH")
    shards.start()
    wait_until(lambda: states(shards) == ["connected"] * 4)
    began = time.monotonic()
    shards.stop()
    assert time.monotonic() - began <= STOP_LIMIT
    assert states(shards) == ["disconnected"] * 4


def test_when_one_cannot_start_none_goes_on(serve, make_shards):
    tokens = iter(["one", "one"])  # at the start and before the connection of the first; there is none for the second
    server = serve(lambda peer: peer.deaf())
    shards, _ = make_shards(server.url, *"ABCDEF", csrf_token=lambda: next(tokens))
    with pytest.raises(ConfigError, match="csrf_token cannot be read"):
        shards.start()
    assert set(states(shards)) == {"disconnected"}


def test_series_of_different_lanes_are_on_different_shards():
    series = [("A", "1m"), ("A", "5m"), ("B", "1m")]
    assert distribute(series, [], None, lambda each: each[1]) == [(("A", "1m"), ("B", "1m")), (("A", "5m"),)]


def test_a_shard_whose_series_are_all_gone_takes_none_of_another_lane():
    """Its connection still has them."""
    lots = distribute([("A", "5m")], [[("A", "1m")]], None, lambda each: each[1])
    assert lots == [(), (("A", "5m"),)]
