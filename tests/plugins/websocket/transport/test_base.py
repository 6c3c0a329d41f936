"""What a client needs of a connection is what the one there is does, under the same names."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from wealthsources_websocket.transport import base
from wealthsources_websocket.transport.connect import connect
from wealthsources_websocket.transport.frames import FramedConnection

NEEDED = sorted(name for name in vars(base.Connection) if not name.startswith("_"))


def parameters(method: Callable[..., object]) -> list[tuple[str, object]]:
    """Names and defaults, without self."""
    return [(one.name, one.default) for one in inspect.signature(method).parameters.values() if one.name != "self"]


def test_the_numbers_of_frames_are_those_of_the_wire():
    assert (base.TEXT, base.BINARY, base.CLOSE, base.PING, base.PONG) == (1, 2, 8, 9, 10)


def test_whoever_waits_looks_up_several_times_before_a_message_counts_as_not_taken():
    assert 0 < 3 * base.SLICE < base.SEND_TIMEOUT


@pytest.mark.parametrize("name", NEEDED)
def test_a_connection_can_do_what_is_needed_of_it(name):
    assert parameters(getattr(FramedConnection, name)) == parameters(getattr(base.Connection, name))


def test_a_connection_is_opened_as_every_dial_opens_one():
    assert parameters(connect) == parameters(base.Dial.__call__)


def test_a_frame_is_its_kind_and_its_data():
    assert base.Frame(base.TEXT, b"{}") == (1, b"{}")
