"""What a pushed source is told of messages: any object with these attributes will do."""

from __future__ import annotations

import dataclasses
import inspect
from types import SimpleNamespace

import pytest

from wealthsources.live.messages import BarMessage, ClosedBar, LostMessage

from ..support.bars import at, hourly, recorded
from .feed import Feed, Lost, Message

BAR = {
    "symbol": "BTCUSDT",
    "timeframe": "1h",
    "open_time": at(0),
    "close_time": at(1),
    "values": (1.0, 2.0, 0.5, 1.5, 3.0),
    "decimals": 0,
    "closed": True,
    "texts": None,
}
LOST = {"why": "cut", "symbol": "BTCUSDT", "timeframe": "1h", "open_time": at(0), "may_be_bar": True}


def attributes(protocol: type) -> set[str]:
    return {name for name, each in vars(protocol).items() if isinstance(each, property)}


@pytest.mark.parametrize(("protocol", "complete"), [(BarMessage, BAR), (LostMessage, LOST)])
def test_these_are_all_the_attributes_that_a_message_needs(protocol, complete):
    assert attributes(protocol) == set(complete)
    assert all(name in inspect.getdoc(protocol) for name in attributes(protocol) - {"close_time"})


def test_an_object_with_nothing_else_is_taken_as_a_bar():
    feed = Feed()
    assert feed.source.on_bar(feed.shard("BTCUSDT"), SimpleNamespace(**BAR), feed.now)
    assert feed.held() == [0]


def test_an_object_with_nothing_else_is_taken_as_a_lost_message():
    feed = Feed()
    feed.push("BTCUSDT", 0)
    feed.source.on_malformed(feed.shard("BTCUSDT"), SimpleNamespace(**LOST))
    feed.push("BTCUSDT", 1, 2)
    assert feed.held() == [1], "the last state of the first may be what was lost"


@pytest.mark.parametrize(("message", "protocol"), [(Message("X", 0), BarMessage), (Lost(), LostMessage)])
def test_the_messages_of_these_tests_are_such_objects(message, protocol):
    assert all(hasattr(message, name) for name in attributes(protocol))


def test_a_closed_bar_is_the_bar_to_the_last_digit():
    (bar,) = recorded(1)
    message = ClosedBar.of(bar)
    assert attributes(BarMessage) <= {*message._fields}
    assert (message.symbol, message.timeframe, message.open_time, message.closed) == ("BTCUSDT", "1h", at(0), True)
    assert (message.values, message.decimals) == ((10.5, 12.0, 9.0, 11.1, 3.0), bar.decimals)


def test_a_bar_without_a_close_time_has_that_of_its_window():
    (bar,) = hourly(0)
    assert ClosedBar.of(dataclasses.replace(bar, close_time=None)).close_time == at(1)
