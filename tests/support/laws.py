"""How many examples a law tries that needs more than the others, or can afford fewer."""

from __future__ import annotations

from hypothesis import settings


def tries(number: int) -> int:
    """So many examples in `make test`, and in `make laws` as many times more as the other laws try there."""
    return number * settings().max_examples // settings.get_profile("project").max_examples
