"""The options of a websocket source. The defaults are those of the real server and of a careful client."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

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

from wealthsources import Timeframe

DEFAULT_ENDPOINT = "wss://ws.wealthai.cc:18000/market_data"
DEFAULT_FALLBACKS = ("wss://ws.wealthai.cc:18001/market_data", "wss://ws.wealthai.cc:18002/market_data")
DEFAULT_MARKET_TYPE = "binance-testnet"


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


Endpoint = Annotated[str, AfterValidator(_check_endpoint)]
Symbols = Annotated[tuple[Annotated[str, AfterValidator(_check_symbol)], ...], BeforeValidator(_split_text)]
Resolutions = Annotated[tuple[Annotated[str, AfterValidator(_check_timeframe)], ...], BeforeValidator(_split_text)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class WebSocketOptions(BaseModel):
    """Options of one websocket source; times are seconds.

    fallbacks      tried in turn when the endpoint fails; the default endpoint has default ones, another has none
    csrf_token     sent with CONNECT, over wss:// or to this machine only, unless `allow_insecure`
    bar_push       forming: updates of the forming bar are pushed · closed: only finished bars are
    partial_first  the first bar of a connection holds only what happened since, so no successor closes it
    corrections    what a different message for a closed bar does
    data_idle      reconnect when no bar came for so long; default: max(90, 1.5 x the shortest resolution)
    ca_file        certificates to trust instead of the system's, in PEM
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    endpoint: Endpoint = DEFAULT_ENDPOINT
    fallbacks: tuple[Endpoint, ...] | None = None
    csrf_token: SecretStr = SecretStr("")
    allow_insecure: bool = False
    market_type: str = DEFAULT_MARKET_TYPE
    symbols: Symbols = Field(min_length=1)
    resolutions: Resolutions = Field(min_length=1)
    protocol: Literal["wealthai"] = "wealthai"
    bar_push: Literal["forming", "closed"] = "forming"
    partial_first: bool = False
    corrections: Literal["accept", "reject"] = "accept"
    capacity: int = Field(default=1000, ge=2, le=1_000_000)
    connect_timeout: Seconds = 10.0
    ping_interval: Seconds = 15.0
    pong_timeout: Seconds = 10.0
    data_idle: Seconds | None = None
    backoff_base: Seconds = 0.5
    backoff_cap: Seconds = 60.0
    reset_after: Seconds = 60.0
    connects_per_minute: int = Field(default=20, ge=1)
    max_message: int = Field(default=1 << 20, ge=1024, le=1 << 30)
    ca_file: str | None = None

    @model_validator(mode="after")
    def _token_stays_secret(self, info: ValidationInfo) -> WebSocketOptions:
        if self.csrf_token.get_secret_value() and not self.allow_insecure:
            for url in self.endpoints:
                if url.startswith("ws://") and not is_loopback(url):
                    raise ValueError(
                        "csrf_token would be sent in the clear over ws:// to another machine; "
                        "use wss://, or set allow_insecure: true"
                    )
        if self.ca_file is not None:
            folder = (info.context or {}).get("folder")
            if folder is not None:
                object.__setattr__(self, "ca_file", str(folder / self.ca_file))
        return self

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The addresses in the order they are tried."""
        if self.fallbacks is not None:
            return (self.endpoint, *self.fallbacks)
        return (self.endpoint, *(DEFAULT_FALLBACKS if self.endpoint == DEFAULT_ENDPOINT else ()))

    @property
    def idle_limit(self) -> float:
        """Seconds without a bar after which the connection is given up."""
        if self.data_idle is not None:
            return self.data_idle
        return max(90.0, 1.5 * min(Timeframe(name).milliseconds for name in self.resolutions) / 1000)
