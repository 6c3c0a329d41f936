"""What is wrong with a strategy, or with its data: like findings are folded into the first of them and a number."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal, get_args

from wealthsources import time_text
from wealthsources_verify.comparing import differences, parted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wealthsources_verify.comparing import Difference
    from wealthsources_verify.trace import Trace

#: lookahead       an answer or a decision is another one if the future is known, or the strategy asked for the future
#: not repeatable  it is another one in a second run over the same bars; then nothing is said of lookahead
#: repainted       a closed bar was handed out again with other values
#: hole            an answer goes across a hole
#: raised          the strategy raised an error
FindingKind = Literal["lookahead", "not repeatable", "repainted", "hole", "raised"]
KINDS: tuple[FindingKind, ...] = get_args(FindingKind)


@dataclasses.dataclass(slots=True)
class Finding:
    """`what` was found `times` times, first at `time`, ms, which may be before the first bar: in `initialize`.

    values  what was compared, by where it is from
    """

    kind: FindingKind
    what: str
    detail: str
    time: int
    initialize: bool = False
    times: int = 1
    values: dict[str, str] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """As plain values."""
        return dataclasses.asdict(self)


class Traces:
    """Three or four runs: with the future known, unknown, unknown again; and, if that differs, known again."""

    def __init__(self, known: Trace, unknown: Trace, again: Trace) -> None:
        self.known, self.unknown = known, unknown
        self._doubtful = parted(unknown, again)
        self._unstable = list(differences(unknown, again))

    def ahead(self) -> list[Difference]:
        """What is another one if the future is known, as far as it is the same in all runs of either sort."""
        unstable = {each.what for each in self._unstable}
        others = differences(self.known, self.unknown, self._doubtful)
        return [each for each in others if each.what not in unstable]

    def add_known(self, again: Trace) -> None:
        """One more run with the future known."""
        self._doubtful |= parted(self.known, again)
        self._unstable += differences(self.known, again)

    def findings(self) -> list[Finding]:
        """All findings, sorted by kind and time."""
        findings = [
            *_folded("lookahead", self.ahead(), ("known", "unknown"), "{} if the future is known, {} if not"),
            *_folded("not repeatable", self._unstable, ("one run", "another"), "{} in one run, {} in another"),
        ]
        told = {finding.what for finding in findings}
        findings += (finding for finding in _errors(self.unknown) if finding.what not in told)
        findings += (*_repaints(self.unknown), *_holes(self.unknown))
        return sorted(findings, key=lambda finding: (KINDS.index(finding.kind), finding.time))


def _folded(kind: FindingKind, found: Iterable[Difference], names: tuple[str, str], form: str) -> Iterator[Finding]:
    first: dict[str, Finding] = {}
    for each in found:
        held = first.get(each.what)
        if held is not None:
            held.times += 1
        else:
            values = dict(zip(names, (each.left, each.right), strict=True))
            detail = form.format(each.left, each.right)
            first[each.what] = Finding(kind, each.what, detail, each.time, each.initialize, values=values)
    return iter(first.values())


def _repaints(trace: Trace) -> Iterator[Finding]:
    for repaint in trace.repaints.values():
        first = repaint.first
        what = f"{repaint.symbol} {repaint.timeframe}"
        detail = (
            f"the bar that opens {time_text(first.open_time)} had the {first.field} {first.before}, "
            f"then {first.after} ({repaint.what})"
        )
        values = {"before": str(first.before), "after": str(first.after)}
        yield Finding("repainted", what, detail, repaint.time, times=repaint.times, values=values)


def _holes(trace: Trace) -> Iterator[Finding]:
    for crossing in trace.crossings.values():
        what = f"{crossing.symbol} {crossing.timeframe}"
        detail = f"{crossing.hole} ({crossing.what})"
        yield Finding("hole", what, detail, crossing.time, times=crossing.times)


def _errors(trace: Trace) -> Iterator[Finding]:
    """An error that came of asking for the future is a lookahead that was refused."""
    first: dict[str, Finding] = {}
    for step in trace.steps:
        for event in step.events:
            if event.kind != "raised":
                continue
            held = first.get(event.what)
            if held is not None:
                held.times += 1
            else:
                kind: FindingKind = "lookahead" if event.result == "FutureDataError" else "raised"
                first[event.what] = Finding(kind, event.what, event.call, step.time)
    return iter(first.values())
