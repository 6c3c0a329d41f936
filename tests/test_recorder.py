"""What the author of a recorder has to write, and what need not be written."""

from __future__ import annotations

import pytest

import wealthsources
from wealthsources import Recorder, SourceStatus


def test_start_and_stop_must_be_written():
    class Half(Recorder):
        def start(self, host): ...

    with pytest.raises(TypeError, match="abstract"):
        Half()


def test_one_that_says_nothing_of_itself_is_ready():
    class Whole(Recorder):
        def start(self, host): ...
        def stop(self): ...

    assert Whole().status() == SourceStatus()


def test_it_is_public_with_what_it_is_given():
    assert {"Recorder", "RecorderHost", "Sink"} <= set(wealthsources.__all__)
