"""What ccxt raises, in our words: which exchange, what is wrong, and what to do about it. No secret is in it."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import ccxt

from wealthsources import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wealthsources_ccxt.sockets import Heard

#: Seconds; a server that asks for more is asked again after a day.
_LONGEST_REST: Final = 86_400.0
#: Who says these wants to be left alone for as long as `Retry-After` says.
_RESTS: Final = (418, 429, 503)


class BadPage(SourceError):  # noqa: N818 - the page is bad, not the exchange
    """An answer about one series is of no use. The exchange is there, and others may fare better."""


class OutOfTime(SourceError):  # noqa: N818 - nothing failed; nobody waits any more
    """There is no time left for another page."""


class NotBegun(OutOfTime):
    """There was not even time to ask, which says nothing about the exchange."""


def date_of(headers: Mapping[str, str]) -> int | None:
    """The server's time in ms, by its `Date`; None if it does not say."""
    try:
        return int(parsedate_to_datetime(headers["Date"]).timestamp()) * 1000
    except (KeyError, ValueError, TypeError):
        return None


def rest_of(heard: Heard, now: dt.datetime) -> float:
    """For how many seconds the server asked to be left alone; 0 if it did not."""
    text = heard.headers.get("Retry-After", "").strip() if heard.status in _RESTS else ""
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_REST)
    try:
        seconds = (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError):
        return 0.0
    return min(max(0.0, seconds), _LONGEST_REST)


def in_our_words(
    error: Exception, heard: Heard, exchange: str, redact: Callable[[str], str], now: dt.datetime
) -> SourceError:
    """The error to raise for what ccxt raised while it asked `exchange`; `now` is this machine's time, aware."""
    rest = rest_of(heard, now)
    status = f"HTTP {heard.status}" if heard.status else "no answer"
    kind = BadPage if isinstance(error, ccxt.BadSymbol) else SourceError
    return kind(f"{exchange}: {_told(error, heard, status, rest, now)} ({redact(str(error))})", retry_after=rest)


def _told(error: Exception, heard: Heard, status: str, rest: float, now: dt.datetime) -> str:
    if heard.status == 451:
        return "is not to be had from where this machine is (HTTP 451); name its exchange for your region, as binanceus"
    if isinstance(error, ccxt.InvalidNonce):
        return f"turned down the time of a signed request: {_clock(heard, now)}"
    if 300 <= heard.status < 400:
        return f"sent us elsewhere ({status}), and redirects are not followed; is a proxy or a filter in between?"
    if heard.status in (418, 429) or isinstance(error, ccxt.DDoSProtection | ccxt.RateLimitExceeded):
        then = f"asks to be left alone for {rest:g} s" if rest else "says that it is asked too often, not for how long"
        return f"{then} ({status}); fewer requests, or fewer programs behind this address"
    if isinstance(error, ccxt.PermissionDenied):
        return (
            f"the key may not do this ({status}): give it the right to read, or a plan that has this, "
            "allow this address, or leave api_key out"
        )
    if isinstance(error, ccxt.AuthenticationError):
        remedy = "it is wrong or has expired; set api_key, secret, password, or leave them out"
        return f"turned the key down ({status}): {remedy}"
    if isinstance(error, ccxt.BadSymbol):
        return "does not have this symbol any more"
    if isinstance(error, ccxt.BadResponse):
        return f"answered with what cannot be right ({status})"
    if isinstance(error, ccxt.RequestTimeout):
        return "gave no answer in time"
    if isinstance(error, ccxt.ExchangeNotAvailable):
        return f"does not work at present ({status})"
    if isinstance(error, ccxt.NetworkError):
        return "cannot be reached, or broke off in the middle; is there a network, and no proxy in between?"
    return f"could not answer ({status})"


def _clock(heard: Heard, now: dt.datetime) -> str:
    date = date_of(heard.headers)
    if date is None:
        return "the clock of this machine is off; set it"
    offset = now.timestamp() - date / 1000
    return f"the clock of this machine is {abs(offset):.0f} s {'fast' if offset > 0 else 'slow'}; set it"
