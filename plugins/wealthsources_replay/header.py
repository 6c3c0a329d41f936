"""The first line of every segment: what was recorded, and what is needed to play it again."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from wealthsources import __version__
from wealthsources_replay.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Goes up when what was written before can no longer be read, or the other way round.
FORMAT: Final = 1


@dataclasses.dataclass(frozen=True)
class Header:
    """What was recorded.

    source         its name in the deployment
    plugin         what brought it: `websocket`
    protocol       as it is named in the options of the source, as are `market` and `environment`
    symbols        what was subscribed, in the deployment's spelling, in each of the `timeframes`
    options        the others that a replay needs, as JSON knows them; no secrets
    wealthsources  the version that recorded it
    """

    source: str
    plugin: str
    protocol: str
    market: str
    environment: str
    symbols: tuple[str, ...]
    timeframes: tuple[str, ...]
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    wealthsources: str = __version__

    def redacted(self, redact: Callable[[str], str]) -> Header:
        """The same, with every text in it as `redact` shows it."""
        return _from_facts(_redacted(dataclasses.asdict(self), redact))

    def is_of(self, other: Header) -> bool:
        """Whether both are of one source: what it subscribed to may differ."""
        return _identity(self) == _identity(other)


class SegmentHeader(NamedTuple):
    """The header of a segment: `run` is of one writer's life; the times are those of the first record behind it."""

    header: Header
    run: str
    wall_ms: int
    monotonic_ns: int


def write_header(segment: SegmentHeader) -> bytes:
    """The line of a header. Raises TypeError for options that JSON does not know."""
    facts = {"recording": FORMAT, **segment._asdict(), **dataclasses.asdict(segment.header)}
    del facts["header"]
    return json.dumps(facts).encode() + b"\n"


def read_header(line: bytes, path: object) -> SegmentHeader:
    """The header of the segment at `path`. Raises ValueError if it is none, RecordingError if of another format."""
    facts = json.loads(line)
    if not isinstance(facts, dict) or not isinstance(facts.get("recording"), int):
        raise ValueError("its first line is no header")
    _check_format(facts, path)
    try:
        return SegmentHeader(_from_facts(facts), *(facts[name] for name in SegmentHeader._fields[1:]))
    except KeyError as error:
        raise ValueError(f"its header does not say {error}") from None


def _check_format(facts: Mapping[str, Any], path: object) -> None:
    number, by = facts["recording"], facts.get("wealthsources", "?")
    if number > FORMAT:
        raise RecordingError(
            f"{path} is of format {number}, recorded by wealthsources {by}; this is {__version__}, "
            f"which reads format {FORMAT}: upgrade wealthsources"
        )
    if number < FORMAT:
        raise RecordingError(
            f"{path} is of format {number}, which this wealthsources ({__version__}) does not read any more: "
            f"play it with wealthsources {by}, which recorded it"
        )


def _from_facts(facts: Mapping[str, Any]) -> Header:
    known = {field.name: facts[field.name] for field in dataclasses.fields(Header)}
    return Header(**known | {name: tuple(known[name]) for name in ("symbols", "timeframes")})


def _identity(header: Header) -> tuple[str, ...]:
    return header.source, header.plugin, header.protocol, header.market, header.environment


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: _redacted(each, redact) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(each, redact) for each in value]
    return value
