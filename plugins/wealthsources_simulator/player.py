"""Player: plays a market to those who listen, by the clock or by hand, through an outage. Knows no socket."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, Protocol

from wealthsources_simulator.errors import SimulatorError

if TYPE_CHECKING:
    from wealthsources_simulator.market import Market
    from wealthsources_simulator.timeline import Timeline

#: Seconds that a client may take nothing of what it is sent: where nothing is in a hurry, and by the clock.
_PATIENCE: Final = 5.0
_PATIENCE_BY_THE_CLOCK: Final = 0.25

#: Steps that are played at once where no clock says when.
_BATCH: Final = 100


class Audience(Protocol):
    """Those to whom a market is played."""

    stopped: threading.Event

    def keep_up(self, patience: float) -> None:
        """Wait until all were sent what was played; cut those who take nothing for so many seconds."""

    def cut_stuck(self, patience: float) -> None:
        """The same, without waiting for anybody."""

    def cut(self) -> None:
        """End all connections at once."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A cut when `start` steps were played, and nobody let in again until `end` were."""

    start: int
    end: int

    @classmethod
    def at(cls, timeline: Timeline, drop_at: str | float | Decimal, drop_for: float | Decimal) -> Outage:
        """The outage that begins at the position `drop_at` and lasts `drop_for` bars of the timeline.

        It ends with the timeline at the latest: after that no bar passes any more. Raises SimulatorError.
        """
        position, length = _decimal("drop-at", drop_at), _decimal("drop-for", drop_for)
        if position >= len(timeline.bars):
            raise SimulatorError(f"drop-at {drop_at} is beyond the {len(timeline.bars)} bars that are played, 0 first")
        start = timeline.steps_before(position)
        # Clamped as a number first: int() of 1e999999 would take for ever.
        bars = min(length, Decimal(len(timeline.bars)))
        return cls(start, min(start + int(bars * timeline.steps_per_bar), timeline.steps))


class Player:
    """Plays from the first accepted subscription on, or what `play` is told.

    `rate` is in bars a second; 0 is as fast as the clients read; None plays only what `play` is told. By the clock, a
    step that is late is played at once, and all steps are played. An `outage` cuts all connections and lets nobody in
    until it is over; the market goes on meanwhile. Raises SimulatorError for a rate that is none.

    finished  set when the last step was played and passed on
    """

    def __init__(
        self, market: Market, audience: Audience, *, rate: float | None = None, outage: Outage | None = None
    ) -> None:
        if rate is not None and not (math.isfinite(rate) and rate >= 0):
            raise SimulatorError(f"rate is {rate}; it must be 0 or more bars a second")
        self.finished = threading.Event()
        self._market = market
        self._audience = audience
        self._rate = rate
        self._outage = outage
        self._begun = threading.Event()
        #: Held for one turn of playing; `begin` must not wait for it.
        self._turn = threading.Lock()
        self._beginning = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="market player", daemon=True)

    def start(self) -> None:
        """Play by the clock from the first subscription on, if there is a rate."""
        if self._rate is not None:
            self._thread.start()

    def end(self, timeout: float) -> None:
        """Once the audience has stopped: wait until nothing is played by the clock any more."""
        self._begun.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def begin(self) -> None:
        """The first subscription was accepted. From any thread, any number of times."""
        with self._beginning:
            if self._begun.is_set():
                return
            self._begun.set()
        self._drop_if_due()

    @property
    def out_of_service(self) -> bool:
        """Whether the outage lasts."""
        if self._outage is None or not self._begun.is_set():
            return False
        return self._outage.start <= self._market.steps_played < self._outage.end

    def play(self, steps: int) -> None:
        """Play that many steps, or those that are left; returns when all were sent them."""
        self.begin()
        self._play(steps)
        self._audience.keep_up(_PATIENCE)

    def _run(self) -> None:
        self._begun.wait()
        if self._rate:
            self._play_by_the_clock(self._rate * self._market.steps_per_bar)
        else:
            while not (self._market.finished or self._audience.stopped.is_set()):
                self.play(_BATCH)

    def _play_by_the_clock(self, steps_a_second: float) -> None:
        start, steps = time.monotonic(), 0
        while not self._market.finished:
            # A step is due at the end of its share of the bar, so the final values come as the bar ends.
            steps += 1
            due = start + steps / steps_a_second
            if self._audience.stopped.wait(max(0.0, due - time.monotonic())):
                return
            self._play(1, _PATIENCE_BY_THE_CLOCK)
            self._audience.cut_stuck(_PATIENCE_BY_THE_CLOCK)

    def _play(self, steps: int, patience: float = _PATIENCE) -> None:
        """Play, and do on the way what is due: here the outage begins, or the market is over."""
        with self._turn:
            while steps > 0 and not self._market.finished:
                part = min(steps, self._steps_to_the_outage())
                self._market.play_steps(part)
                steps -= part
                self._drop_if_due(patience)
            if self._market.steps_played == self._market.steps:
                self._audience.keep_up(patience)
                self.finished.set()

    def _steps_to_the_outage(self) -> int:
        played, end = self._market.steps_played, self._market.steps
        return self._outage.start - played if self._outage and played < self._outage.start else end - played

    def _drop_if_due(self, patience: float = 0.0) -> None:
        if self._outage is not None and self._market.steps_played == self._outage.start:
            if patience:
                self._audience.keep_up(patience)
            self._audience.cut()


def _decimal(option: str, value: str | float | Decimal) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise SimulatorError(f"{option} {value!r} is not a number of bars") from None
    if not number.is_finite() or number < 0:
        raise SimulatorError(f"{option} {value} is not a number of bars, 0 or more")
    return number
