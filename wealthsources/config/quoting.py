"""The line of a file that a mistake is in, with carets under the place, and nothing secret in it. Pure.

What may be shown is decided for each scalar by its place; whatever is no scalar, nor a sign of YAML's, is masked, and
comments are cut off. So a token that stands where nobody expects one is not shown either.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from wealthsources.model.errors import MARGIN
from wealthsources.model.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from wealthsources.config.diagnostics import Place

MASK: Final = "***"

_WIDTH: Final = 100  # cells of a terminal
_BEFORE: Final = 40  # of them at most stand before the carets, if the line is longer
_BREAKS: Final = "\n\r\x85\u2028\u2029"
#: Names under which something secret may stand, whatever a model says of it.
_SECRET_NAME: Final = re.compile(
    r"token|passw|passphrase|secret|key|credential|auth|login|user|private|signature|cookie|csrf|bearer", re.IGNORECASE
)
_SIGNS: Final = re.compile(r"(?P<comment>(?:^|(?<=\s))#.*)|(?P<sign>[\s\-{}\[\],:?|>'\"])|[^\s\-{}\[\],:?|>'\"]+")
_VARIABLE: Final = re.compile(
    r"(?P<quote>['\"]?)\$\{(?P<name>[A-Za-z_]\w*)(?P<dash>:-(?P<default>[^{}]*))?\}(?P=quote)", re.ASCII
)
#: Users and passwords, with whatever signs; what is behind the host of a server, where keys stand in paths; and what is
#: asked for. An address that is wrong is the one that is quoted, so none of them relies on its form.
_IN_ADDRESS: Final = (
    re.compile(r"^(?P<kept>['\"]?(?:[a-z][a-z0-9+.-]*://)?).+(?=@)", re.IGNORECASE),
    re.compile(r"(?P<kept>\b(?:https?|wss?)://[^/\s'\"]*/)[^'\"].*?(?=['\"]?$)", re.IGNORECASE),
    re.compile(r"(?P<kept>[?#])[^'\"].*?(?=['\"]?$)"),
)


class Span(NamedTuple):
    """A part of a text: the index of its first character, and of the one after its last."""

    start: int
    end: int


class Scalar(NamedTuple):
    """A key or a value that is one text. Through aliases the same may have several places, in as many of these."""

    span: Span
    place: Place
    is_key: bool


def is_secret_name(name: str | int) -> bool:
    """Whether what stands under that name is better not shown."""
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None


def column_of(text: str, index: int) -> int:
    """The column of a character, from 1."""
    return index - _line_at(text, index).start + 1


def line_end(text: str, index: int) -> int:
    """Where the line of a character ends."""
    return _line_at(text, index).end


def quote(text: str, span: Span, scalars: Iterable[Scalar], shows: Callable[[Place, str], bool]) -> str:
    """The line that the span begins on, carets under the span below it; both behind MARGIN.

    `shows(place, raw)` says whether a value may be shown. A key may be, unless a name above it is a secret's.
    """
    line = _line_at(text, span.start)
    pieces = list(_pieces(text, line, scalars, shows))
    before = "".join(shown for start, shown in pieces if start < span.start)
    inside = "".join(shown for start, shown in pieces if span.start <= start < span.end)
    after = "".join(shown for start, shown in pieces if start >= max(span.end, span.start + 1))
    width = cells(inside.rstrip()) if span.end <= line.end else 1
    before, inside, after = _cut(before, inside, after.rstrip())
    shown = f"{before}{inside}{after}".rstrip()
    carets = "^" * max(1, min(width, cells(shown) - cells(before)))
    return f"{MARGIN}{shown}\n{MARGIN}{' ' * cells(before)}{carets}"


def cells(text: str) -> int:
    """How many columns of a terminal it takes."""
    return sum(map(_cells_of, text))


def _cells_of(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _cut(before: str, inside: str, after: str) -> tuple[str, str, str]:
    """The same with dots in place of what would make the line too long."""
    if cells(before + inside + after) <= _WIDTH:
        return before, inside, after
    if cells(before) > _BEFORE:
        before = "…" + _last_cells(before, _BEFORE - 1)
    inside = _first_cells(inside, _WIDTH - cells(before))
    return before, inside, _first_cells(after, _WIDTH - cells(before + inside))


def _first_cells(text: str, most: int) -> str:
    if cells(text) <= most:
        return text
    kept = ""
    for letter in text:
        if cells(kept) + _cells_of(letter) >= most:
            break
        kept += letter
    return kept + "…" if most > 0 else ""


def _last_cells(text: str, most: int) -> str:
    kept = text[-most:]
    while cells(kept) > most:
        kept = kept[1:]
    return kept


def _line_at(text: str, index: int) -> Span:
    start = max((text.rfind(sign, 0, index) for sign in _BREAKS), default=-1) + 1
    ends = [end for sign in _BREAKS if (end := text.find(sign, index)) >= 0]
    return Span(start, min(ends, default=len(text)))


def _pieces(
    text: str, line: Span, scalars: Iterable[Scalar], shows: Callable[[Place, str], bool]
) -> Iterator[tuple[int, str]]:
    """(index, what is shown for it) of each part of a line."""
    by_span: dict[Span, list[Scalar]] = {}
    for each in scalars:
        if each.span.start < line.end and each.span.end > line.start:
            by_span.setdefault(each.span, []).append(each)
    at = line.start
    for span in sorted(by_span):
        if span.start < at and span.end <= at:
            continue
        start, end = max(span.start, at), min(span.end, line.end)
        yield from _signs(text, Span(at, start))
        raw = text[start:end]
        may = all(_may_be_shown(each, raw, shows) for each in by_span[span])
        yield start, _plain(_without_address_secrets(raw)) if may else _masked(raw)
        at = end
    yield from _signs(text, Span(at, line.end))


def _without_address_secrets(raw: str) -> str:
    """A value that may be shown, but for what may be secret in it if it is an address."""
    for part in _IN_ADDRESS:
        raw = part.sub(rf"\g<kept>{MASK}", raw)
    return raw


def _masked(raw: str) -> str:
    """What is shown of a value that may not be: the name of the variable that it comes from."""
    variable = _VARIABLE.fullmatch(raw)
    if variable is None:
        return MASK
    default = f":-{MASK}" if variable["default"] else variable["dash"] or ""
    return f"{variable['quote']}${{{variable['name']}{default}}}{variable['quote']}"


def _may_be_shown(scalar: Scalar, raw: str, shows: Callable[[Place, str], bool]) -> bool:
    if any(map(is_secret_name, scalar.place[:-1] if scalar.is_key else scalar.place)):
        return False
    return scalar.is_key or shows(scalar.place, raw)


def _signs(text: str, span: Span) -> Iterator[tuple[int, str]]:
    """What stands between scalars: YAML's signs as they are, all else masked, but for comments, which are cut off."""
    for match in _SIGNS.finditer(text, span.start, span.end):
        if match["comment"]:
            return
        yield match.start(), _plain(match["sign"]) if match["sign"] else MASK


def _plain(text: str) -> str:
    return printable(text.replace("\t", " "))
