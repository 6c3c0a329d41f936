"""What a server wrote, made fit to be shown."""

from __future__ import annotations

from typing import Final

_LONGEST: Final = 120


def sample_of(text: str) -> str:
    """One line of at most 120 characters, none of which steers a terminal."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * _LONGEST]).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
