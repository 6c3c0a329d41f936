"""Attempt: one source asked once, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from wealthsources.model.timeframe import Timeframe

Outcome = Literal["bars", "not_here", "failed", "skipped", "not_asked"]


def stamps_ends(source: str) -> str:
    """What is said of a source that labels its bars in another way than others."""
    return f"{source} seems to stamp bars with their end (label: end)"


class Attempt(NamedTuple):
    """One source asked once: what came of it.

    outcome  bars · not_here · failed · skipped (does not take part) · not_asked (nothing was missing any more)
    bars     how many bars of the answer came through it
    elapsed  seconds
    differs  bars that an earlier source of the chain has too, with other values; that one's were taken
    finer    the timeframe it was asked for, if that was a finer one to make the bars of
    stamped  the source that seems to stamp its bars with their end, as a comparison of the two shows; empty: none
    """

    source: str
    outcome: Outcome
    bars: int = 0
    elapsed: float = 0.0
    reason: str = ""
    differs: int = 0
    finer: Timeframe | None = None
    stamped: str = ""

    @property
    def asked(self) -> str:
        """The source, and what it was asked for if that was a finer timeframe: "archive (1m)"."""
        return f"{self.source} ({self.finer})" if self.finer else self.source

    def line(self) -> str:
        """As one line of text."""
        words = {"bars": f"{self.bars} bars", "not_here": "not here", "not_asked": "not asked"}
        text = f"{self.asked}: {words.get(self.outcome, self.outcome)}"
        if self.elapsed:
            text += f" in {self.elapsed * 1000:.1f} ms"
        if self.differs:
            text += f", {self.differs} of its bars differ from an earlier source's"
        return f"{text} - {self.said}" if self.said else text

    @property
    def said(self) -> str:
        """The reason, and what the comparison with earlier sources shows if that is not the reason."""
        named = stamps_ends(self.stamped) if self.stamped and self.outcome != "failed" else ""
        return "; ".join(filter(None, (self.reason, named)))

    def __str__(self) -> str:
        return f"{self.asked}: {self.reason or self.outcome}"
