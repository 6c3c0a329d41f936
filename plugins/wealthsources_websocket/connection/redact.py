"""Taking out of texts what nobody else is to read. No input, no output."""

from __future__ import annotations

import json


def redact_url(url: str) -> str:
    """An address without its query, which may hold what nobody else is to read."""
    address, mark, _ = url.partition("?")
    return f"{address}?…" if mark else address


class Redactor:
    """Takes a secret out of texts, also where it was cut short or escaped: any eight of its characters in a row."""

    def __init__(self, *secrets_: str) -> None:
        known = [secret for secret in secrets_ if secret]
        self._size = size = min((8, *map(len, known))) if known else 0
        self._parts: set[str] = set()
        for secret in known:
            forms = {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(secret.encode())[2:-1]}
            self._parts |= {form[at : at + size] for form in forms for at in range(len(form) - size + 1)}

    def __call__(self, text: str) -> str:
        if not self._size:
            return text
        shown, at = "", 0
        while at < len(text):
            end = at
            while text[end : end + self._size] in self._parts:
                end += 1
            hidden = end > at
            shown += "***" if hidden else text[at]
            at = end + self._size - 1 if hidden else at + 1
        return shown
