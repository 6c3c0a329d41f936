"""Times that are written as ISO 8601 has it: 2024-01-31 09:30:00, with fewer digits or more, with an offset or none.

All rows of a file are nearly always written alike. So the first one is looked at letter by letter, and what it has
where is read from all that are like it at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Letters = NDArray[np.uint8]

ISO: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)([ T](?P<minute>\d\d:\d\d)(:(?P<second>\d\d)([.](?P<part>\d{1,9}))?)?)?"
    r" ?(?P<offset>Z|(?P<sign>[+-])(?P<hours>\d\d)(:?(?P<minutes>\d\d))?)?",
    re.ASCII,
)
#: In place of an offset where a time has none.
NO_OFFSET: Final = np.iinfo(np.int64).min

_ZERO: Final = ord("0")
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
_ALIKE: Final = {ord(" "): b" T", ord("T"): b" T", ord("+"): b"+-", ord("-"): b"+-"}


class Written(NamedTuple):
    """Of each text the ms since 1970 on the clock where it was written, and how many ms that is ahead of UTC.

    lost  the rows that are written in another way; there the time is 0
    """

    times: Ints
    offsets: Ints
    lost: list[int]


def read_iso(block: Letters, starts: NDArray[np.intp], ends: NDArray[np.intp], *, whole: bool = True) -> Written:
    """Read the texts that stand there. Without `whole` what is smaller than a ms is cut off; else the time is lost."""
    times, offsets = np.zeros(len(starts), np.int64), np.full(len(starts), NO_OFFSET)
    lost: list[int] = []
    lengths = ends - starts
    rest = np.arange(len(starts))
    while len(rest):
        first = int(rest[0])
        form = ISO.fullmatch(block[starts[first] : ends[first]].tobytes().decode(errors="replace"))
        if form is None:
            lost.append(first)
            rest = rest[1:]
            continue
        same = lengths[rest] == lengths[first]
        rows = rest[same]
        letters = block[starts[rows][:, None] + np.arange(lengths[first])]
        alike = _are_alike(letters)
        same[same] = alike
        times[rest[same]], offsets[rest[same]], real = _read(letters[alike], form, whole=whole)
        lost += rest[same][~real].tolist()
        rest = rest[~same]
    times[lost] = 0
    return Written(times, offsets, sorted(lost))


def _are_alike(letters: Letters) -> NDArray[np.bool_]:
    """Which rows have digits where the first one has, and the same letters elsewhere."""
    alike = np.ones(len(letters), bool)
    for place, letter in enumerate(letters[0].tolist()):
        column = letters[:, place]
        if _ZERO <= letter <= _ZERO + 9:
            alike &= column - np.uint8(_ZERO) <= 9
        elif letter in _ALIKE and place >= len("2024-01-31"):
            alike &= np.isin(column, np.frombuffer(_ALIKE[letter], np.uint8))
        else:
            alike &= column == letter
    return alike


def _read(letters: Letters, form: re.Match[str], *, whole: bool) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Times, offsets, and which of the times there are."""

    def number(begin: int, end: int) -> Ints:
        found = np.zeros(len(letters), np.int64)
        for place in range(begin, end):
            found = found * 10 + (letters[:, place] - np.uint8(_ZERO))
        return found

    year, month, day = number(0, 4), number(5, 7), number(8, 10)
    real = (month >= 1) & (month <= 12) & (day >= 1)
    months = (year - 1970) * 12 + np.clip(month, 1, 12) - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    real &= days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) == months
    times = days * _DAY
    for name, unit, most in (("minute", _HOUR, 23), ("second", 1_000, 59)):
        if form[name]:
            begin = form.start(name)
            count = number(begin, begin + 2)
            real &= count <= most
            times += count * unit
    if form["minute"]:
        minutes = number(form.end("minute") - 2, form.end("minute"))
        real &= minutes <= 59
        times += minutes * _MINUTE
    if form["part"]:
        begin, end = form.span("part")
        part = number(begin, end) * 10 ** (9 - (end - begin))
        real &= (part % 1_000_000 == 0) | (not whole)
        times += part // 1_000_000
    offsets = np.full(len(letters), NO_OFFSET if form["offset"] is None else 0)
    if form["hours"]:
        begin = form.start("hours")
        hours = number(begin, begin + 2)
        minutes = number(*form.span("minutes")) if form["minutes"] else np.zeros_like(hours)
        real &= (hours <= 23) & (minutes <= 59)
        ahead = letters[:, form.start("sign")] == ord("+")
        offsets = np.where(ahead, 1, -1) * (hours * _HOUR + minutes * _MINUTE)
    return times, offsets, real
