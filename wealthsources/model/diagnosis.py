"""Diagnosis: one thing that was looked at, how it is, and what to do about it if it is not well."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

#: Seconds by which two clocks may differ without a word; beyond the second number bars count as bars from the future.
CLOCK_GRANTED: Final = 2.0
CLOCK_MOST: Final = 30.0

Level = Literal["ok", "warning", "error"]


class Diagnosis(NamedTuple):
    """One line of `wealthsources doctor`. No secret is in it.

    level   ok · warning: it works, and somebody should know · error: something will not work
    text    what was looked at and how it is
    remedy  what to do about it; empty if it is ok
    """

    level: Level
    text: str
    remedy: str = ""


def diagnose_clock(server: float | None, before: float, after: float) -> Diagnosis:
    """This machine's clock beside a server's, which said a whole second between `before` and `after`, by ours.

    All are seconds since 1970; None: the server did not say its time.
    """
    if server is None:
        return Diagnosis("ok", "the server does not say its time, so whether the clocks agree is not known")
    least, most = server - after, server + 1 - before  # by how much theirs is ahead of ours
    if least <= CLOCK_GRANTED and most >= -CLOCK_GRANTED:
        return Diagnosis("ok", f"this machine's clock agrees with the server's to {max(abs(least), abs(most)):.1f} s")
    off = least if least > 0 else -most
    text = f"this machine's clock is {off:,.0f} s {'behind' if least > 0 else 'ahead of'} the server's"
    return Diagnosis("error" if off > CLOCK_MOST else "warning", text, "set it: `timedatectl set-ntp true`")
