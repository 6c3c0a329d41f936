"""The `options` of a ccxt source in config.yaml."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import ccxt
import pydantic
from pydantic import SecretStr

from wealthsources import Timeframe, is_loopback
from wealthsources_ccxt.exchanges import exchange_class
from wealthsources_ccxt.facts import KNOWN, Facts, MarketWord, facts_of


def _known_exchange(name: str) -> str:
    known = sorted({*ccxt.exchanges, *KNOWN})
    if name in known:
        return name
    near = difflib.get_close_matches(name.lower(), known, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else f"it has {len(ccxt.exchanges)}, such as binance, okx, kraken"
    raise ValueError(f"ccxt {ccxt.__version__} has no exchange {name!r}; {remedy}")


def _has_history(name: str) -> str:
    if not exchange_class(name)().has.get("fetchOHLCV"):
        raise ValueError(f"ccxt {ccxt.__version__} has no history of bars of {name}; take another source for it")
    return name


def _timeframe(name: str) -> str:
    return Timeframe(name).name


def check_endpoint(url: str) -> str:
    """The address as it is; raises ValueError if it is not scheme, host and port alone."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an address like https://host:port, without a path, a user or a query")
    return url.rstrip("/")


Exchange = Annotated[str, pydantic.AfterValidator(_known_exchange), pydantic.AfterValidator(_has_history)]
Endpoint = Annotated[str, pydantic.AfterValidator(check_endpoint)]


class CcxtOptions(pydantic.BaseModel, extra="forbid", frozen=True, hide_input_in_errors=True):
    """`exchange` is ccxt's name of it; the history that it gives is public, and needs no key at most exchanges.

    market    the exchange's own word for a kind of market: spot, usdm (Binance), swap (OKX), linear (Bybit),
              perps (Gate, MEXC, Hyperliquid), future (Deribit), usdt-futures (Bitget), iex (Alpaca), stocks (Massive);
              without it the first that it has
    symbols   for a symbol that is found under no name of the exchange's: yours, and ccxt's, as in
              {BTCPERP: "BTC/USDT:USDT"}
    api_key, secret, password  sent where ccxt signs a request; never shown
    endpoint  another server instead of the exchange's, for all its addresses; https:// or this machine, unless
              `allow_insecure`
    timeout   seconds for one answer, if the request has no deadline that is earlier
    allow_insecure  let `endpoint` be without TLS elsewhere than on this machine
    live      poll: a live source, which asks once after each bar's end for the symbols of `watch` in the `timeframes`
    watch     of live: poll, the symbols
    timeframes  of live: poll, such as 1m and 1h
    """

    exchange: Exchange
    market: str = ""
    symbols: dict[str, str] = {}
    api_key: SecretStr = SecretStr("")
    secret: SecretStr = SecretStr("")
    password: SecretStr = SecretStr("")
    endpoint: Endpoint | None = None
    allow_insecure: bool = False
    timeout: Annotated[float, pydantic.Field(gt=0, le=600)] = 10.0
    live: Literal["poll"] | None = None
    watch: tuple[str, ...] = ()
    timeframes: tuple[Annotated[str, pydantic.AfterValidator(_timeframe)], ...] = ()

    @pydantic.model_validator(mode="after")
    def _market_is_known(self) -> CcxtOptions:
        words = self.facts.words
        if not self.market:
            object.__setattr__(self, "market", next(iter(words)))
        if self.market not in words:
            raise ValueError(
                f"market: {self.exchange} has no {self.market!r} here; known: {', '.join(words)}"
                " (of others it is not known that their volume is in units of the base)"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _series_of_a_live_source(self) -> CcxtOptions:
        if self.live and not (self.watch and self.timeframes):
            raise ValueError("live: poll needs watch: [symbols] and timeframes: [1m, …]: what it asks for")
        if not self.live and (self.watch or self.timeframes):
            raise ValueError("watch and timeframes are for live: poll; as history it has all symbols")
        return self

    @pydantic.model_validator(mode="after")
    def _nothing_in_the_clear(self) -> CcxtOptions:
        url = self.endpoint
        if url and url.startswith("http://") and not is_loopback(url) and not self.allow_insecure:
            raise ValueError(
                "endpoint: answers would come in the clear from another machine; use https://, or say "
                "allow_insecure: true"
            )
        return self

    @property
    def facts(self) -> Facts:
        """What is known of the exchange."""
        return facts_of(self.exchange)

    @property
    def word(self) -> MarketWord:
        """The kind of market that was chosen."""
        return self.facts.words[self.market]

    @property
    def lacking(self) -> list[str]:
        """The options that the exchange wants and that are not set."""
        return [name for name in self.facts.wants if not getattr(self, name).get_secret_value()]

    @property
    def credentials(self) -> dict[str, Any]:
        """What ccxt signs with, under its names; only what was given."""
        named = {"apiKey": self.api_key, "secret": self.secret, "password": self.password}
        return {name: value.get_secret_value() for name, value in named.items() if value.get_secret_value()}
