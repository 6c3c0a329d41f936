"""The markets of an exchange: loaded in the background, tried again until they are there."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Final

from wealthsources import ForkLock, SourceError, call_in_child

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from wealthsources_ccxt.names import Names

_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0


class Loading:
    """`load` is called on a thread of its own, from `begin` on and until it has answered; `names` is what it said.

    Waits twice as long after each failure, by chance up to so long, or as long as the exchange asked for. `pause` is
    how: so many seconds, or until the event.
    """

    def __init__(
        self,
        load: Callable[[], Names],
        first_wait: float = _FIRST_WAIT,
        pause: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._load = load
        self._first_wait = first_wait
        self._pause = pause
        self.names: Names | None = None
        self.why = "its markets are not loaded: the source has not been started"
        self._log: logging.Logger | None = None
        self._lock = ForkLock()
        self._begin_anew()
        call_in_child(self, Loading._begin_anew)

    def _begin_anew(self) -> None:
        """As at first; in a forked child, where no thread but one is."""
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._settled = threading.Event()

    def begin(self, log: logging.Logger | None = None) -> None:
        """Have the markets loaded, unless they are or it is under way; in a forked child, too."""
        with self._lock:
            self._log = log or self._log
            if self.names is None and self._thread is None and not self._stopped.is_set():
                self.why = "its markets are being loaded"
                self._thread = threading.Thread(target=self._run, name="wealthsources-ccxt-markets", daemon=True)
                self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Until the first attempt has ended, well or not; for so long at most. Whether the markets are there."""
        self._settled.wait(seconds)
        return self.names is not None

    def stop(self, seconds: float) -> None:
        """Try no more, and wait so long for what is under way. Nobody waits for the markets any more."""
        self._stopped.set()
        if not self._settled.is_set():
            self.why = "its markets are not loaded: the source was stopped"
        self._settled.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)

    def _run(self) -> None:
        wait = self._first_wait
        while not self._stopped.is_set():
            rest = self._attempt()
            self._settled.set()
            if rest is None:
                return
            self._pause(self._stopped, max(rest, random.uniform(wait / 2, wait)))  # noqa: S311 - not for secrets
            wait = min(wait * 2, _LONGEST_WAIT)

    def _attempt(self) -> float | None:
        """None if it went well, else for how many seconds the exchange asked to be left alone."""
        try:
            self.names = self._load()
        except Exception as error:  # noqa: BLE001 - it is tried again
            self.why = f"its markets could not be loaded yet: {error}"
            if self._log is not None and not self._stopped.is_set():
                self._log.warning("%s", self.why)
            return error.retry_after if isinstance(error, SourceError) else 0.0
        return None
