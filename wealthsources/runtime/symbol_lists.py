"""SymbolLists: what the sources of one binding say of which symbols there are."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from wealthsources.model.attempt import Attempt
from wealthsources.model.errors import SourceError
from wealthsources.model.symbols import match_symbol
from wealthsources.model.text import describe

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Iterable, Mapping

    from wealthsources.resolve.chain import ChainLink
    from wealthsources.runtime.workers import Caller
    from wealthsources.source import Source

    #: What one source says; None: it cannot tell.
    Symbols = Collection[str] | None
    Ask = Callable[[str, Source], Symbols]


class SymbolLists:
    """Asks the sources for their lists: those that may block on workers, all at the same time, with a deadline.

    links     the sources as they take part; a live one does so in a live binding only
    deployed  the sources of the deployment, None for one that is left out
    """

    def __init__(
        self,
        links: Iterable[ChainLink],
        deployed: Mapping[str, Source | None],
        call: Caller,
        log: logging.Logger,
        *,
        live: bool,
    ) -> None:
        self._links = [(link.name, link.source) for link in links if link.source is not None]
        self._deployed = deployed
        self._call = call
        self._log = log
        self._live = live

    def all_symbols(self) -> list[str]:
        """The symbols that the sources list, sorted; a spelling is listed as its source has it."""
        lists, _ = self._ask_all(lambda _, source: source.get_all_symbols())
        return sorted({symbol for symbols in lists for symbol in symbols or ()})

    def look_for(self, symbol: str) -> Search:
        """Whether a source has the symbol, or may have it."""
        if None in self._deployed.values():
            return Search(True)  # what is left out may have it
        lists, failed = self._ask_all(self._known_to)
        may_be_there = not lists or any(known is None or match_symbol(symbol, known) is not None for known in lists)
        return Search(may_be_there or bool(failed), failed)

    def _known_to(self, name: str, source: Source) -> Symbols:
        """The symbols of a source. What is in a view of a context now need not be all that its engine has."""
        symbols = source.capabilities.symbols
        if symbols is not None or source is not self._deployed.get(name):
            return symbols
        return source.get_all_symbols() or None

    def _ask_all(self, ask: Ask) -> tuple[list[Symbols], tuple[Attempt, ...]]:
        """What each source says that takes part, and the attempts that failed, of which the log is told."""
        failed: list[Attempt] = []
        lists: list[Symbols] = []
        for name, wait in [(name, self._begin(ask, name, source, failed)) for name, source in self._links]:
            try:
                if wait is not None:
                    lists.append(wait())
            except Exception as error:  # noqa: BLE001 - a stranger's code
                failed.append(self._failed(name, error))
        return lists, tuple(failed)

    def _begin(self, ask: Ask, name: str, source: Source, failed: list[Attempt]) -> Callable[[], Symbols] | None:
        """Have a source asked that may block. Returns what gives its answer; None if it takes no part, or failed."""
        try:
            can = source.capabilities
            if can.live and not self._live:
                return None
            work = functools.partial(_checked, ask, name, source)
            return self._call.begin(f"the list of {name}", work) if can.blocking else work
        except Exception as error:  # noqa: BLE001
            failed.append(self._failed(name, error))
            return None

    def _failed(self, name: str, error: Exception) -> Attempt:
        why = describe(error)
        self._log.warning("source %s cannot list its symbols: %s", name, why)
        return Attempt(name, "failed", reason=f"cannot list its symbols: {why}")


class Search(NamedTuple):
    """Whether a symbol may be there, and the sources that might have told and could not."""

    may_be_there: bool
    failed: tuple[Attempt, ...] = ()


def _checked(ask: Ask, name: str, source: Source) -> Symbols:
    """A list that is at hand: going through one may take a network as well."""
    symbols = ask(name, source)
    if symbols is None:
        return None
    if isinstance(symbols, str | bytes):
        raise SourceError(f"it gave {symbols!r}, which is no list of symbols")
    symbols = tuple(symbols)
    for symbol in symbols:
        if not isinstance(symbol, str):
            raise SourceError(f"it listed {symbol!r}, which is no symbol")
    return symbols
