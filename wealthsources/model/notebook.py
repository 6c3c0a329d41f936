"""What a notebook shows: tables in HTML. All text in them is somebody's, a server's for one, and is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, TypeVar

from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

T = TypeVar("T")

#: So many rows of a table are shown at most, half of them its first and half its last.
MOST_ROWS: Final = 20
_LEFT_OUT: Final = "\N{HORIZONTAL ELLIPSIS}"


def html_table(columns: Sequence[str], rows: Iterable[Sequence[object]], right: Collection[str] = ()) -> str:
    """A table; the columns named in `right` are aligned there, as numbers are."""
    sides = ["right" if column in right else "left" for column in columns]
    body = "".join(f"<tr>{_cells('td', row, sides)}</tr>" for row in rows)
    return f"<table><thead><tr>{_cells('th', columns, sides)}</tr></thead><tbody>{body}</tbody></table>"


def html_lines(*lines: object) -> str:
    """Lines of text, without those that are empty."""
    return "".join(f"<div>{_escaped(line)}</div>" for line in lines if str(line))


def ends_of(items: Sequence[T], row: Callable[[T], Sequence[object]], most: int = MOST_ROWS) -> list[Sequence[object]]:
    """The rows of these items; of more than `most` those of the first and the last, and one that stands for the others.

    Only rows that are shown are made.
    """
    if len(items) <= most:
        return [row(item) for item in items]
    half = most // 2
    shown = [row(item) for part in (items[:half], items[-half:]) for item in part]
    return [*shown[:half], [_LEFT_OUT] * len(shown[0]), *shown[half:]]


def _cells(tag: str, texts: Sequence[object], sides: Sequence[str]) -> str:
    pairs = zip(texts, sides, strict=True)
    return "".join(f'<{tag} style="text-align: {side}">{_escaped(text)}</{tag}>' for text, side in pairs)


def _escaped(text: object) -> str:
    return escape(one_line(str(text)))
