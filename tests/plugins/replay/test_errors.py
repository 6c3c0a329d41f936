from __future__ import annotations

from wealthsources import ConfigError
from wealthsources_replay.errors import RecordingError


def test_it_is_an_error_of_the_deployment():
    assert issubclass(RecordingError, ConfigError)
