"""The entry point of the replay plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources import hookimpl
from wealthsources_replay.options import ReplayOptions
from wealthsources_replay.source import ReplaySource

if TYPE_CHECKING:
    from wealthsources import Register


@hookimpl
def wealthsources_register(register: Register) -> None:
    """Register the source."""
    register("replay", ReplaySource, ReplayOptions)
