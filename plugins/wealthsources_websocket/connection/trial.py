"""Each endpoint of a source tried once, as far as the upgrade: what `wealthsources doctor` tells of it."""

from __future__ import annotations

import dataclasses
import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.request import getproxies_environment

from wealthsources import ConfigError, Diagnosis, diagnose_clock, one_line
from wealthsources_websocket.connection.credential import no_credential, read_credential
from wealthsources_websocket.connection.door import Door
from wealthsources_websocket.connection.redact import redact_url
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.connect import connect
from wealthsources_websocket.transport.tls import tls_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from wealthsources import Redactor
    from wealthsources_websocket.connection.policies import Policies
    from wealthsources_websocket.options import WebSocketOptions
    from wealthsources_websocket.protocols.base import Protocol
    from wealthsources_websocket.transport.frames import FramedConnection

#: What to do, by the beginning of the reason for which there is no connection; the first that fits.
_REMEDIES: Final = {
    "dns": "is the name right? then look at the name server of this machine, as with `getent hosts`",
    "refused": "does the server run, and is the port right?",
    "tls": "is something in between that signs certificates of its own? ca_file: names whom to trust",
    "connect_timeout": "is a firewall in between, or a proxy to be gone through? proxy: says which",
    "unreachable": "is there a network, or a proxy to be gone through? proxy: says which",
    "proxy": "look at proxy:, and at the variables of the environment if it says env",
    "bad_status": "is this the endpoint of that market, and the credential right?",
    "redirect": "name the endpoint that it leads to",
    "": "is this a WebSocket endpoint of that protocol?",
}


def try_endpoints(
    options: WebSocketOptions, protocol: Protocol, policies: Policies, online: bool
) -> Iterator[Diagnosis]:
    """How the credential, the certificates and, if `online`, each endpoint are, all endpoints at once."""
    try:
        credential = read_credential(options, no_credential(), at_start=True)
        tls = tls_context(options.ca_file, options.tls_minimum)
    except ConfigError as error:
        yield Diagnosis("error", str(error), "mend the file or the function that it comes from")
        return
    except OSError as error:
        yield Diagnosis("error", f"ca_file {options.ca_file}: {error.strerror or error}", "name a file in PEM")
        return
    name = protocol.credential_name
    if name and not credential.text:
        remedy = f"set {name}, or {name}_file, if this server wants one"
        yield Diagnosis("warning", f"no {name} is set; an empty one is sent", remedy)
    if not online:
        return
    trials = [_Trial(url, options, protocol, policies, tls, credential.redact) for url in options.endpoints]
    for trial in trials:
        trial.start()
    for trial in trials:
        trial.join()
        yield from trial.found


class _Trial(threading.Thread):
    """One endpoint. It ends within `connect_timeout`."""

    def __init__(
        self,
        endpoint: str,
        options: WebSocketOptions,
        protocol: Protocol,
        policies: Policies,
        tls: ssl.SSLContext,
        redact: Redactor,
    ) -> None:
        super().__init__(name="wealthsources-trial", daemon=True)
        self.found: list[Diagnosis] = []
        self._endpoint = endpoint
        self._options = options
        self._redact = redact
        self._date = ""
        self._series = [(options.spell(options.symbols[0], protocol), options.resolutions[0])]
        self._door = Door(options, protocol, dataclasses.replace(policies, dial=self._dial), tls, redact.hide)

    def run(self) -> None:
        """Connect, and say what came of it."""
        shown, began, wall = redact_url(self._endpoint), time.monotonic(), time.time()
        try:
            connection = self._door.open(self._endpoint, self._series, threading.Event())
        except ConnectionLost as lost:
            self._tell(Diagnosis("error", f"{shown}: {lost}", self._remedy(lost)))
            return
        except Exception as error:  # noqa: BLE001 - a stranger's protocol
            remedy = f"tell the authors of the protocol {self._options.protocol}"
            self._tell(Diagnosis("error", f"{shown}: {type(error).__name__}: {error}", remedy))
            return
        took, after = time.monotonic() - began, time.time()
        connection.close(timeout=0.2)
        steps = "name, TCP, TLS and handshake" if shown.startswith(("wss:", "https:")) else "name, TCP and handshake"
        way = "" if self._options.proxy_for(self._endpoint) is None else ", through the proxy"
        self._tell(Diagnosis("ok", f"{shown}: {steps} in {took:.2f} s{way}"))
        clock = diagnose_clock(_seconds(self._date), wall, after)
        self._tell(clock._replace(text=f"{shown}: {clock.text}"))

    def _tell(self, diagnosis: Diagnosis) -> None:
        self.found.append(diagnosis._replace(text=one_line(self._redact(diagnosis.text))))

    def _remedy(self, lost: ConnectionLost) -> str:
        if lost.kind == "rate":
            return "it is asked too often from this address: wait, and let fewer programs connect"
        if lost.kind == "fatal":
            return ""  # the text says what to do
        remedy = next(text for reason, text in _REMEDIES.items() if lost.reason.startswith(reason))
        unused = self._options.proxy.get_secret_value() == "none" and bool(getproxies_environment())
        more = "; the environment names a proxy, which proxy: env would go through" if unused else ""
        return remedy + more

    def _dial(
        self,
        url: str,
        timeout: float,
        stop: threading.Event,
        max_message: int,
        tls: ssl.SSLContext | None,
        proxy: str | None = None,
    ) -> FramedConnection:
        connection = connect(url, timeout, stop, max_message, tls, proxy)
        self._date = connection.server_date
        return connection


def _seconds(date: str) -> float | None:
    """The time of an HTTP date, seconds since 1970; None for what is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
