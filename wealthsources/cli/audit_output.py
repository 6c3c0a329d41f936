"""What an audit found, as tables or JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from wealthsources.cli.console import print_table
from wealthsources.model.text import one_line
from wealthsources.model.times import time_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wealthsources.resolve.findings import Finding
    from wealthsources.runtime.auditing import Audited, AuditReport

#: Of one kind and source so many are listed, the worst of them.
_MOST_LISTED: Final = 20


def count_of(report: AuditReport) -> int:
    """How many findings there are; those of which only the number is told count, too."""
    return sum(finding.number for finding in report.findings)


def print_as_table(report: AuditReport) -> None:
    """A row for each source, and one for each finding."""
    sources = [_source_row(audited) for audited in report.sources]
    print_table(("source", "bars", "first (UTC)", "last (UTC)", "why"), sources, right=("bars",))
    if report.findings:
        sys.stdout.write("\n")
        print_table(("finding", "source", "from (UTC)", "to (UTC)", "what"), list(_finding_rows(report.findings)))
    number = count_of(report)
    what = f"{number:,} finding{'s' * (number != 1)}" if number else "nothing is wrong"
    series = f"{one_line(report.symbol)} {report.timeframe}"
    sys.stdout.write(f"\n{series}, {time_text(report.start)} to {time_text(report.end)} UTC: {what}\n")


def print_as_json(report: AuditReport) -> None:
    """One object; times in ms. `number`: how many findings it stands for."""
    told = {
        "symbol": report.symbol,
        "timeframe": report.timeframe.name,
        "start": report.start,
        "end": report.end,
        "sources": [_source_record(audited) for audited in report.sources],
        "findings": [
            {
                "kind": finding.kind,
                "source": finding.source,
                "start": finding.start,
                "end": finding.end,
                "bars": finding.bars,
                "number": finding.number,
                "text": finding.text,
            }
            for finding in report.findings
        ],
    }
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


def _source_row(audited: Audited) -> tuple[str, ...]:
    bars = audited.bars
    if not len(bars):
        why = one_line(audited.reason)
        return one_line(audited.name), "-", "-", "-", why or audited.outcome
    times = time_text(bars.oldest), time_text(bars.newest)
    return one_line(audited.name), f"{len(bars):,}", *times, ""


def _source_record(audited: Audited) -> dict[str, Any]:
    bars = audited.bars
    span = {"oldest": int(bars.oldest), "newest": int(bars.newest)} if len(bars) else {}
    return {
        "source": audited.name,
        "outcome": audited.outcome,
        "bars": len(bars),
        **span,
        "reason": audited.reason,
    }


def _finding_rows(findings: Sequence[Finding]) -> Iterator[tuple[str, ...]]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.kind, finding.source), []).append(finding)
    for group in groups.values():
        ranked = sorted(group, key=lambda finding: -finding.size)
        listed = sorted(ranked[:_MOST_LISTED], key=lambda finding: finding.start)
        for finding in listed:
            yield _row(finding, time_text(finding.start), time_text(finding.end), one_line(finding.text))
        if rest := sum(finding.number for finding in ranked[_MOST_LISTED:]):
            yield _row(group[0], "", "", f"and {rest:,} more, which are not worse")


def _row(finding: Finding, *cells: str) -> tuple[str, ...]:
    return finding.kind.replace("_", " "), one_line(finding.source), *cells
