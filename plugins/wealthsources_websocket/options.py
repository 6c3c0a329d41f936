"""The options of a websocket source. The defaults are those of the protocol and of a careful client."""

from __future__ import annotations

import importlib.util
import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticKnownError

from wealthsources import Timeframe
from wealthsources_websocket.protocols import DEFAULT, known_protocols, load_protocol
from wealthsources_websocket.protocols.base import Protocol
from wealthsources_websocket.token_rules import LONGEST, BadToken, check_token

_IN_THE_CLEAR = (
    "csrf_token would be sent in the clear over ws:// to another machine; use wss://, or set allow_insecure: true"
)
_PROXIES = ("http", "socks4", "socks5")


def _check_endpoint(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is not an address: {error}") from None
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError("must be an address like wss://host:port/path")
    if parts.username or parts.password:
        raise ValueError("must not hold a user or password; use csrf_token")
    if parts.fragment or port == 0 or any(character.isspace() or ord(character) < 33 for character in url):
        raise ValueError("must be an address like wss://host:port/path")
    return parts.geturl()  # the scheme in lower case


def _split_text(value: Any) -> Any:
    """A comma list in one text, as it comes from an environment variable."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _as_text(value: Any) -> Any:
    """1.3 without quotes is a number in YAML."""
    return str(value) if isinstance(value, float) else value


def _check_protocol(name: Any) -> Any:
    """As a Literal of the known names would."""
    if name not in known_protocols():
        raise PydanticKnownError("literal_error", {"expected": " or ".join(map(repr, known_protocols()))})
    return name


def _check_timeframe(name: str) -> str:
    return Timeframe(name).name


def _check_symbol(symbol: str) -> str:
    if not symbol.strip():
        raise ValueError("a symbol must not be empty")
    return symbol


def is_loopback(url: str) -> bool:
    """Whether the host of an address is this machine itself, by its literal name."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_proxy(proxy: SecretStr) -> SecretStr:
    text = proxy.get_secret_value()
    try:
        parts = urlsplit(text)
        good = parts.scheme in _PROXIES and bool(parts.hostname) and bool(parts.port)
        good = good and parts.path in ("", "/") and not (parts.query or parts.fragment)
    except ValueError:
        good = False
    if text not in ("none", "env") and not good:
        raise ValueError("must be none, env, or an address like socks5://host:1080 or http://host:3128")
    if text != "none" and importlib.util.find_spec("python_socks") is None:
        raise ValueError("needs python-socks: pip install 'wealthsources[websocket]'")
    return proxy


def _proxy_of_environment(url: str) -> str | None:
    parts = urlsplit(url)
    if proxy_bypass_environment(parts.netloc):
        return None
    proxies = getproxies_environment()
    proxy = proxies.get("https" if parts.scheme == "wss" else "http") or proxies.get("all")
    if not proxy:
        return None
    proxy = proxy.replace("socks5h://", "socks5://", 1)  # the proxy looks names up in any case
    return _check_proxy(SecretStr(proxy if "://" in proxy else f"http://{proxy}")).get_secret_value()


Proxy = Annotated[SecretStr, AfterValidator(_check_proxy)]
ProtocolName = Annotated[str, BeforeValidator(_check_protocol)]
Endpoint = Annotated[str, AfterValidator(_check_endpoint)]
Symbols = Annotated[tuple[Annotated[str, AfterValidator(_check_symbol)], ...], BeforeValidator(_split_text)]
Resolutions = Annotated[tuple[Annotated[str, AfterValidator(_check_timeframe)], ...], BeforeValidator(_split_text)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class WebSocketOptions(BaseModel):
    """Options of one websocket source; times are seconds.

    protocol       the format of the server; it has an endpoint and a market_type of its own, for those who name none
    fallbacks      tried in turn when the endpoint fails; the protocol's own endpoint has its own, another has none
    csrf_token     sent to subscribe, over wss:// or to this machine only, unless `allow_insecure`; one of fewer than
                   eight characters, which cannot be kept out of a log, to this machine only, unless `allow_insecure`
    bar_push       forming: updates of the forming bar are pushed · closed: only finished bars are
    partial_first  the first bar of a connection holds only what happened since, so no successor closes it
    corrections    what a different message for a closed bar does
    data_idle      seconds without any sign of life after which the server is asked for one; it is given up if none
                   comes within pong_timeout. Any message or control frame is one; streams that are silent go stale
    ca_file        certificates to trust instead of the system's, in PEM
    tls_minimum    the oldest version of TLS that is spoken: "1.2" or "1.3"
    proxy          none: connect directly, whatever the environment says · env: as HTTPS_PROXY, ALL_PROXY and NO_PROXY
                   say · or an address: http://user:password@host:3128, socks5://host:1080; then only through it
    close_codes    what close codes of this server mean: auth, rate or fatal; 1008 means auth unless said otherwise
    primary_after  after so long on another endpoint the first one is tried again, when the connection is lost
    csrf_token_file  read before each connection, instead of csrf_token; a function can be csrf_token too
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    endpoint: Endpoint = ""
    fallbacks: tuple[Endpoint, ...] | None = None
    csrf_token: SecretStr | Callable[[], str] = SecretStr("")
    csrf_token_file: str | None = None
    allow_insecure: bool = False
    market_type: str = ""
    symbols: Symbols = Field(min_length=1)
    resolutions: Resolutions = Field(min_length=1)
    protocol: ProtocolName = DEFAULT
    bar_push: Literal["forming", "closed"] = "forming"
    partial_first: bool = False
    corrections: Literal["accept", "reject"] = "accept"
    capacity: int = Field(default=1000, ge=2, le=1_000_000)
    connect_timeout: Seconds = 10.0
    ping_interval: Seconds = 15.0
    pong_timeout: Seconds = 10.0
    data_idle: Seconds = 90.0
    backoff_base: Seconds = 0.5
    backoff_cap: Seconds = 60.0
    reset_after: Seconds = 60.0
    connects_per_minute: int = Field(default=20, ge=1)
    max_message: int = Field(default=1 << 20, ge=1024, le=1 << 30)
    ca_file: str | None = None
    tls_minimum: Annotated[Literal["1.2", "1.3"], BeforeValidator(_as_text)] = "1.2"
    proxy: Proxy = SecretStr("none")
    close_codes: dict[Annotated[int, Field(ge=1000, le=4999)], Literal["auth", "rate", "fatal"]] = {}
    primary_after: Seconds = 600.0

    @model_validator(mode="after")
    def _as_the_protocol_has_it(self) -> WebSocketOptions:
        protocol = load_protocol(self.protocol)
        if "market_type" not in self.model_fields_set:
            object.__setattr__(self, "market_type", protocol.default_market)
        for name in self.resolutions:
            if name not in protocol.timeframes:
                known = ", ".join(protocol.timeframes)
                raise ValueError(f"resolutions: {self.protocol} does not stream {name}, only {known}")
        if "endpoint" not in self.model_fields_set:
            object.__setattr__(self, "endpoint", protocol.endpoints(self.market_type)[0])
        return self

    @model_validator(mode="after")
    def _token_stays_secret(self, info: ValidationInfo) -> WebSocketOptions:
        if self.csrf_token_file is not None and self._has_token:
            raise ValueError("give csrf_token or csrf_token_file, not both")
        if self.sends_token and not self.allow_insecure:
            for url in self.endpoints:
                if url.startswith("ws://") and not (is_loopback(url) and self.proxy_for(url) is None):
                    raise ValueError(_IN_THE_CLEAR)
        if isinstance(self.csrf_token, SecretStr):
            try:
                check_token(self.csrf_token.get_secret_value(), self._may_token_be_short)
            except BadToken as error:
                raise ValueError(f"csrf_token {error}") from None
        folder = (info.context or {}).get("folder")
        for name in ("ca_file", "csrf_token_file"):
            path = getattr(self, name)
            if path is not None and folder is not None:
                object.__setattr__(self, name, str(folder / path))
        return self

    @property
    def _has_token(self) -> bool:
        return not isinstance(self.csrf_token, SecretStr) or bool(self.csrf_token.get_secret_value())

    @property
    def sends_token(self) -> bool:
        """Whether there is a token to send, or may be."""
        return self._has_token or self.csrf_token_file is not None

    def _may_token_be_short(self) -> bool:
        """Whether it is no secret: it stays on this machine, or may be sent in the clear."""
        return self.allow_insecure or all(is_loopback(url) and self.proxy_for(url) is None for url in self.endpoints)

    def read_token(self) -> str:
        """The token to send now.

        Raises BadToken if it cannot be one, OSError if the file cannot be read, and whatever a function raises.
        """
        if self.csrf_token_file is not None:
            with Path(self.csrf_token_file).open(encoding="utf-8") as file:
                token = file.read(LONGEST + 1).strip()
            if not token:
                raise BadToken("is empty")
        elif isinstance(self.csrf_token, SecretStr):
            return self.csrf_token.get_secret_value()
        else:
            token = self.csrf_token()
        return check_token(token, self._may_token_be_short)

    def proxy_for(self, url: str) -> str | None:
        """The proxy to reach that address through; None: directly. Its text may hold a password: do not log it.

        Raises ValueError if the environment names one that cannot be used.
        """
        proxy: str | None = self.proxy.get_secret_value()
        if proxy == "none":
            return None
        if proxy == "env":
            proxy = _proxy_of_environment(url)
            if proxy is not None and url.startswith("ws://") and self.sends_token and not self.allow_insecure:
                raise ValueError(_IN_THE_CLEAR)
            return proxy
        return proxy

    def make_protocol(self) -> Protocol:
        """The protocol that is spoken, as these options want it."""
        return load_protocol(self.protocol)(market=self.market_type, push_closed=self.bar_push == "closed")

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The addresses in the order they are tried."""
        if self.fallbacks is not None:
            return (self.endpoint, *self.fallbacks)
        own = load_protocol(self.protocol).endpoints(self.market_type)
        return own if self.endpoint == own[0] else (self.endpoint,)
