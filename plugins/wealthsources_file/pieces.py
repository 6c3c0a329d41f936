"""The text of a file, piece by piece: whole lines, of a bounded length, so that no file fills the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

#: So many bytes are read at a time; a line that is longer is cut off.
PIECE: Final = 1 << 20
#: What ends a line that was cut off, so that its last value can be no number.
_CUT: Final = b"\0\n"


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many more of them; none at the end."""


class TooLargeError(ValueError):
    """A file that would fill the memory of the process that trades."""

    def __init__(self, most: int, what: str) -> None:
        super().__init__(f"has more than {most >> 20} MiB of {what}; move its older rows to a file of a second source")


class Piece(NamedTuple):
    """Lines, each with a newline at its end; `has_end` says whether the last one has one in the file too."""

    lines: bytes
    has_end: bool = True


def read_pieces(file: Readable, most_bytes: int, size: int = PIECE) -> Iterator[Piece]:
    r"""The lines of a file, whether they end in \n, \r\n or \r. Raises TooLargeError for more than `most_bytes`.

    A line without an end is the last one, in a piece of its own. Never holds more than some three times `size`.
    """
    rest, cutting, left = b"", False, most_bytes
    for text in _with_newlines(file, size):
        left -= len(text)
        if left < 0:
            raise TooLargeError(most_bytes, "text")
        if cutting:
            _, newline, text = text.partition(b"\n")  # noqa: PLW2901 - what is left of it
            if not newline:
                continue
            cutting = False
        end = text.rfind(b"\n") + 1
        if end:
            yield Piece(rest + text[:end])
            rest = b""
        rest += text[end:]
        if len(rest) > size:
            yield Piece(rest[:size] + _CUT)
            rest, cutting = b"", True
    if rest:
        yield Piece(rest + b"\n", has_end=False)


def _with_newlines(file: Readable, size: int) -> Iterator[bytes]:
    r"""The text of a file with \n at the end of each line."""
    half = b""
    while text := file.read(size):
        if half or b"\r" in text:
            text = half + text
            half = b"\r" if text.endswith(b"\r") else b""  # half of \r\n, maybe
            text = text.removesuffix(half).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield text
    if half:
        yield b"\n"
