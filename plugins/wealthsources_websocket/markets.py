"""What each exchange gives, as its protocol states it: for people who choose, and for pages that must say the same.

The entry-point group `wealthsources.markets` leads here, so that a command of another package can ask too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

from wealthsources_websocket.protocols import load_protocol
from wealthsources_websocket.protocols.base import Limits, Protocol


class MarketFacts(NamedTuple):
    """One market of an exchange.

    market                what `market:` says for it; empty if the server has no such word
    about                 what that is
    is_default            whether it is that of those who name none
    timeframes            ours, of those that it streams on our grid; others are made of these
    closes_by             flag: the exchange says which bar is closed · successor: a later bar says it
    pushes_quiet_minutes  whether a minute without a trade has a bar
    history_bars          how many of the newest bars a history has; None: all, as far as known; 0: none that is read
    limits                what it allows for one connection and one text
    wants                 what the options have to say beside symbols and resolutions: a credential, contract_sizes
    endpoints             where it is, the first one first; with `https:` it is asked where to connect
    test_endpoints        its place to try things; empty if there is none that is known
    """

    market: str
    about: str
    is_default: bool
    timeframes: tuple[str, ...]
    closes_by: str
    pushes_quiet_minutes: bool
    history_bars: int | None
    limits: Limits
    wants: tuple[str, ...]
    endpoints: tuple[str, ...]
    test_endpoints: tuple[str, ...]


def describe_markets(protocol_name: str) -> list[MarketFacts]:
    """The markets of an exchange, its default one first. Connects to nothing.

    Raises KeyError for a name that is not known, and ValueError for a market that needs a package that is missing.
    """
    kind = load_protocol(protocol_name)
    words = sorted(kind.markets or {kind.default_market: ""}, key=lambda word: word != kind.default_market)
    return [_facts(kind, word) for word in words]


def _facts(kind: type[Protocol], word: str) -> MarketFacts:
    made = kind(market=word)
    test: tuple[str, ...] = ()
    with contextlib.suppress(ValueError):
        test = kind(market=word, environment="test").endpoints()
    endpoints = made.endpoints()
    return MarketFacts(
        word,
        kind.markets.get(word, ""),
        word == kind.default_market,
        tuple(made.timeframes),
        made.closes_by,
        made.pushes_quiet_minutes,
        made.history_bars,
        made.limits,
        tuple(_wants(made)),
        endpoints,
        test if test != endpoints else (),
    )


def _wants(protocol: Protocol) -> Iterator[str]:
    if protocol.needs_credential:
        yield from filter(None, (protocol.credential_name, protocol.secret_name))
    if protocol.needs_contract_size:
        yield "contract_sizes"
