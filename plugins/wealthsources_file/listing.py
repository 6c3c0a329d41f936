"""Listing: which files there are of which series, as the folders were when they were looked at."""

from __future__ import annotations

import dataclasses
import functools
from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from wealthsources import Timeframe, match_symbol, match_timeframe
from wealthsources_file.partitions import Partition
from wealthsources_file.storage import is_unchanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wealthsources_file.partitions import Partitions, Span
    from wealthsources_file.storage import Place

#: A symbol and the name of a timeframe.
Series = tuple[str, str]

_MOST_NAMED: Final = 10
_MOST_WATCHED: Final = 10_000


class Named(NamedTuple):
    """A file, and what its path says of what is in it; the timeframe may be under another name than ours.

    span  the time it is of, if its path says that: then it is one of several
    """

    symbol: str
    timeframe: str
    path: Place
    span: Span | None = None


class Folder(NamedTuple):
    """A folder that was listed: of which symbol, if its path says that, and when it had been changed, ns.

    changed is None if that was so recently that it may change again without being seen.
    """

    path: Place
    symbol: str | None
    changed: int | None


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files that fit.

    files       by series: a file, or several in the order of time
    alike       the series whose file has another name of its timeframe: one with our own would come before it
    twice       series that several files may have, none of them under our own name of the timeframe: their names
    strange     by symbol, the names of those that have no timeframe that is known here
    unreadable  the folders that could not be listed, with the reason
    folders     those that were listed; None: nothing tells whether a file was added since
    """

    files: Mapping[Series, Place | Partitions]
    alike: frozenset[Series] = frozenset()
    twice: Mapping[Series, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    strange: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    folders: Sequence[Folder] | None = None
    _watched: dict[str, tuple[Folder, ...]] = dataclasses.field(default_factory=dict, compare=False)

    @functools.cached_property
    def symbols(self) -> frozenset[str]:
        """The symbols there are files of."""
        return frozenset(symbol for symbol, _ in self.files)

    def timeframes(self, symbol: str) -> list[str]:
        """The timeframes there are files of, the shortest first."""
        return [name for name in Timeframe.known() if (symbol, name) in self.files]

    def find(self, symbol: str, timeframe: Timeframe) -> Place | Partitions | None:
        """The file or files of a series, be its symbol spelled in another way there."""
        spelling = self._spelling(symbol)
        return None if spelling is None else self.files.get((spelling, timeframe.name))

    def is_sure_of(self, symbol: str, timeframe: Timeframe) -> bool:
        """Whether no file that was added since could be meant rather than the one that is here, if any is."""
        return self.file_for_sure(symbol, timeframe) is not None or self._is_current(symbol)

    def file_for_sure(self, symbol: str, timeframe: Timeframe) -> Place | None:
        """The file of a series that no other can take the place of, whatever was added since; None if there is none."""
        found = self.files.get((symbol, timeframe.name))
        return None if isinstance(found, tuple) or (symbol, timeframe.name) in self.alike else found

    def why_not(self, symbol: str, timeframe: Timeframe) -> str:
        """What there is instead of the file of a series."""
        spelling = self._spelling(symbol) or match_symbol(symbol, self.strange)
        if spelling is None:
            said = f"symbols: {_some(sorted(self.symbols)) or 'none'}"
        elif names := self.twice.get((spelling, timeframe.name), ()):
            said = (
                f"{spelling} is there as {' and '.join(names)}, which are all {timeframe}; name one of them {timeframe}"
            )
        else:
            said = f"{spelling} is there as {self._names(spelling)}"
        return f"{said}; not listed: {'; '.join(self.unreadable[:_MOST_NAMED])}" if self.unreadable else said

    def spelling(self, symbol: str) -> str:
        """How a symbol that was found is spelled there."""
        return self._spelling(symbol) or symbol

    @functools.cached_property
    def _readable(self) -> frozenset[str]:
        return self.symbols | {symbol for symbol, _ in self.twice}

    def _spelling(self, symbol: str) -> str | None:
        """An exact spelling comes first, even if it has no file that can be read."""
        return symbol if symbol in self.strange else match_symbol(symbol, self._readable)

    def _names(self, symbol: str) -> str:
        known, strange = self.timeframes(symbol), self.strange.get(symbol, ())
        what = "which is no timeframe" if len(strange) == 1 else "which are no timeframes"
        told = f"{_some(strange)}, {what} here; known: {', '.join(Timeframe.known())}" if strange else ""
        return " and as ".join(filter(None, (", ".join(known), told)))

    def _is_current(self, symbol: str) -> bool:
        """Whether no folder has changed since in which a file of that symbol might be."""
        if self.folders is None:
            return False
        watched = self._watched.get(symbol)
        if watched is None:
            watched = tuple(one for one in self.folders if one.symbol is None or match_symbol(symbol, (one.symbol,)))
            if len(self._watched) < _MOST_WATCHED:
                self._watched[symbol] = watched
        try:
            return all(is_unchanged(one.path, one.changed) for one in watched)
        except OSError:
            return False


def listing_of(found: Iterable[Named], unreadable: Iterable[str], folders: Sequence[Folder] | None) -> Listing:
    """Sort the files that were found by what they have."""
    named: defaultdict[Series, dict[str, Place | Partitions]] = defaultdict(dict)
    strange: defaultdict[str, list[str]] = defaultdict(list)
    parts: defaultdict[tuple[Series, str], list[Partition]] = defaultdict(list)
    for symbol, name, path, span in found:
        timeframe = match_timeframe(name)
        if timeframe is None:
            strange[symbol].append(name)
        elif span is None:
            named[symbol, timeframe.name][name] = path
        else:
            parts[(symbol, timeframe.name), name].append(Partition(span, path))
    for (series, name), several in parts.items():
        named[series][name] = tuple(sorted(several, key=lambda one: (one.span, str(one.path))))
    alike = {series: paths for series, paths in named.items() if series[1] not in paths}
    files = {series: paths[series[1]] for series, paths in named.items() if series not in alike}
    files |= {series: next(iter(paths.values())) for series, paths in alike.items() if len(paths) == 1}
    return Listing(
        files,
        frozenset(alike),
        {series: tuple(sorted(paths)) for series, paths in alike.items() if len(paths) > 1},
        {symbol: tuple(sorted(set(names))) for symbol, names in strange.items()},
        tuple(unreadable),
        folders,
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
