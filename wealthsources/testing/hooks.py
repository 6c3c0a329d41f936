"""What the author of a source tells the contract: two fixtures, and for sources that are unlike others some more."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, ClassVar

import pytest

from wealthsources.model.validity import first_fault
from wealthsources.testing.fakes import LoneHost, SetClock
from wealthsources.testing.ready import Ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.model.bars import Bars
    from wealthsources.model.markets import Prices
    from wealthsources.source import Source

    #: Makes a with statement during which something is out of order.
    Outage = Callable[[], contextlib.AbstractContextManager[object]]

_LEAST = 5


class SourceHooks:
    """`source` and `held` are to be written; the rest has defaults."""

    #: A symbol that the source does not have.
    unknown_symbol: ClassVar[str] = "NOSUCHSYMBOL"
    #: Seconds in which `stop` must return.
    stop_within: ClassVar[float] = 3.0
    #: Seconds in which must return what waits for nothing: `status`, `get_at_once`, a question whose deadline is over.
    at_once: ClassVar[float] = 1.0
    #: Seconds that the other end of a connection may take to notice something, and to say so.
    patience: ClassVar[float] = 5.0
    #: A live source's symbol that is subscribed, and that its server refuses; and one of which nothing ever comes.
    refused_symbol: ClassVar[str] = ""
    silent_symbol: ClassVar[str] = ""
    #: What a price may be on its market.
    prices: ClassVar[Prices] = "positive"

    @pytest.fixture
    def source(self) -> Source:
        """A new source, not started. Every case gets one of its own."""
        raise NotImplementedError(f"{type(self).__name__} has no fixture `source`; it returns a new source")

    @pytest.fixture
    def held(self) -> Bars:
        """All closed bars that the source has of one series, at least five, oldest first."""
        raise NotImplementedError(f"{type(self).__name__} has no fixture `held`; it returns bars that the source has")

    @pytest.fixture
    def failing(self) -> Outage | None:
        """Makes fail what the source asks, in a with statement; None: it asks nothing that can fail.

        A server answers 500 meanwhile, a file is no longer one.
        """
        return None

    @pytest.fixture
    def stalled(self) -> Outage | None:
        """Makes what the source asks say nothing, in a with statement; None: it waits for nothing."""
        return None

    def begin(self, source: Source, clock: SetClock) -> None:
        """Bring a new source to where it has these bars. `clock` is the session's: the newest of them has just ended.

        Override it for a source that is pushed its bars, or that must be waited for.
        """
        source.start(LoneHost(clock))

    def context(self) -> object:
        """The strategy's context that has the bars; None: they belong to none."""
        return None

    @pytest.fixture
    def ready(self, source: Source, held: Bars) -> Iterator[Ready]:
        """A source that was begun, for one case."""
        with self.at_work(source, held) as ready:
            yield ready

    @contextlib.contextmanager
    def at_work(self, source: Source, held: Bars) -> Iterator[Ready]:
        """A source that was begun, and is stopped afterwards."""
        fault = first_fault(held, self.prices)
        assert len(held) >= _LEAST, f"held: {_LEAST} bars are the least to tell right from wrong; it has {len(held)}"
        assert fault is None, f"held: bars[{fault[0]}] can be no bar: {fault[1]}"
        clock, context = SetClock(int(held.ends[-1])), self.context()
        try:
            self.begin(source, clock)
            view = source if context is None else source.for_context(context)
            assert view is not None, "for_context: has no view of the context that `context` returns"
            yield Ready(source, view, held, clock)
        finally:
            with contextlib.suppress(Exception):  # S15, S16 and S22 tell
                source.stop()
