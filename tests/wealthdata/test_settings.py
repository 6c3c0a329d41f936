from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from wealthdata import configure, current_settings


def test_by_default_times_are_utc_and_columns_take_positions():
    assert dataclasses.astuple(current_settings()) == (dt.UTC, 20, True, None)


def test_they_are_what_configure_was_told_and_cannot_be_changed_past_it():
    configure(tz="UTC", default_count=3, positional=False)
    assert dataclasses.astuple(current_settings()) == (dt.UTC, 3, False, dt.UTC)
    with pytest.raises(dataclasses.FrozenInstanceError):
        current_settings().default_count = 5  # type: ignore[misc]
