"""Credential: the token of the deployment as it was read once, and what takes it out of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wealthsources import ConfigError, Redactor
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.token_rules import BadToken

if TYPE_CHECKING:
    from wealthsources_websocket.options import WebSocketOptions


class Credential(NamedTuple):
    """What is shown to a server, if it wants any: one text, or with a `secret` two. `redact` takes both out of a text,
    and those that were there before.
    """

    text: str
    redact: Redactor
    secret: str = ""


def no_credential() -> Credential:
    """Of a client that has not read any."""
    return Credential("", Redactor(""))


def read_credential(options: WebSocketOptions, before: Credential, *, at_start: bool = False) -> Credential:
    """The credential as it is now: a file or a function may have a new one. `before` itself if it is the same.

    Raises ConnectionLost if it cannot be read; ConfigError `at_start`.
    """
    name = options.csrf_token_file
    what = f"csrf_token_file {name}" if name else "csrf_token"
    try:
        text, secret = options.read_token(), options.read_secret()
    except Exception as error:  # noqa: BLE001 - a function of the deployment's may raise anything
        # Not the text of others' errors: it may hold the token.
        why = str(error) if isinstance(error, BadToken) else f"cannot be read: {type(error).__name__}"
        if at_start:
            said = f": {error.strerror}" if name and isinstance(error, OSError) else f" {why}"
            raise ConfigError(what + said) from None
        raise ConnectionLost("token", f"{what} {why}") from None
    if (text, secret) == (before.text, before.secret):
        return before
    return Credential(text, Redactor(text, secret, before.text, before.secret), secret)
