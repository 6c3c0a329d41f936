"""What was found, as a table or as JSON."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from wealthsources import time_text
from wealthsources_verify.findings import KINDS
from wealthsources_verify.text import short_line

if TYPE_CHECKING:
    from typing import TextIO

    from wealthsources_verify.engine import Inputs
    from wealthsources_verify.findings import Finding
    from wealthsources_verify.trace import Trace

#: Rows of one kind in a table; there may be a hole a day.
_MOST_ROWS: Final = 10
#: Into a file or a pipe nothing is wrapped or cut.
_BOUNDLESS: Final = 10_000
_STYLES: Final = {"lookahead": "bold red", "raised": "bold red"}


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """One verification: what was run, how much was compared, what was found.

    errors  the first few that the strategy raised
    """

    inputs: Inputs
    bars: int
    answers: int
    decisions: int
    findings: tuple[Finding, ...]
    errors: tuple[BaseException, ...] = ()

    @classmethod
    def of(cls, inputs: Inputs, trace: Trace, findings: list[Finding]) -> Report:
        """`trace` is that of a run with the future unknown."""
        decisions = trace.count("decision") + _changes(trace)
        bars = len(trace.steps) - 1
        return cls(inputs, bars, trace.count("answer"), decisions, tuple(findings), tuple(trace.errors))

    def counts(self) -> dict[str, int]:
        """Findings by kind, those there are."""
        numbers = {kind: sum(finding.kind == kind for finding in self.findings) for kind in KINDS}
        return {kind: number for kind, number in numbers.items() if number}

    def summary(self) -> str:
        """One line."""
        first = self.inputs.files[0]
        counts = self.counts().items()
        found = ", ".join(f"{number} {_plural(kind, number)}" for kind, number in counts) or "nothing found"
        return (
            f"{self.bars:,} bars of {first.symbol} {first.timeframe}: {self.answers:,} answers and "
            f"{self.decisions:,} decisions compared: {found}"
        )

    def as_dict(self) -> dict[str, Any]:
        """As plain values; times in ms."""
        return {
            "strategy": str(self.inputs.strategy),
            "data": [
                {
                    "path": str(each.path),
                    "symbol": each.symbol,
                    "timeframe": each.timeframe.name,
                    "bars": len(each.bars),
                    "holes": len(each.bars.holes),
                }
                for each in self.inputs.files
            ],
            "warmup": self.inputs.first,
            "bars": self.bars,
            "answers": self.answers,
            "decisions": self.decisions,
            "counts": self.counts(),
            "findings": [finding.as_dict() for finding in self.findings],
        }


def print_as_json(report: Report, stream: TextIO) -> None:
    """One object."""
    stream.write(json.dumps(report.as_dict(), indent=2) + "\n")


def print_as_table(report: Report, stream: TextIO) -> None:
    """A row for each finding, and a line that sums up. On a terminal the last column runs over several lines."""
    plain = not stream.isatty()
    console = Console(
        file=stream,
        width=_BOUNDLESS if plain else None,
        color_system=None if plain else "auto",
        force_terminal=not plain,
        markup=False,
        emoji=False,
        highlight=False,
    )
    if report.findings:
        with console.capture() as printed:
            console.print(_table(report))
        stream.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())
        stream.write("\n")
    console.print(report.summary(), soft_wrap=True)


def _table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("found", no_wrap=True)
    table.add_column("first at (UTC)", no_wrap=True)
    table.add_column("times", justify="right", no_wrap=True)
    table.add_column("what", overflow="fold")
    for kind, group in itertools.groupby(report.findings, key=lambda finding: finding.kind):
        findings = list(group)
        for finding in findings[:_MOST_ROWS]:
            text = short_line(f"{finding.what}: {finding.detail}" if finding.detail else finding.what, _BOUNDLESS)
            style = _STYLES.get(kind, "bold yellow")
            at = "initialize" if finding.initialize else time_text(finding.time)
            table.add_row(Text(kind, style), at, f"{finding.times:,}", text)
        if len(findings) > _MOST_ROWS:
            table.add_row(Text(kind), "", "", f"and {len(findings) - _MOST_ROWS:,} more, which --json lists")
    return table


def _plural(kind: str, number: int) -> str:
    return "holes" if kind == "hole" and number > 1 else kind


def _changes(trace: Trace) -> int:
    """How many of the values that the strategy keeps were new or other ones after a step."""
    changes = 0
    before: dict[str, Any] = {}
    for step in trace.steps:
        changes += sum(before.get(name) is not value for name, value in step.values.items())
        before = step.values
    return changes
