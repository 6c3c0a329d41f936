"""What was asked for and what was answered, text by text."""

from __future__ import annotations

import json

import pytest

from wealthsources_websocket.connection.pace import Pace
from wealthsources_websocket.connection.subscription import Subscription
from wealthsources_websocket.protocols.base import Acknowledged, Limits, Protocol, Refused
from wealthsources_websocket.protocols.wealthai import WealthAI

from ..protocols.invented import Invented

A, B, C = [(symbol, "1m") for symbol in "ABC"]


def match(symbol: str, timeframe: str):
    return (symbol, timeframe) if symbol in "ABC" else None


def subscription_to(protocol: Protocol, now: float = 0.0) -> Subscription:
    return Subscription(protocol, "a-key", lambda series: series, match, Pace(protocol.limits, now))


@pytest.fixture
def subscription() -> Subscription:
    made = subscription_to(Invented())
    made.ask([A, B, C])
    return made


def ids(texts: list[str]) -> list[int]:
    return [json.loads(text)["id"] for text in texts]


def test_every_text_goes_out_once(subscription):
    texts = subscription.due(0.0)
    assert [json.loads(text)["topics"] for text in texts] == [["A@60", "B@60"], ["C@60"]]
    assert subscription.due(1.0) == []


def test_an_acknowledgement_means_its_series_or_its_text(subscription):
    assert subscription.acknowledge(Acknowledged(None, (B,))) == (B,)
    assert subscription.pending == {A, C}
    assert subscription.acknowledge(Acknowledged("2")) == (C,)
    assert subscription.acknowledge(Acknowledged(None, (A,))) == (A,)
    assert not subscription.pending


def test_an_answer_that_names_nothing_is_that_of_the_oldest_text_without_one(subscription):
    assert subscription.acknowledge(Acknowledged(None)) == (A, B)
    assert subscription.refuse(Refused("no")) == (C,)
    assert subscription.refuse(Refused("no")) is None
    assert subscription.acknowledge(Acknowledged(None)) == ()


def test_what_is_refused_namelessly_is_asked_for_one_by_one_and_costs_no_other(subscription):
    subscription.due(0.0)
    assert subscription.refuse(Refused("no")) == ()
    assert subscription.acknowledge(Acknowledged(None, (A, C))) == (A, C)
    assert subscription.refuse(Refused("no")) == (B,)
    assert not subscription.hopeless


def test_what_was_not_answered_is_asked_for_once_more_each_time_later(subscription):
    subscription.due(0.0)
    subscription.acknowledge(Acknowledged("1"))
    assert subscription.ask_again(9.0, 10.0) == 0
    assert subscription.ask_again(11.0, 10.0) == 1
    assert [json.loads(text)["topics"] for text in subscription.due(11.0)] == [["C@60"]]
    assert subscription.ask_again(30.0, 10.0) == 0
    assert subscription.ask_again(32.0, 10.0) == 1
    subscription.acknowledge(Acknowledged(None, (C,)))
    assert subscription.ask_again(1000.0, 10.0) == 0


def test_while_texts_wait_for_their_turn_nothing_is_asked_for_again(subscription):
    assert subscription.ask_again(1000.0, 10.0) == 0


def test_an_acknowledgement_of_what_nobody_asked_for_means_nothing(subscription):
    assert subscription.acknowledge(Acknowledged("3")) == ()
    assert subscription.acknowledge(Acknowledged(None, (("X", "1m"),))) == ()
    assert subscription.refuse(Refused("no", "77")) is None
    assert subscription.refuse(Refused("no", series=(("X", "1m"),))) is None
    assert subscription.pending == {A, B, C}


def test_it_is_hopeless_only_when_all_is_refused(subscription):
    assert subscription.refuse(Refused("no", series=(A, B))) == (A, B)
    assert not subscription.hopeless
    assert subscription.refuse(Refused("no", series=(C,))) == (C,)
    assert subscription.hopeless
    subscription.acknowledge(Acknowledged(None, (A,)))
    assert not subscription.hopeless


def test_several_that_are_refused_together_are_asked_for_one_by_one(subscription):
    """One that the server does not like costs no other."""
    subscription.due(0.0)
    assert subscription.refuse(Refused("no", "1")) == ()
    texts = subscription.due(0.0)
    assert [json.loads(text)["topics"] for text in texts] == [["A@60"], ["B@60"]]
    third, fourth = map(str, ids(texts))
    assert subscription.acknowledge(Acknowledged(third)) == (A,)
    assert subscription.refuse(Refused("no", fourth)) == (B,)
    assert subscription.pending == {C}


def test_what_an_answer_did_not_acknowledge_is_refused(subscription):
    subscription.acknowledge(Acknowledged("1", (A,)))
    assert subscription.refuse(Refused("is not in the answer", "1")) == (B,)
    assert subscription.refuse(Refused("is not in the answer", "1")) == ()


def test_a_refusal_that_names_no_timeframe_means_that_of_its_request(subscription):
    assert subscription.refuse(Refused("no", "1", (("B", ""),))) == (B,)
    assert subscription.refuse(Refused("no", "1", (("C", ""),))) is None


def test_where_the_address_asked_for_them_all_are_acknowledged_by_connecting():
    class Addressed(Invented):
        def subscription(self, series, request_id, credential):
            return ""

    made = subscription_to(Addressed())
    made.ask([A, B, C])
    assert made.due(0.0) == []
    assert made.is_acknowledged
    assert not made.pending


def test_texts_that_open_the_conversation_go_out_once_and_first():
    class Opening(Invented):
        def opening(self):
            return ("first",)

    made = subscription_to(Opening())
    made.ask([A])
    assert made.due(0.0)[0] == "first"
    made.ask([A])
    assert "first" not in made.due(0.0)


def test_the_server_is_asked_in_its_own_spelling_and_the_answer_is_in_ours():
    made = Subscription(Invented(), "", lambda series: (f"x{series[0]}", series[1]), match, Pace(Limits(), 0.0))
    made.ask([A])
    assert json.loads(made.due(0.0)[0])["topics"] == ["xA@60"]
    assert made.acknowledge(Acknowledged("1")) == (A,)


def test_asking_again_forgets_what_was_asked_before(subscription):
    subscription.acknowledge(Acknowledged(None, (A, B, C)))
    subscription.ask([C])
    assert ids(subscription.due(0.0)) == [3]
    assert (subscription.pending, subscription.times_asked) == ({C}, 2)
    assert subscription.acknowledge(Acknowledged("1")) == ()


def test_where_the_server_limits_them_texts_are_spread_over_time():
    class Slow(Invented):
        limits = Limits(series_per_text=1, texts_per_second=10)

    subscription = subscription_to(Slow(), 100.0)
    subscription.ask([(symbol, timeframe) for symbol in "ABCDEF" for timeframe in Slow.timeframes])
    assert ids(subscription.due(100.0)) == [1]
    assert ids(subscription.due(100.05)) == []
    assert ids(subscription.due(100.1)) == [2]
    assert ids(subscription.due(100.35)) == [3, 4]
    assert ids(subscription.due(160.0)) == [5, 6, 7]  # what was missed is made up for by a moment only


def test_wealthai_asks_for_everything_in_one_text():
    subscription = subscription_to(WealthAI())
    subscription.ask([A, ("A", "1h"), B, ("B", "1h")])
    (text,) = subscription.due(0.0)
    message = json.loads(text)
    assert (message["request_id"], message["symbols"], message["resolutions"]) == ("1", ["A", "B"], ["1m", "1h"])


# Other series on a connection whose texts add to one another.


class Adding(Invented):
    adds = True

    def unsubscription(self, series, request_id):
        return json.dumps({"leave": [f"{symbol}@60" for symbol, _ in series], "id": int(request_id)})


def test_only_what_is_new_is_asked_for_and_what_is_gone_is_left(subscription):
    adding = subscription_to(Adding())
    adding.ask([A, B])
    adding.due(0.0)
    adding.acknowledge(Acknowledged("1"))
    adding.change([B, C])
    left, joined = map(json.loads, adding.due(1.0))
    assert (left, joined["topics"]) == ({"leave": ["A@60"], "id": 2}, ["C@60"])
    assert adding.pending == {C}
    assert adding.has_left
    adding.change([B, C])
    assert adding.due(2.0) == []


def test_what_comes_back_is_asked_for_again():
    adding = subscription_to(Adding())
    adding.ask([A, B])
    adding.change([B])
    adding.change([A, B])
    assert [json.loads(text).get("topics") for text in adding.due(0.0)] == [["A@60", "B@60"], None, ["A@60"]]


def test_where_nothing_is_known_to_end_a_subscription_nothing_is_said(subscription):
    subscription.due(0.0)
    subscription.change([A])
    assert subscription.due(1.0) == []
    assert (subscription.pending, subscription.has_left) == ({A}, False)
