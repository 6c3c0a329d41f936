"""The metrics of a session."""

from __future__ import annotations

from typing import NamedTuple

import wealthsources
from tools.docs.docstrings import cell, markdown, text_of
from wealthsources import metrics


class Metric(NamedTuple):
    """One metric as a scrape shows it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


def all_metrics() -> list[Metric]:
    """Every metric that there is, whatever the sources are."""
    with wealthsources.open({"sources": [{"plugin": "context"}]}) as session:
        families = list(metrics.SessionCollector(session).collect())
    return [
        Metric(
            family.name + ("_total" if family.type == "counter" else ""),
            "untyped" if family.type == "unknown" else family.type,
            tuple(getattr(family, "_labelnames", ())),
            family.documentation,
        )
        for family in families
    ]


def page() -> str:
    lines = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(map(code, metric.labels))} | {cell(metric.text)} |"
        for metric in all_metrics()
    ]
    table = "\n".join(["| Metric | Kind | Labels | What it is |", "|---|---|---|---|", *lines])
    return f"# Metrics\n\n{markdown(text_of(metrics))}\n\nThe extra `metrics` brings them.\n\n{table}\n"


def code(text: str) -> str:
    return f"`{text}`"
