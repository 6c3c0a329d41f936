"""Making texts fit to be shown, with no credential in them. No input, no output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from wealthsources import Redactor, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LONGEST_TEXT: Final = 300
#: An error of ccxt may hold a whole page; more than this of it is not even looked at.
_MOST_READ: Final = 4 * _LONGEST_TEXT
#: What stands behind the question mark of an address may be a signature, or a key.
_QUERY: Final = re.compile(r"\?[^\s'\"]*")


def make_redact(secrets_: Iterable[str]) -> Callable[[str], str]:
    """What makes a text fit to be shown: one line, not long, no query of an address, and nothing of these secrets."""
    hide = Redactor(*secrets_)

    def redact(text: str) -> str:
        text = _QUERY.sub("?…", one_line(hide(text[:_MOST_READ])))  # a secret may be of several lines
        return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"

    return redact
