"""ClockWatch: the bars of one connection beside this machine's clock: what lies in the future, and whose clock is off.

A bar proves that the server's clock has come to its open time; one that is flagged as closed, to its end. What proves
a later time than it is here comes too early: either that bar is wrong, or this machine's clock is slow. One bar cannot
tell which; several in a row can, if all are early by the same. docs/decisions/008-whose-clock-is-off.md has the rest.
"""

from __future__ import annotations

from typing import Final

#: Seconds by which a bar may be ahead of this machine's clock, or a bar's beginning behind it, without a word.
GRANTED: Final = 5.0
#: Seconds up to which a clock that is slow is made up for. Half of the shortest timeframe: bars that are further ahead
#: may be labelled by another zone, or by their ends.
MOST_MADE_UP_FOR: Final = 30.0
#: So many bars in a row, off by the same, tell that a clock is slow; and that one is fast, or the server late: where
#: bars begin late, for that may be a quiet market; and where they only begin when they should be over.
ENOUGH_SLOW: Final = 3
ENOUGH_LATE: Final = 10
ENOUGH_OVER: Final = 2
_DRIFT: Final = 1.0  # seconds by which two readings of the clocks may differ without one having been set


class ClockWatch:
    """What the bars of one connection prove of the server's clock. Times are seconds, but for `proof` and `limit`: ms.

    limit  what proves more than `now` (monotonic, in ms) and this comes too early; None: nothing does, times are old
    note   what is to be said of the clocks; empty: nothing
    """

    __slots__ = (
        "_begins_bars",
        "_best",
        "_early_proof",
        "_enough",
        "_last",
        "_last_proof",
        "_most",
        "_news",
        "_offset",
        "_row",
        "_said_early",
        "_said_offset",
        "_server",
        "_step",
        "_wall_ahead",
        "limit",
        "note",
    )

    def __init__(self) -> None:
        self._said_early = False
        self._said_offset = 0.0
        self._news = ""
        self._forget(None, "")

    def begin(self, wall_ahead: float | None, server: str = "") -> None:
        """A connection is up; the wall clock is so far ahead of the monotonic one. None: bars carry old times.

        What is known of this server stays, if the wall clock was not set since.
        """
        known = self.limit is not None and wall_ahead is not None and server == self._server
        if not known or abs((wall_ahead or 0.0) - self._wall_ahead) > _DRIFT:
            self._forget(wall_ahead, server)

    def _forget(self, wall_ahead: float | None, server: str) -> None:
        self._server = server
        self._wall_ahead = wall_ahead or 0.0
        self.limit = None if wall_ahead is None else (wall_ahead + GRANTED) * 1000
        self.note = ""
        self._most: float | None = None  # how far the server's clock is ahead at least
        self._offset: float | None = None  # the same, once enough bars agree on it
        self._step = 0.0  # by how much the wall clock was set since
        self._begins_bars = False  # a bar that is not over was seen, so flags are not all that tells the time
        self._early_proof = 0
        # The moments in a row that agree: how many, the last one, how far that was ahead, and the most of all.
        self._row = self._last_proof = 0
        self._last = self._best = 0.0
        self._enough: float = ENOUGH_LATE

    @property
    def ahead(self) -> float | None:
        """How far the server's clock is ahead of this machine's at least, as it shows now; None if no bar told."""
        ahead = self._most if self._offset is None else self._offset
        return None if ahead is None else ahead - self._step

    def how_early(self, proof: int, now: float) -> float:
        """How far a moment lies ahead of this machine's clock, as it was read when the connection came up."""
        return proof / 1000 - (now + self._wall_ahead)

    def saw(self, proof: int, now: float, *, flagged: bool, counts: bool = True, enough: float = ENOUGH_LATE) -> None:
        """A bar was begun, not too early. `counts`: when it came tells something; `enough`: of such ones in a row do,
        if they are late.
        """
        if self.limit is not None:
            self._take(proof, now, flagged, counts, enough)

    def early(self, proof: int, now: float, *, flagged: bool, opens_early: bool, counts: bool = True) -> bool:
        """A bar came too early. Returns whether it does no more, since enough bars agree that the clock is slow."""
        ahead = self.how_early(proof, now)
        self._take(proof, now, flagged, counts)
        if self.limit is None or proof <= now * 1000 + self.limit:
            return True
        if proof != self._early_proof and ahead > max(self._offset or 0.0, 0.0) + GRANTED:
            self._early_proof = proof
            self._note_early(ahead, opens_early)
        return False

    def look(self, wall_ahead: float) -> None:
        """See whether the wall clock was set meanwhile: it is so far ahead of the monotonic one now."""
        step = wall_ahead - self._wall_ahead
        if self.limit is not None and abs(step - self._step) > _DRIFT:
            self._step = step
            self._judge()

    def news(self) -> str:
        """What has to be said in the log, once: of early bars, or of an offset that is another one than before."""
        news, self._news = self._news, ""
        return news

    # -----------------------------------------------------------------------------------------------------------

    def _take(self, proof: int, now: float, flagged: bool, counts: bool, enough: float = ENOUGH_LATE) -> None:
        ahead = self.how_early(proof, now)
        self._most = ahead if self._most is None else max(self._most, ahead)
        self._begins_bars |= not flagged
        # Who begins bars tells the time by that; a flag may be wrong.
        if not counts or (flagged and self._begins_bars) or proof == self._last_proof:
            return
        if self._row >= ENOUGH_SLOW and proof < self._last_proof and ahead < self._last:
            return  # an older bar that comes late
        if self._row and abs(ahead - self._last) <= GRANTED:
            self._row, self._best, self._enough = self._row + 1, max(self._best, ahead), max(self._enough, enough)
        else:
            self._row, self._best, self._enough = 1, ahead, enough
        self._last_proof, self._last = proof, ahead
        if self._row >= min(ENOUGH_SLOW, self._enough):
            self._offset = self._best
            made_up_for = self._best if GRANTED < self._best <= MOST_MADE_UP_FOR else 0.0
            self.limit = (self._wall_ahead + made_up_for + GRANTED) * 1000
            self._judge()

    def _note_early(self, ahead: float, opens_early: bool) -> None:
        by = f"{ahead:.1f} s too early by this machine's clock"
        if opens_early:
            self.note = f"a bar opened {by} and was refused: the clock is slow, or that bar is wrong"
        else:
            self.note = f"a bar was flagged as closed {by}, and not believed: the clock is slow, or that flag is wrong"
        if not self._said_early:
            self._said_early = True
            self._news = self.note

    def _judge(self) -> None:
        """Say what is known of the clocks, now that more is."""
        known = self._offset or 0.0
        off = (0.0 if known < -GRANTED and self._row < self._enough else known) - self._step
        if abs(off) <= GRANTED:
            self.note = ""
            self._said_early &= self._row < ENOUGH_LATE
        else:
            self.note = _note_of(off, self._step)
        if abs(off - self._said_offset) > GRANTED:
            self._said_offset = off if self.note else 0.0
            self._news = self.note or "this machine's clock agrees with the server's again"


def _note_of(off: float, step: float) -> str:
    if off < 0:
        note = f"this machine's clock is {-off:.1f} s fast beside the server's (set it), or the server is late"
    elif off <= MOST_MADE_UP_FOR:
        note = f"this machine's clock is {off:.1f} s slow beside the server's: set it"
    else:
        note = (
            f"this machine's clock is {off:.1f} s slow beside the server's (set it), or the server labels its bars by "
            "another zone or by their ends; what comes too early is not taken"
        )
    if abs(step) <= GRANTED:
        return note
    way = "forward" if step > 0 else "back"
    return f"{note}; it was set {way} by {abs(step):.1f} s while the connection was up"
