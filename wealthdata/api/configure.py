"""configure: where bars come from, and how they are handed out."""

from __future__ import annotations

import datetime as dt
import logging
import time
import zoneinfo
from typing import TYPE_CHECKING, Final

from wealthdata.binding.session_lookup import use_session
from wealthdata.errors import ParamsError
from wealthdata.reading.local_labels import next_set_back, remedies
from wealthdata.reading.span import read_count
from wealthdata.settings import Settings, process

if TYPE_CHECKING:
    import os

    from wealthsources import Session

_log = logging.getLogger("wealthdata")


class _Unsaid(str):
    """A default that reads like any text, and is told from the same text given by a caller."""

    __slots__ = ()


_UTC_UNSAID: Final = _Unsaid("UTC")


def configure(
    session: Session | str | os.PathLike[str] | None = None,
    *,
    tz: str | dt.tzinfo = _UTC_UNSAID,
    default_count: int = 20,
    positional: bool = True,
) -> None:
    """Say where bars come from and how they are handed out. What is not given is as by default again.

    session        a Session, which becomes the process-wide one and is started if it is not; or the path of a
                   config.yaml, whose session is stopped at exit; None: leave what there is
    tz             zone of all dates and labels; if it is given, also of a context's `current_dt` that has none itself.
                   Where clocks are set back, an answer whose intraday labels would not tell its bars apart is refused
                   with a ParamsError, as is a date that is skipped or shown twice; a warning in the log says when
    default_count  bars of a call that states neither count nor start
    positional     whether columns take integer positions, `df['close'][-1]`

    Raises ParamsError, and wealthsources.ConfigError for a configuration that cannot work.
    """
    if not isinstance(positional, bool):
        raise ParamsError(f"positional must be True or False, was {positional!r}")
    zone = _read_zone(tz)
    count = read_count(default_count, "default_count")
    if session is not None:
        use_session(session)
    if zone != process.settings.tz:  # an engine may configure again and again
        _warn_of_change(zone)
    process.settings = Settings(zone, count, positional, None if tz is _UTC_UNSAID else zone)


def _read_zone(tz: object) -> dt.tzinfo:
    if isinstance(tz, dt.tzinfo):
        name = getattr(tz, "zone", None)  # pytz's, which given to a datetime means its city's time of the 19th century
        if not isinstance(name, str):
            return tz
        tz = name
    if tz == "UTC":  # found without a time zone database, and recognised as needing no conversion
        return dt.UTC
    try:
        return zoneinfo.ZoneInfo(str(tz))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ParamsError(f"tz must name a time zone like 'UTC' or 'Asia/Shanghai', was {tz!r}") from None


def _warn_of_change(zone: dt.tzinfo) -> None:
    """One warning now is better than a strategy that is refused in a night of autumn and does not know why."""
    change = None if zone is dt.UTC else next_set_back(time.time_ns() // 1_000_000, zone)
    if change is not None:
        shown, after = change
        _log.warning(
            "the clocks of %s are next set back on %s: an answer with intraday bars of before and after will be "
            "refused, since labels would come twice; %s",
            zone,
            shown,
            remedies(after),
        )
