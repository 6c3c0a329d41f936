"""The errors of the legacy API. Each derives straight from Exception."""

from __future__ import annotations


class NotFoundError(Exception):
    """What was asked for does not exist here."""


class ParseError(Exception):
    """Something could not be read. Nothing here raises it; legacy code names it."""


class WebSocketConnectionError(Exception):
    """The client cannot start. A connection that is lost later raises nothing: the client connects again."""


class WebSocketSubscriptionError(Exception):
    """There is nothing to subscribe with, or the subscription makes no sense."""
