"""Taking secrets out of texts that others are to read. No input, no output."""

from __future__ import annotations

import json
import re
from typing import Final

_MOST_HIDDEN: Final = 8
#: Eight bytes in a row hold four that begin at a multiple of four, wherever they stand.
_SAMPLE: Final = 4


class Redactor:
    """Takes secrets out of texts, also where one was cut short or escaped: any eight of its characters in a row.

    One that is shorter is taken out where it stands alone, so that `t` does not make stars of every word.

    SHORTEST  so many characters in a row tell a secret from other text
    """

    SHORTEST: Final = 8

    def __init__(self, *secrets_: str) -> None:
        forms = {form for secret in secrets_ if secret for form in _forms(secret)}
        self._parts = set().union(*map(_pieces, forms))
        short = [secret for secret in secrets_ if 0 < len(secret) < self.SHORTEST]
        words = sorted({form for secret in short for form in _forms(secret)}, key=len, reverse=True)
        self._words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)") if words else None
        self._hidden: tuple[set[str], ...] = ()
        self._all = self._parts  # replaced as a whole: other threads may be reading
        self._samples = _samples(self._all)

    def hide(self, text: str) -> None:
        """Take this out too, until a few others were hidden after it: each connection may have a secret of its own."""
        parts = _pieces(text)
        if parts not in self._hidden:
            self._hidden = (*self._hidden, parts)[-_MOST_HIDDEN:]
            parts = self._parts.union(*self._hidden)
            self._samples = _samples(parts)  # first, so that nothing is passed over that is to be found
            self._all = parts

    def __call__(self, text: str) -> str:
        """The text with stars in place of what is secret."""
        if self._all and self._may_be_in(text):
            text = _without(self._all, text)
        return text if self._words is None else self._words.sub("***", text)

    def _may_be_in(self, text: str) -> bool:
        """False if there is no secret in it, which is soon known: frames that are recorded have none, by thousands."""
        return not self._samples.isdisjoint(_fours(_bytes(text)))


def _samples(parts: set[str]) -> set[int]:
    return {_fours(part[at:])[0] for part in map(_bytes, parts) for at in range(_SAMPLE)}


def _fours(data: bytes) -> memoryview[int]:
    """The bytes four by four, each a number; what is left over is left out."""
    return memoryview(data)[: len(data) // _SAMPLE * _SAMPLE].cast("I")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _pieces(text: str) -> set[str]:
    size = Redactor.SHORTEST
    return {text[at : at + size] for at in range(len(text) - size + 1)}


def _without(parts: set[str], text: str) -> str:
    size, at = Redactor.SHORTEST, 0
    shown: list[str] = []
    while at < len(text):
        end = at
        while text[end : end + size] in parts:
            end += 1
        hidden = end > at
        shown.append("***" if hidden else text[at])
        at = end + size - 1 if hidden else at + 1
    return "".join(shown)


def _forms(secret: str) -> set[str]:
    """The secret as it may be written: as it is, or escaped in the ways of JSON and Python."""
    return {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(secret.encode())[2:-1]}
