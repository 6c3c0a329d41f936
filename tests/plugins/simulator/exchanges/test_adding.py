"""What exchanges have in common whose clients subscribe as often as they like."""

from __future__ import annotations

import pytest

from wealthsources_simulator.exchanges.adding import Adding, Topic
from wealthsources_simulator.exchanges.base import Conversation, Reply

BTC, ETH = ("BTC", "1m"), ("ETH", "1m")
KNOWN = (BTC, ETH)


class Plain(Adding):
    """As short as one can be."""

    name = "plain"
    path = "/plain"
    timeframes = {"1m": "1"}  # noqa: RUF012
    verb = "do"

    def topics(self, message):
        return [Topic(self.one_series(name, "1"), name) for name in message["names"]]

    def accepted(self, message, topics, conversation):
        return [{"yes": topic.words} for topic in topics]

    def refused(self, message, topics, conversation):
        return [{"no": topic.words} for topic in topics]

    def error(self, text):
        return {"error": text}

    def bar(self, series, bar, closed):
        return {"bar": bar.close}


class Whole(Plain):
    whole_texts = True


class Blind(Plain):
    acks_unknown = True


def subscribe(*names):
    return {"do": "subscribe", "names": list(names)}


@pytest.mark.parametrize(
    ("kind", "messages", "series"),
    [
        (Plain, [{"yes": "BTC"}, {"no": "FOO"}], (BTC, ETH)),
        (Whole, [{"no": "FOO"}], None),
        (Blind, [{"yes": "BTC"}, {"yes": "FOO"}], (BTC, ETH)),
    ],
)
def test_what_it_does_not_have_is_refused_by_itself_or_with_all_or_not_at_all(kind, messages, series):
    reply = kind().subscribe(subscribe("BTC", "FOO"), Conversation(series=(ETH,)), KNOWN)
    assert reply == Reply(messages, series, (BTC,) if series else ())


def test_where_all_is_refused_nothing_is_acknowledged():
    assert Plain().subscribe(subscribe("FOO"), Conversation(), KNOWN) == Reply([{"no": "FOO"}])
    assert Plain().subscribe("hello", Conversation(), KNOWN) == Reply()


def test_what_somebody_leaves_is_taken_away():
    message = subscribe("BTC") | {"do": "unsubscribe"}
    assert Plain().reply(message, Conversation(series=KNOWN)) == Reply([{"yes": "BTC"}], (ETH,))


def test_a_subscription_is_no_reply_and_anything_unknown_is_an_error():
    assert Plain().reply(subscribe("BTC"), Conversation()) is None
    assert Plain().reply("hello", Conversation()) == Reply([{"error": "what is this?"}])


def test_the_series_and_the_acknowledgement_of_a_message_are_told_before_it_is_obeyed():
    assert Plain().series(subscribe("ETH", "BTC", 7)) == KNOWN
    assert Plain().series("hello") == Plain().series({"do": "unsubscribe"}) == ()
    assert Plain().acknowledgement(subscribe("BTC")) == {"yes": "BTC"}
    assert Plain().has_timeframe("1m")
    assert not Plain().has_timeframe("5m")


class Mute(Plain):
    def refused(self, message, topics, conversation):
        return Adding.refused(self, message, topics, conversation)


def test_a_refusal_can_be_silent():
    assert Mute().subscribe(subscribe("BTC", "FOO"), Conversation(), KNOWN) == Reply([{"yes": "BTC"}], (BTC,), (BTC,))
