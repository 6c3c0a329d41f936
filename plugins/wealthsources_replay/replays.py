"""Who reads the frames of a kind of source: the entry-point group `wealthsources.replays`."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Final

from wealthsources import FrameFacts
from wealthsources_replay.errors import RecordingError

if TYPE_CHECKING:
    from wealthsources import ReplayFrames
    from wealthsources_replay.header import Header

GROUP: Final = "wealthsources.replays"


def find_replay(plugin: str) -> ReplayFrames:
    """What reads frames of sources of that plugin. Raises RecordingError that says what to install."""
    entries = {entry.value: entry for entry in importlib.metadata.entry_points(group=GROUP, name=plugin)}
    if len(entries) != 1:
        what = f"{len(entries)} distributions read" if entries else "no plugin that is installed reads"
        raise RecordingError(f"{what} the frames of {plugin!r} sources; install the one package that brings {plugin!r}")
    (entry,) = entries.values()
    try:
        found: ReplayFrames = entry.load()
    except ImportError as error:
        needs = f"; install wealthsources[{','.join(entry.extras)}]" if entry.extras else ""
        raise RecordingError(f"what reads frames of {plugin!r} sources cannot be imported: {error}{needs}") from error
    return found


def facts_of(header: Header) -> FrameFacts:
    """What is needed to read the frames of a recording."""
    return FrameFacts(
        header.plugin,
        header.protocol,
        header.market,
        header.environment,
        header.symbols,
        header.timeframes,
        header.options,
    )
