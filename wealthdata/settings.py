"""What `configure` sets beside the session: how dates are read and how results look."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """As `configure` explains them.

    tz            zone of all dates without one, given and returned
    context_zone  zone of a context's `current_dt` that has none: `tz`, if `configure` was told it; else None. It is
                  never a guess: with a machine's clock taken for UTC a backtest would see hours of the future
    """

    tz: dt.tzinfo = dt.UTC
    default_count: int = 20
    positional: bool = True
    context_zone: dt.tzinfo | None = None


class _Process:
    """What there is one of in a process."""

    settings = Settings()


#: `process.settings` is what holds now.
process: Final = _Process()


def current_settings() -> Settings:
    """What `configure` has set; for an engine, whose times are in the zone of the strategy's dates."""
    return process.settings
