"""What differs between two runs of one strategy."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources_verify.trace import Step, Trace, TraceEvent


class Difference(NamedTuple):
    """At `time`, ms, `what` was `left` in the one run and `right` in the other; `initialize`: before the first bar."""

    time: int
    initialize: bool
    what: str
    left: str
    right: str


def differences(left: Trace, right: Trace, doubtful: frozenset[int] = frozenset()) -> Iterator[Difference]:
    """All of them in order of time.

    In the steps of `doubtful` it means nothing if the runs did not call the same functions.
    """
    for at, (one, other) in enumerate(zip(left.steps, right.steps, strict=False)):
        part = _part(one, other)
        yield from _of_events(one, other, part)
        if part is not None and at not in doubtful:
            first, second = _at(one, part), _at(other, part)
            named = second or first
            yield _difference(one, named.what if named else "", str(first or "nothing"), str(second or "nothing"))
            if "raised" in {event.kind for event in (first, second) if event}:
                continue  # that the rest of the step is missing is a consequence
        yield from _of_values(one, other)


def parted(left: Trace, right: Trace) -> frozenset[int]:
    """The steps in which the runs did not call the same functions from the same places in the same order."""
    pairs = enumerate(zip(left.steps, right.steps, strict=False))
    return frozenset(at for at, (one, other) in pairs if _part(one, other) is not None)


def _part(left: Step, right: Step) -> int | None:
    """The number of the first event that has no counterpart; what follows is a consequence. None: all have."""
    for at, (one, other) in enumerate(zip_longest(left.events, right.events)):
        if one is None or other is None or one.what != other.what:
            return at
    return None


def _at(step: Step, place: int) -> TraceEvent | None:
    return step.events[place] if place < len(step.events) else None


def _of_events(left: Step, right: Step, part: int | None) -> Iterator[Difference]:
    for one, other in zip(left.events[:part], right.events[:part], strict=True):
        if one.call != other.call and one.kind != "raised":
            yield _difference(left, one.what, f"({one.call})", f"({other.call})")
        elif one.fingerprint != other.fingerprint:
            yield _difference(left, one.what, *_apart(one.result, other.result, one.fingerprint, other.fingerprint))


def _of_values(left: Step, right: Step) -> Iterator[Difference]:
    for name in {**left.values, **right.values}:
        one, other = left.values.get(name), right.values.get(name)
        if one is None or other is None:
            yield _difference(left, name, one.text if one else "nothing", other.text if other else "nothing")
        elif one.fingerprint != other.fingerprint:
            yield _difference(left, name, *_apart(one.text, other.text, one.fingerprint, other.fingerprint))


def _difference(step: Step, what: str, left: str, right: str) -> Difference:
    return Difference(step.time, step.first, what, left, right)


def _apart(left: str, right: str, one: bytes, other: bytes) -> tuple[str, str]:
    """Two texts; of values that look the same on a short line, with something that tells them apart."""
    return (left, right) if left != right else (f"{left} #{one.hex()[:6]}", f"{right} #{other.hex()[:6]}")
