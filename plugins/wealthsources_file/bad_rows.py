"""The rows of a file that are no bars: where they stand among those that are, and what is wrong with them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from wealthsources_file.line_numbers import LineNumbers
    from wealthsources_file.storage import Place

#: Of so many rows it is kept what is wrong with them.
_MOST_TOLD: Final = 1_000


@dataclasses.dataclass(frozen=True)
class BadRows:
    """Rows that are no bars, in the order of time: for each how many bars stand before it, and its line.

    whys       by line, what is wrong with the first so many that were found
    are_lines  False: the file has no lines, and it is the number of the row, the first being 1
    """

    before: NDArray[np.int64]
    lines: NDArray[np.int64]
    whys: Mapping[int, str]
    are_lines: bool = True

    def __len__(self) -> int:
        return len(self.lines)

    def named(self, path: Place, place: int = 0) -> str:
        """One of them by its file and line, and what is wrong with it."""
        line, why = self.told(place)
        return f"{path}:{line}: {why}" if self.are_lines else f"{path}: row {line}: {why}"

    def told(self, place: int = 0) -> tuple[int, str]:
        """The line of one of them, and what is wrong with it."""
        line = int(self.lines[place])
        return line, self.whys.get(line, f"is one of {len(self)} rows that are no bars")

    def beside(self, first: int, last: int) -> slice:
        """Those that stand beside or between the bars from number `first` to the one before `last`."""
        begin, end = np.searchsorted(self.before, [first, last + 1]).tolist()
        return slice(begin, end)


@dataclasses.dataclass(frozen=True)
class BadRowsOfFiles(BadRows):
    """Those of several files of one series, or of parts of one; `files` has their own, the oldest first."""

    files: tuple[tuple[Place, BadRows], ...] = ()

    @classmethod
    def of(cls, files: Sequence[tuple[Place, BadRows]], begins: Sequence[int]) -> BadRowsOfFiles:
        """All of them; `begins` says how many bars stand before those of each file."""
        before = np.concatenate([bad.before + begin for (_, bad), begin in zip(files, begins, strict=True)])
        return cls(before, np.concatenate([bad.lines for _, bad in files]), {}, files=tuple(files))

    def named(self, path: Place, place: int = 0) -> str:
        """As of a single file, with the path of its own."""
        ends = np.cumsum([len(bad) for _, bad in self.files])
        number = int(np.searchsorted(ends, place, "right"))
        path, bad = self.files[number]
        return bad.named(path, place - int(ends[number]) + len(bad))


class Found:
    """The rows that are found to be bad while a file is read, by their number among all its rows.

    count  how many there are so far
    """

    def __init__(self) -> None:
        self.count = 0
        self._numbers: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
        self._whys: dict[int, str] = {}
        self._passed: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]

    def pass_over(self, numbers: NDArray[np.int64]) -> None:
        """Rows that are of another symbol: neither bars nor bad."""
        self._passed.append(numbers)

    def add(self, numbers: NDArray[np.int64], why: Callable[[int], str]) -> None:
        """More of them; `why` is asked by the place of each in `numbers`."""
        self._numbers.append(numbers)
        self.count += len(numbers)
        for place, number in enumerate(numbers[: _MOST_TOLD - len(self._whys)].tolist()):
            self._whys[number] = why(place)

    def drop(self, number: int) -> bool:
        """One of them is no bad row after all; whether it was one."""
        before = self.count
        self._numbers = [numbers[numbers != number] for numbers in self._numbers]
        self._whys.pop(number, None)
        self.count = sum(map(len, self._numbers))
        return self.count < before

    def others(self, places: NDArray[np.intp]) -> NDArray[np.int64]:
        """The numbers of rows that are none of them, by their places among those."""
        bad = np.sort(np.concatenate([*self._numbers, *self._passed]))
        found: NDArray[np.int64] = places + np.searchsorted(bad - np.arange(len(bad)), places, "right")
        return found

    def among(self, lines: LineNumbers, newest_first: int | None = None, *, are_lines: bool = True) -> BadRows:
        """Where they stand; `newest_first` says of a file in that order how many rows of it are bars.

        are_lines  as in BadRows
        """
        numbers = np.sort(np.concatenate(self._numbers))
        told = np.fromiter(self._whys, np.int64, len(self._whys))
        whys = dict(zip(lines.of(told).tolist(), self._whys.values(), strict=True))
        before = numbers - np.arange(len(numbers)) - np.searchsorted(np.concatenate(self._passed), numbers)
        if newest_first is None:
            return BadRows(before, lines.of(numbers), whys, are_lines)
        return BadRows(newest_first - before[::-1], lines.of(numbers[::-1]), whys, are_lines)
