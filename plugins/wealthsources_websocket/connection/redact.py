"""Taking out of texts what nobody else is to read. No input, no output."""

from __future__ import annotations

import json
import re
from typing import Final

from wealthsources_websocket.token_rules import SHORTEST

_MOST_HIDDEN: Final = 8


def redact_url(url: str) -> str:
    """An address without its query, which may hold what nobody else is to read."""
    address, mark, _ = url.partition("?")
    return f"{address}?…" if mark else address


class Redactor:
    """Takes secrets out of texts, also where one was cut short or escaped: any eight of its characters in a row.

    One that is shorter is taken out where it stands alone, so that `t` does not make stars of every word. Only a token
    that is no secret is that short, see `token_rules`.
    """

    def __init__(self, *secrets_: str) -> None:
        forms = {form for secret in secrets_ if secret for form in _forms(secret)}
        self._parts = {form[at : at + SHORTEST] for form in forms for at in range(len(form) - SHORTEST + 1)}
        short = [secret for secret in secrets_ if 0 < len(secret) < SHORTEST]
        words = sorted({form for secret in short for form in _forms(secret)}, key=len, reverse=True)
        self._words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)") if words else None
        self._hidden: tuple[set[str], ...] = ()
        self._all = self._parts  # replaced as a whole: other threads may be reading

    def hide(self, text: str) -> None:
        """Take this out too, until a few others were hidden after it: each connection may have a secret of its own."""
        parts = {text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1)}
        if parts not in self._hidden:
            self._hidden = (*self._hidden, parts)[-_MOST_HIDDEN:]
            self._all = self._parts.union(*self._hidden)

    def __call__(self, text: str) -> str:
        if self._all:
            text = _without(self._all, text)
        return text if self._words is None else self._words.sub("***", text)


def _without(parts: set[str], text: str) -> str:
    shown, at = "", 0
    while at < len(text):
        end = at
        while text[end : end + SHORTEST] in parts:
            end += 1
        hidden = end > at
        shown += "***" if hidden else text[at]
        at = end + SHORTEST - 1 if hidden else at + 1
    return shown


def _forms(secret: str) -> set[str]:
    """The secret as it may be written: as it is, or escaped in the ways of JSON and Python."""
    return {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(secret.encode())[2:-1]}
