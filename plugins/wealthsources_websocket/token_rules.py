"""What a token may be: one that can be sent as it is, and taken out of every text that anybody else is to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wealthsources import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable

#: So many of its characters in a row tell a token from other text: `t` is in every line of a log.
SHORTEST: Final = Redactor.SHORTEST
LONGEST: Final = 65_536


class BadToken(Exception):  # noqa: N818 - what is wrong with it
    """A token that is not sent. The text says why, and holds nothing of it."""


def check_token(token: object, may_be_short: Callable[[], bool]) -> str:
    """The token, if it can be one. An empty one says that there is none. Raises BadToken."""
    if not isinstance(token, str):
        raise BadToken(f"is no text, but of type {type(token).__name__}")
    if len(token) > LONGEST:
        raise BadToken(f"has more than {LONGEST:,} characters")
    if token and not token.strip():
        raise BadToken("is blank")
    if len(token.splitlines()) > 1:
        raise BadToken(f"has {len(token.splitlines())} lines; it must be the token and nothing else")
    if token != token.strip():
        raise BadToken("begins or ends with a blank; it must be the token and nothing else")
    if not token.isprintable():
        raise BadToken("has a character that cannot be printed")
    if 0 < len(token) < SHORTEST and not may_be_short():
        raise BadToken(
            f"has fewer than {SHORTEST} characters, so it could not be told from other text, and kept out of the log; "
            "give the whole token, or set allow_insecure: true if it is no secret"
        )
    return token
