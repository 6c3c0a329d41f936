"""How a connection ends: the one error of this plugin's own, and what such an end means. No input, no output."""

from __future__ import annotations

from typing import Literal

#: auth: the credential is not wanted · subscription: what was asked for is · rate: too many connections, or too fast ·
#: fatal: never again, says the server · "": nothing that is known.
FailureKind = Literal["", "auth", "subscription", "rate", "fatal"]


class ConnectionLost(Exception):  # noqa: N818 - what happened to the connection
    """A connection could not be made, or is over.

    reason       a short name that is counted: refused, dns, tls_error, handshake_timeout, bad_status, pong_timeout, …
    detail       for people; never holds what a server sent without having been shortened, nor a secret
    kind         auth: the credential is not wanted · rate: too many connections · fatal: never again, says the server
    retry_after  seconds for which the server asked to be left alone, with all its addresses
    close_code   with what Close frame to go, because the server broke the protocol
    status       the HTTP status that came instead of a connection; 0: none did
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        *,
        kind: FailureKind = "",
        retry_after: float = 0.0,
        close_code: int | None = None,
        status: int = 0,
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.kind: FailureKind = kind
        self.retry_after = retry_after
        self.close_code = close_code
        self.status = status
