"""What an error about a configuration says, without the columns and what it quotes: those have tests of their own."""

from __future__ import annotations

import re

from wealthsources.model.errors import WealthSourcesError


def sentences(error: WealthSourcesError) -> list[str]:
    """`config.yaml:9: sources[0].plugin: …` for each mistake."""
    return [without_column(line) for line in error.brief.splitlines()]


def without_column(line: str) -> str:
    return re.sub(r"^(\S*:\d+):\d+: ", r"\1: ", line)
