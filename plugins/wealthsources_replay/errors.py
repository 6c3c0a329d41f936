"""What can be wrong with a recording."""

from __future__ import annotations

from wealthsources import ConfigError


class RecordingError(ConfigError):
    """A folder cannot be recorded to, or is no recording that can be read; the message names it and the remedy."""
