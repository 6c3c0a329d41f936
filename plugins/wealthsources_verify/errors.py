"""What `verify` fails with itself, whatever the strategy does."""

from __future__ import annotations


class Unusable(Exception):  # noqa: N818 - it is the strategy or the data that is unusable
    """The strategy or the data cannot be run. The message says why, on one line."""
