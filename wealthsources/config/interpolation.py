"""`${NAME}` and `${NAME:-default}` in a text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: `$${`, `${NAME}`, `${NAME:-default}` (with `{braces}` in the default, which file patterns have), or a broken `${`.
_VARIABLE: Final = re.compile(
    r"\$\$\{|\$\{(?P<name>[A-Za-z_]\w*)(?::-(?P<default>(?:[^{}]|\{[^{}]*\})*))?\}|\$\{", re.ASCII
)


def expand(text: str, environ: Mapping[str, str], limit: int) -> tuple[str, tuple[str, ...]]:
    """The text with its variables replaced, and the names of those whose values are in it now.

    As in a shell, a default also stands in for an empty value, and what was inserted is not expanded again. `$${`
    becomes `${`. Raises ValueError for a variable that is not set and has no default, for a broken `${`, and when
    more than `limit` characters would be inserted.
    """
    used: dict[str, None] = {}
    inserted = 0

    def replacement(match: re.Match[str]) -> str:
        nonlocal inserted
        if match[0] == "$${":
            return "${"
        name, default = match["name"], match["default"]
        if name is None or "${" in (default or ""):
            raise ValueError(
                "a `${` is neither ${NAME} nor ${NAME:-default}; for the two characters themselves, write `$${`"
            )
        value = environ.get(name)
        if default is not None and not value:
            return default
        if value is None:
            raise ValueError(f"the environment variable {name} is not set; set it, or write ${{{name}:-default}}")
        used[name] = None
        inserted += len(value)
        if inserted > limit:
            raise ValueError("the values of the variables in this text are too long")
        return value

    return _VARIABLE.sub(replacement, text), tuple(used)
