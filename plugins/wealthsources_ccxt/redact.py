"""Taking credentials out of texts that may be shown. No input, no output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from wealthsources import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Pieces of a secret that are at least so long are taken out too.
_SHORTEST: Final = 8
_LONGEST_TEXT: Final = 300
#: What stands behind the question mark of an address may be a signature, or a key.
_QUERY: Final = re.compile(r"\?[^\s'\"]*")


class Redactor:
    """Makes a text fit to be shown: one line, not long, no query of an address, and nothing of these secrets."""

    def __init__(self, secrets_: Iterable[str]) -> None:
        self._secrets = sorted(filter(None, secrets_), key=len, reverse=True)
        self._parts = {
            secret[at : at + _SHORTEST] for secret in self._secrets for at in range(len(secret) - _SHORTEST + 1)
        }

    def __call__(self, text: str) -> str:
        text = _QUERY.sub("?…", one_line(text))
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = self._without_parts(text)
        return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"

    def _without_parts(self, text: str) -> str:
        """Also where a server repeats only a piece of it."""
        shown, at = "", 0
        while at < len(text):
            end = at
            while text[end : end + _SHORTEST] in self._parts:
                end += 1
            shown += "***" if end > at else text[at]
            at = end + _SHORTEST - 1 if end > at else at + 1
        return shown
