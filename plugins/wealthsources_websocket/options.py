"""The options of a websocket source. The defaults are those of the protocol and of a careful client."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Sequence
from decimal import Decimal
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
from pydantic.json_schema import SkipJsonSchema

from wealthsources import Timeframe, is_loopback, one_line
from wealthsources_websocket.protocols import DEFAULT, check_claim, known_protocols, load_protocol
from wealthsources_websocket.protocols.base import Protocol
from wealthsources_websocket.token_rules import LONGEST, BadToken, check_token

_IN_THE_CLEAR = "{} would be sent in the clear over ws:// to another machine; use wss://, or set allow_insecure: true"
_NOT_ASKED_IN_THE_CLEAR = "endpoint: whom to ask where to connect is asked over https://, or on this machine"
_LONGEST_NAME = 40
_PROXIES = ("http", "socks4", "socks5")
#: Options that have another name beside their own.
_OTHER_NAMES = {
    "market": "market_type",
    "csrf_token": "api_key",
    "csrf_token_file": "api_key_file",
}


def _check_endpoint(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is not an address: {error}") from None
    if parts.scheme not in ("ws", "wss", "http", "https") or not parts.hostname:
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


def _check_protocol(name: Any, info: ValidationInfo) -> Any:
    """A name that is known. Raises ValueError that says which are, and which one it may have been meant to be."""
    known = known_protocols()
    if name in known:
        check_claim(name, (info.context or {}).get("allow"))
        try:
            load_protocol(name)
        except ValueError:
            raise  # it says all that is to be said
        except Exception as error:  # noqa: BLE001 - one of ours, that lacks what it needs
            what = one_line(f"{type(error).__name__}: {error}")
            raise ValueError(f"protocol {name!r} cannot be loaded: {what}; reinstall what brings it") from None
        return name
    near = difflib.get_close_matches(str(name).lower(), known, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(
        f"there is no protocol {str(name)[:_LONGEST_NAME]!r} here; {meant}known: {', '.join(known)}; "
        "any other comes with the package that brings it, or is polled by the plugin ccxt (live: poll)"
    )


def _is_given(secret: SecretStr | Callable[[], str]) -> bool:
    return not isinstance(secret, SecretStr) or bool(secret.get_secret_value())


def _no_such_stream(name: str, protocol: Protocol) -> str:
    """What is wrong with a timeframe that is not streamed, and what it is made of instead."""
    wanted = Timeframe(name)
    finer = [each for each in map(Timeframe, protocol.timeframes) if each.divides(wanted)]
    known = ", ".join(protocol.timeframes)
    remedy = f"; ask for {finer[-1]}, of which {name} is made" if finer else ""
    return f"{protocol.name} does not stream {name} on our grid, only {known}{remedy}"


def _check_timeframe(name: str) -> str:
    return Timeframe(name).name


def _check_symbol(symbol: str) -> str:
    if not symbol.strip():
        raise ValueError("a symbol must not be empty")
    return symbol


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
    proxy = proxies.get("https" if parts.scheme in ("wss", "https") else "http") or proxies.get("all")
    if not proxy:
        return None
    proxy = proxy.replace("socks5h://", "socks5://", 1)  # the proxy looks names up in any case
    return _check_proxy(SecretStr(proxy if "://" in proxy else f"http://{proxy}")).get_secret_value()


Proxy = Annotated[SecretStr, AfterValidator(_check_proxy)]


def _json_schema(schema: dict[str, Any]) -> None:
    """What an editor is to know of options that are written in more ways than one."""
    keys = schema["properties"]
    texts = {"type": "array", "items": {"type": "string"}}
    lists = {"symbols": texts, "resolutions": texts | {"items": {"enum": list(Timeframe.known())}}}
    for name, listed in lists.items():
        keys[name] = {"anyOf": [listed, {"type": "string"}]}
    spelled = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
    keys["symbols"]["anyOf"].append(spelled)
    keys["protocol"] = {"enum": list(known_protocols()), "default": DEFAULT}
    keys["tls_minimum"] = {"enum": ["1.2", "1.3", 1.2, 1.3], "default": "1.2"}
    keys |= {other: keys[name] for name, other in _OTHER_NAMES.items()}


ProtocolName = Annotated[str, BeforeValidator(_check_protocol)]
Endpoint = Annotated[str, AfterValidator(_check_endpoint)]
Symbols = Annotated[tuple[Annotated[str, AfterValidator(_check_symbol)], ...], BeforeValidator(_split_text)]
Resolutions = Annotated[tuple[Annotated[str, AfterValidator(_check_timeframe)], ...], BeforeValidator(_split_text)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class WebSocketOptions(BaseModel):
    """Options of one websocket source; times are seconds.

    protocol       the format of the server, by the name of an exchange; it has an endpoint and a market of its own, for
                   those who name none
    endpoint       the address of the server, wss:// (or ws:// on this machine, and elsewhere with `allow_insecure`);
                   of a protocol that asks where to connect first, https://
    market         in the server's own word, such as spot; market_type is another name of this option
    environment    live, or test: the server's own place to try things
    symbols        a list, or a map from our names to the server's, for those that its rule of spelling does not give
    resolutions    the timeframes that are subscribed for each symbol, such as 1m and 1h
    contract_sizes  how much of the base is in one contract, by symbol, where a server states volume in contracts
    fallbacks      tried in turn when the endpoint fails; the protocol's own endpoint has its own, another has none
    csrf_token     sent to subscribe, over wss:// or to this machine only, unless `allow_insecure`; one of fewer than
                   eight characters, which cannot be kept out of a log, to this machine only, unless `allow_insecure`;
                   api_key is another name of this option
    api_secret     the second part of a credential that has two
    allow_insecure  send a token without TLS too, and one that is so short that it cannot be kept out of a log
    bar_push       forming: updates of the forming bar are pushed · closed: only finished bars are; to be said of a
                   server of which the protocol does not tell
    partial_first  the first bar of a connection holds only what happened since, so no successor closes it
    corrections    what a different message for a closed bar does
    capacity       bars of each series that are held, the newest ones
    connect_timeout  for all from the name of the host to the end of the upgrade
    pong_timeout   after a ping, until the connection is given up
    data_idle      seconds without any sign of life after which the server is asked for one; it is given up if none
                   comes within pong_timeout. Any message or control frame is one; streams that are silent go stale
    backoff_base   before a new try there is a pause of a random length up to this, which doubles with each failure
    backoff_cap    the most that it grows to
    reset_after    after so long up, a connection that is lost counts as the first failure
    connects_per_minute  tries to one host, whatever the reason for them
    max_message    bytes of the largest message that is taken
    ca_file        certificates to trust instead of the system's, in PEM
    tls_minimum    the oldest version of TLS that is spoken: "1.2" or "1.3"
    proxy          none: connect directly, whatever the environment says · env: as HTTPS_PROXY, ALL_PROXY and NO_PROXY
                   say · or an address: http://user:password@host:3128, socks5://host:1080; then only through it
    close_codes    what close codes of this server mean: auth, rate or fatal; 1008 means auth unless said otherwise
    primary_after  after so long on another endpoint the first one is tried again, when the connection is lost
    csrf_token_file  read before each connection, instead of csrf_token; a function can be csrf_token too. api_key_file
                   is another name of this option
    api_secret_file  the same for api_secret, which can be a function too
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, json_schema_extra=_json_schema)

    endpoint: Endpoint = ""
    fallbacks: tuple[Endpoint, ...] | None = None
    csrf_token: SecretStr | Callable[[], str] = SecretStr("")
    csrf_token_file: str | None = None
    api_secret: SecretStr | Callable[[], str] = SecretStr("")
    api_secret_file: str | None = None
    allow_insecure: bool = False
    market: str = ""
    environment: Literal["live", "test"] = "live"
    symbols: Symbols = Field(min_length=1)
    spellings: SkipJsonSchema[dict[str, str]] = Field(default={}, exclude=True, repr=False)
    contract_sizes: dict[str, Annotated[Decimal, Field(gt=0)]] = {}
    resolutions: Resolutions = Field(min_length=1)
    protocol: ProtocolName = DEFAULT
    bar_push: Literal["forming", "closed"] = "forming"
    partial_first: bool = False
    corrections: Literal["accept", "reject"] = "accept"
    capacity: int = Field(default=1000, ge=2, le=1_000_000)
    connect_timeout: Seconds = 10.0
    ping_interval: Seconds = Field(default=15.0, description="between two pings of ours")
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

    @model_validator(mode="before")
    @classmethod
    def _by_their_names(cls, given: Any) -> Any:
        """Names that an option has beside its own, and a map of symbols taken apart."""
        if not isinstance(given, dict):
            return given
        given = dict(given)
        for name, other in _OTHER_NAMES.items():
            if other in given:
                if name in given:
                    raise ValueError(f"give {name} or {other}, not both: they are one option")
                given[name] = given.pop(other)
        if isinstance(given.get("symbols"), dict):
            given["spellings"] = {ours: theirs for ours, theirs in given["symbols"].items() if theirs is not None}
            given["symbols"] = list(given["symbols"])
        return given

    @model_validator(mode="after")
    def _as_the_protocol_has_it(self) -> WebSocketOptions:
        kind = load_protocol(self.protocol)
        if "market" not in self.model_fields_set:
            object.__setattr__(self, "market", kind.default_market)
        protocol = self.make_protocol()
        if self.bar_push == "closed" and protocol.pushes_forming:
            raise ValueError(f"bar_push: {self.protocol} pushes bars while they form; take it out")
        self._check_series(protocol)
        if "endpoint" not in self.model_fields_set:
            object.__setattr__(self, "endpoint", protocol.endpoints()[0])
        for place, url in enumerate(self.endpoints):
            if url.startswith("http") is not bool(protocol.asks_first):
                scheme = "https" if protocol.asks_first else "wss"
                field = "fallbacks" if place else "endpoint"
                raise ValueError(f"{field}: must be an address like {scheme}://host:port/path")
        most = protocol.limits.connects_per_minute
        if most is not None and "connects_per_minute" not in self.model_fields_set:
            object.__setattr__(self, "connects_per_minute", min(most, self.connects_per_minute))
        return self

    def with_series(self, symbols: Sequence[str], resolutions: Sequence[str]) -> WebSocketOptions:
        """The same for other series. Raises ValueError for what the protocol does not have."""
        changed = self.model_copy(update={"symbols": tuple(symbols), "resolutions": tuple(resolutions)})
        changed._check_series(self.make_protocol())
        return changed

    def _check_series(self, protocol: Protocol) -> None:
        for name in self.resolutions:
            if name not in protocol.timeframes:
                raise ValueError(f"resolutions: {_no_such_stream(name, protocol)}")
        meant: dict[str, str] = {}
        for symbol in dict.fromkeys(self.symbols):
            try:
                theirs = self.spell(symbol, protocol)
            except ValueError as error:
                raise ValueError(f"symbols: {error}") from None
            other = meant.setdefault(theirs.upper(), symbol)
            if other != symbol:
                raise ValueError(f"symbols: {other} and {symbol} are both {theirs!r} to {self.protocol}")
            if protocol.needs_contract_size and theirs not in protocol.contract_sizes:
                raise ValueError(
                    f"contract_sizes: {self.protocol} {self.market} states volume in contracts; say how much of the "
                    f"base is in one: contract_sizes: {{{symbol}: '0.001'}}"
                )

    @model_validator(mode="after")
    def _token_stays_secret(self, info: ValidationInfo) -> WebSocketOptions:
        kind = load_protocol(self.protocol)
        name = kind.credential_name or "csrf_token"
        if self.csrf_token_file is not None and _is_given(self.csrf_token):
            raise ValueError(f"give {name} or {name}_file, not both")
        if self.api_secret_file is not None and _is_given(self.api_secret):
            raise ValueError("give api_secret or api_secret_file, not both")
        self._check_credentials(kind)
        if not self.allow_insecure:
            for url in self.endpoints:
                in_the_clear = url.startswith(("ws://", "http://"))
                if in_the_clear and not (is_loopback(url) and self.proxy_for(url) is None):
                    if kind.asks_first:
                        raise ValueError(_NOT_ASKED_IN_THE_CLEAR)
                    if self.sends_token:
                        raise ValueError(_IN_THE_CLEAR.format(name))
        for field, secret in ((name, self.csrf_token), ("api_secret", self.api_secret)):
            if isinstance(secret, SecretStr):
                try:
                    check_token(secret.get_secret_value(), self._may_token_be_short)
                except BadToken as error:
                    raise ValueError(f"{field} {error}") from None
        folder = (info.context or {}).get("folder")
        for name in ("ca_file", "csrf_token_file", "api_secret_file"):
            path = getattr(self, name)
            if path is not None and folder is not None:
                object.__setattr__(self, name, str(folder / path))
        return self

    def _check_credentials(self, kind: type[Protocol]) -> None:
        """Whether there is what the protocol wants, and no more."""
        wants = {"credential": kind.credential_name, "secret": kind.secret_name}
        has_secret = _is_given(self.api_secret) or self.api_secret_file is not None
        for name, has in ((kind.credential_name, self.sends_token), (kind.secret_name, has_secret)):
            if has and not name:
                wanted = " and ".join(filter(None, wants.values()))
                remedy = f"wants {wanted}; take the other out" if wanted else "wants no credential; take it out"
                raise ValueError(f"{self.protocol} {remedy}")
            if name and not has and kind.needs_credential:
                raise ValueError(f"{self.protocol} wants {name}; set it, or {name}_file")

    @property
    def market_type(self) -> str:
        """The market, by the name that WealthAI has for it."""
        return self.market

    def spell(self, symbol: str, protocol: Protocol) -> str:
        """A symbol as the server writes it. Raises ValueError if that cannot be told."""
        return self.spellings.get(symbol) or protocol.spell(symbol)

    @property
    def sends_token(self) -> bool:
        """Whether there is a token to send, or may be."""
        return _is_given(self.csrf_token) or self.csrf_token_file is not None

    def _may_token_be_short(self) -> bool:
        """Whether it is no secret: it stays on this machine, or may be sent in the clear."""
        return self.allow_insecure or all(is_loopback(url) and self.proxy_for(url) is None for url in self.endpoints)

    def read_token(self) -> str:
        """The token to send now.

        Raises BadToken if it cannot be one, OSError if the file cannot be read, and whatever a function raises.
        """
        return self._read(self.csrf_token, self.csrf_token_file)

    def read_secret(self) -> str:
        """The second part of the credential; empty if it has none. Raises as `read_token` does."""
        return self._read(self.api_secret, self.api_secret_file)

    def _read(self, secret: SecretStr | Callable[[], str], path: str | None) -> str:
        if path is not None:
            with Path(path).open(encoding="utf-8") as file:
                token = file.read(LONGEST + 1).strip()
            if not token:
                raise BadToken("is empty")
        elif isinstance(secret, SecretStr):
            return secret.get_secret_value()
        else:
            token = secret()
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
                raise ValueError(_IN_THE_CLEAR.format(load_protocol(self.protocol).credential_name))
            return proxy
        return proxy

    def make_protocol(self) -> Protocol:
        """The protocol that is spoken, as these options want it."""
        kind, closed = load_protocol(self.protocol), self.bar_push == "closed"
        made = kind(market=self.market, environment=self.environment, push_closed=closed)
        if not self.contract_sizes:
            return made
        sizes: dict[str, Decimal] = {}
        for symbol, size in self.contract_sizes.items():
            if sizes.setdefault(self.spell(symbol, made), size) != size:
                raise ValueError(f"contract_sizes: {symbol} is there twice, in two spellings and sizes")
        return kind(market=self.market, environment=self.environment, push_closed=closed, contract_sizes=sizes)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The addresses in the order they are tried."""
        if self.fallbacks is not None:
            return (self.endpoint, *self.fallbacks)
        try:
            own = self.make_protocol().endpoints()
        except ValueError:  # the protocol has none there, so this is a deployment's own
            return (self.endpoint,)
        return own if self.endpoint == own[0] else (self.endpoint,)
