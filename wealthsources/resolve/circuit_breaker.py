"""CircuitBreaker: a source that failed several times in a row is left alone for a while, then one request tries it.

Closed: every request goes through. Open, after `failures` in a row: none does, until `probe_after` seconds later one
does, the probe, and all others are still refused. An answer closes the breaker, another failure leaves it open for as
long again. "Not here" is an answer; an invalid one is a failure. After a SourceError with a `retry_after` the source is
left alone for so long, however few failures there were.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
from typing import TYPE_CHECKING, Final

from wealthsources.forking import ForkLock, call_in_child
from wealthsources.model.errors import NotAsked, NotHere, SourceError
from wealthsources.model.text import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = logging.getLogger("wealthsources.breaker")
#: Seconds; whoever asks for more is asked again after a day.
_LONGEST_REST: Final = 86_400.0


class CircuitBreaker:
    """The breaker of one source, for all who ask it, from any thread. Times in seconds, by a monotonic `clock`."""

    def __init__(
        self,
        name: str,
        failures: int = 5,
        probe_after: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
        log: logging.Logger = _log,
    ) -> None:
        self._name = name
        self._log = log
        self._limit = failures
        self._probe_after = probe_after
        self._clock = clock
        self._lock = ForkLock()
        self._failures = 0  # in a row
        self._last = ""
        self._probe_at = 0.0
        self._rest_until = 0.0
        self._probing = False
        call_in_child(self, CircuitBreaker._forget_probe)

    def _forget_probe(self) -> None:
        """In a forked child: who tries the source is in the parent."""
        self._probing = False

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Around one request and the use of its answer: what this block raises is what came of it.

        Raises NotAsked, without entering the block, while the source is left alone.
        """
        probe = self._admit()
        try:
            yield
        except NotHere:
            self._worked()
            raise
        except NotAsked:
            raise
        except Exception as error:
            self._failed(describe(error), probe)
            self._rest(error)
            raise
        else:
            self._worked()
        finally:
            if probe:
                with self._lock:
                    self._probing = False

    @property
    def why(self) -> str:
        """Why the source is left alone, and until when; nothing while it is not."""
        with self._lock:
            return self._why() if self._is_open() or self._is_resting() else ""

    def _is_open(self) -> bool:
        return self._failures >= self._limit

    def _is_resting(self) -> bool:
        return self._clock() < self._rest_until

    def _admit(self) -> bool:
        """Whether this request is the probe."""
        with self._lock:
            if self._is_resting():
                raise NotAsked(f"not asked: {self._why()}")
            if not self._is_open():
                return False
            if self._probing or self._clock() < self._probe_at:
                raise NotAsked(f"not asked: {self._why()}")
            self._probing = True
            return True

    def _why(self) -> str:
        if self._is_resting():
            left = math.ceil(self._rest_until - self._clock())
            return f"it asked to be left alone (Retry-After), for another {left} s: {self._last}"
        left = math.ceil(self._probe_at - self._clock())
        if self._probing:
            then = "a probe is under way"
        else:
            then = f"next probe in {left} s (breaker_probe_after)" if left > 0 else "the next request is a probe"
        return f"failed {self._failures} times in a row, the last: {self._last}; left alone (breaker_failures): {then}"

    def _rest(self, error: Exception) -> None:
        """Leave the source alone for as long as its server asked."""
        seconds = min(error.retry_after, _LONGEST_REST) if isinstance(error, SourceError) else 0.0
        if seconds <= 0:
            return
        with self._lock:
            began = not self._is_resting()
            self._rest_until = max(self._rest_until, self._clock() + seconds)
        if began:
            self._log.warning("source %s is left alone for %g s, as it asked (Retry-After)", self._name, seconds)

    def _worked(self) -> None:
        with self._lock:
            opened, self._failures = self._is_open(), 0
        if opened:
            self._log.info("source %s answers again", self._name, extra={"at_once": True})

    def _failed(self, error: str, probe: bool) -> None:
        with self._lock:
            self._failures += 1
            self._last = error
            # Requests that were under way when it opened fail later, and put nothing off.
            opened = self._failures == self._limit
            if opened or probe:
                self._probe_at = self._clock() + self._probe_after
        if opened:
            self._log.warning(
                "source %s failed %d times in a row (breaker_failures); not asked for %g s (breaker_probe_after): %s",
                self._name,
                self._limit,
                self._probe_after,
                error,
            )
