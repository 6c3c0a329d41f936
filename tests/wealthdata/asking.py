"""Questions that several tests ask."""

from __future__ import annotations

from wealthdata import get_price


def newest() -> float:
    """The close of the newest hour of X."""
    return float(get_price("X", count=1, frequency="1h")["close"].iloc[-1])
