"""One ccxt object with its lock: it loads the markets, and fetches rows. Everything it raises is a SourceError."""

from __future__ import annotations

import datetime as dt
import functools
import json
import logging
import threading
import time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import ccxt

from wealthsources import ConfigError, SourceError, call_in_child
from wealthsources_ccxt.errors import BadPage, NotBegun, OutOfTime, date_of, in_our_words
from wealthsources_ccxt.exchanges import exchange_class
from wealthsources_ccxt.names import Listed, Names, Unlisted
from wealthsources_ccxt.redact import make_redact
from wealthsources_ccxt.sockets import Heard, Sockets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from wealthsources_ccxt.options import CcxtOptions

#: Seconds. With less than that left no page is begun; so much earlier an answer is given up than nobody waits for it.
LEAST_TIME: Final = 0.25
_MARGIN: Final = 0.1
#: Answers of which a list of markets is made, some of them of megabytes.
_MOST_LISTS: Final = 6
#: It writes header lines, and with them keys.
_SILENT: Final = logging.getLogger("wealthsources.ccxt.silent")
_SILENT.disabled = True
#: Numbers of JSON keep the text that they had.
_READ: Final = functools.partial(json.loads, parse_float=str)

#: ms, open, high, low, close, volume in units of the base: values as the exchange wrote them.
Row = tuple[int, str, str, str, str, str]


class Answer(NamedTuple):
    """Rows as they came, and the exchange's time then in ms: what ends later is forming. None: it did not say."""

    rows: list[Row]
    now: int | None


class Connection:
    """For any number of threads, one at a time. `clock` is monotonic, `wall` this machine's time, aware.

    Raises ConfigError for a key that is not set and without which the exchange answers nothing.

    now  the latest time that the exchange told, ms; None before
    """

    def __init__(
        self,
        options: CcxtOptions,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._options = options
        self._clock, self._wall = clock, wall
        self._redact = make_redact(options.credentials.values())
        self._lock = threading.Lock()
        self._rest_until = 0.0
        self.now: int | None = None
        self.requests = 0
        self.exchange = make_exchange(options)
        self._connect()
        call_in_child(self, Connection._begin_anew)

    def _begin_anew(self) -> None:
        """In a forked child: who holds the lock is in the parent, and so are the ends of its connections."""
        self._lock = threading.Lock()
        self._connect()

    def _connect(self) -> None:
        self._sockets = Sockets()
        self.exchange.session = self._sockets.session()

    def close(self) -> None:
        """End what is under way, without waiting for it; nothing is asked any more."""
        self._sockets.cut()

    @property
    def date(self) -> int | None:
        """The exchange's time in ms when it answered last; None if it did not say."""
        return date_of(self._sockets.heard.headers)

    def load(self, deadline: float | None = None) -> list[Listed]:
        """The markets of the kind that was chosen. Raises SourceError."""
        self.exchange.last_json_response = None
        markets = self._call(deadline, lambda: self.exchange.load_markets(True), _MOST_LISTS)
        if not self._is_json():
            raise SourceError(f"{self.exchange.id}: answered with no list of its markets{self._instead()}")
        if not markets:
            raise SourceError(f"{self.exchange.id}: its list of {self._options.market} markets is empty")
        return list(listed(markets.values(), self._options))

    def load_names(self) -> Names:
        """The markets by every name that a caller may use. Raises SourceError."""
        options = self._options
        if not options.word.listed:
            return Unlisted(options.symbols, options.exchange, options.market)
        return Names(self.load(), options.symbols, options.exchange, options.market)

    def fetch(self, market: Listed, timeframe: str, since: int, limit: int, deadline: float | None = None) -> Answer:
        """Rows that open at or after `since`, ms, the oldest first, as ccxt sorts them.

        deadline  a `time.monotonic()` value. Raises OutOfTime where it leaves none, SourceError if it failed.
        """
        answer: Answer = self._call(deadline, lambda: self._ask(market, timeframe, since, limit))
        return answer

    def _ask(self, market: Listed, timeframe: str, since: int, limit: int) -> Answer:
        exchange = self.exchange
        exchange.last_json_response = None
        exchange.number, exchange.on_json_response = str, _READ  # not while it loads: markets are reckoned with
        try:
            raw = exchange.fetch_ohlcv(market.symbol, timeframe, since, limit)
        finally:
            exchange.number = float
            del exchange.on_json_response
        if not self._is_json():
            raise SourceError(f"{exchange.id}: answered with no list of bars{self._instead()}")
        # Its servers need not agree on the time: a row is as this answer's own server had it then, closed or not.
        now = date_of(self._sockets.heard.headers)
        self.now = max(filter(None, (now, self.now)), default=None)
        return Answer([_read(row, market.size) for row in raw], now)

    def _is_json(self) -> bool:
        """Of what is no JSON ccxt makes an empty list."""
        return isinstance(self.exchange.last_json_response, dict | list)

    def _instead(self) -> str:
        kind = self._sockets.heard.headers.get("Content-Type", "something else")
        return f" but with {self._redact(kind)} (HTTP {self._sockets.heard.status}); is a proxy or a filter in between?"

    def _call(self, deadline: float | None, work: Callable[[], Any], reads: int = 1) -> Any:
        """What `work` returns; it has the time of one answer for each of so many."""
        if not self._lock.acquire(timeout=self._left(deadline)):
            raise NotBegun(f"{self.exchange.id}: others ask it, and there was no time left to wait for them")
        try:
            self._leave_alone()
            left = self._left(deadline, self._pause())
            self.exchange.timeout = int(left * 1000)
            self.requests += 1
            self._sockets.heard = Heard()
            with self._sockets.for_at_most(left * reads):
                return work()
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever ccxt makes of an answer
            if isinstance(error, ccxt.NetworkError) and self._is_over(deadline):
                raise OutOfTime(f"{self.exchange.id}: gave no answer before the deadline") from None
            told = in_our_words(error, self._sockets.heard, self.exchange.id, self._redact, self._wall())
            if told.retry_after:
                self._rest_until = self._clock() + told.retry_after
            raise told from None  # the original has addresses with signatures in them
        finally:
            self._lock.release()

    def _is_over(self, deadline: float | None) -> bool:
        """Whether it was the deadline that ended a request: no refusal came."""
        return deadline is not None and self._clock() > deadline - LEAST_TIME and self._sockets.heard.status < 400

    def _pause(self) -> float:
        """Seconds that the rate limiter will wait before the next request."""
        exchange, now = self.exchange, self.exchange.milliseconds()
        # After the clock was set back it would wait until it is that late again.
        exchange.lastRestRequestTimestamp = min(exchange.lastRestRequestTimestamp, now)
        return float(max(0.0, exchange.rateLimit - (now - exchange.lastRestRequestTimestamp))) / 1000

    def _left(self, deadline: float | None, less: float = 0.0) -> float:
        """Seconds for one answer, after so many have passed. Raises OutOfTime."""
        if deadline is None:
            return self._options.timeout
        left = deadline - self._clock() - _MARGIN - less
        if left < LEAST_TIME - _MARGIN:
            raise NotBegun(f"{self.exchange.id}: no time was left to ask it")
        return min(left, self._options.timeout)

    def _leave_alone(self) -> None:
        left = self._rest_until - self._clock()
        if left > 0:
            raise SourceError(
                f"{self.exchange.id}: not asked; it wants to be left alone for another {left:.0f} s (Retry-After)",
                retry_after=left,
            )


def make_exchange(options: CcxtOptions) -> Any:
    """The ccxt object of these options: nothing is sent, and nothing is logged by it. Raises ConfigError."""
    word = options.word
    if options.lacking:
        raise ConfigError(f"{options.exchange} answers nothing without a key: set {' and '.join(options.lacking)}")
    config = {"enableRateLimit": True, "options": {**options.facts.options, **word.load}, **options.credentials}
    exchange = exchange_class(word.id or options.exchange)(config)
    exchange.enableLastJsonResponse = exchange.enableLastResponseHeaders = True
    exchange.logger = _SILENT
    exchange.has["fetchCurrencies"] = False  # more requests, some with a key, and nothing that bars need
    if options.endpoint:
        exchange.urls["api"] = _redirected(exchange.urls["api"], options.endpoint)
    return exchange


def _redirected(urls: Any, endpoint: str) -> Any:
    """The same paths on another server."""
    if isinstance(urls, dict):
        return {name: _redirected(url, endpoint) for name, url in urls.items()}
    there = urlsplit(endpoint)
    return urlunsplit(urlsplit(urls)._replace(scheme=there.scheme, netloc=there.netloc)) if urls else urls


def listed(markets: Any, options: CcxtOptions) -> Iterator[Listed]:
    """Those of ccxt's markets that are of the kind that was chosen."""
    word = options.word
    for market in markets:
        if market.get("type") != word.kind or (word.linear is not None and market.get("linear") is not word.linear):
            continue
        if word.settle is None or market.get("settle") == word.settle:
            size = _size(market) if word.contracts else None
            if size is not None or not word.contracts:
                yield Listed(str(market["symbol"]), _name(market), str(market["base"]), str(market["quote"]), size)


def _name(market: Mapping[str, Any]) -> str:
    """What the exchange calls it: Hyperliquid's ids are numbers, and nobody says them, but BTC or kPEPE."""
    name, info = str(market["id"]), market.get("info")
    return str(info.get("name", name)) if name.isdigit() and isinstance(info, dict) else name


def _size(market: Mapping[str, Any]) -> Decimal | None:
    """Units of the base in one contract; None if that is not known, and so the volume would not be."""
    try:
        size = Decimal(str(market.get("contractSize")))
    except InvalidOperation:
        return None
    return size if size.is_finite() and size > 0 else None


def _read(row: Any, size: Decimal | None) -> Row:
    """Raises BadPage for what is no row."""
    match row:
        case [int(time), str(o), str(h), str(l), str(c), str(v)]:
            return time, o, h, l, c, v if size is None else _of_contracts(v, size)
    raise BadPage(f"answered with a row that is no bar: {str(row)[:100]}")


def _of_contracts(volume: str, size: Decimal) -> str:
    """Units of the base in so many contracts, to the last digit."""
    try:
        return format(Decimal(volume) * size, "f")
    except InvalidOperation:
        raise BadPage(f"answered with a volume that is no number: {volume[:40]!r}") from None
