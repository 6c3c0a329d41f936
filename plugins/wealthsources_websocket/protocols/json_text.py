"""What protocols have in common whose messages are JSON: parsing, times, and bars of what was parsed."""

from __future__ import annotations

import datetime as dt
import functools
import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from wealthsources import EARLIEST_TIME, LATEST_TIME, Timeframe
from wealthsources_websocket.protocols.base import BarMessage, Malformed, Protocol, ProtocolEvent
from wealthsources_websocket.protocols.contracts import in_base
from wealthsources_websocket.protocols.values import read_values
from wealthsources_websocket.text import sample_of

_LONGEST_SAMPLE: Final = 120
_MOST: Final = 1 << 62
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
#: What to read parsed data of another shape raises.
_UNREADABLE: Final = (LookupError, TypeError, ValueError, AttributeError, RecursionError)

Meant = TypeVar("Meant")

#: JSON, whose numbers with a point or an exponent stay text: no digit is lost.
parse_json: Final = msgspec.json.Decoder(float_hook=str).decode


class JsonProtocol(Protocol):
    """A protocol whose messages are JSON. `understand` is given one at a time, parsed.

    plain_texts  what texts mean that are not JSON, such as `pong`
    """

    plain_texts: ClassVar[Mapping[bytes, ProtocolEvent]] = MappingProxyType({})

    @functools.cached_property
    def names(self) -> Mapping[str, str]:
        """The server's timeframes → ours."""
        return {theirs: ours for ours, theirs in self.timeframes.items()}

    @abstractmethod
    def understand(self, message: Any) -> Iterable[ProtocolEvent]:
        """What one message means. It may raise what parsed data of another shape raise: LookupError, TypeError, …"""

    def read(self, data: bytes) -> Sequence[ProtocolEvent]:
        """What one text frame means. Never raises."""
        try:
            message = parse_json(data)
        except (msgspec.DecodeError, RecursionError) as error:
            return (self._unparsed(data, error),)
        try:
            return tuple(self.understand(message))
        except _UNREADABLE as error:
            return (Malformed("bad_message", f"{_why(error)}; it began {sample_of(repr(data[:_LONGEST_SAMPLE]))}"),)

    def _unparsed(self, data: bytes, error: Exception) -> ProtocolEvent:
        known = self.plain_texts.get(data)
        if known is not None:
            return known
        sample = sample_of(repr(data[:_LONGEST_SAMPLE]))
        if data.lstrip()[:1] not in (b"{", b"["):
            return Malformed("bad_message", f"plain text {sample}", may_be_bar=False)
        return Malformed("bad_message", f"{sample_of(str(error))}; it began {sample}")

    def bar(
        self, symbol: Any, theirs: Any, open_time: int, raw: Sequence[Any], closed: Any = None
    ) -> BarMessage | Malformed:
        """One bar: symbol and timeframe as the server writes them, open time in ms, open, high, low, close, volume.

        The values are texts or whole numbers; the volume is in contracts if `needs_contract_size` says so. `closed` is
        True or False, None where nothing is said of it; anything else makes the bar Malformed. Raises TypeError for a
        symbol or a timeframe that is not text.
        """
        if type(symbol) is not str or type(theirs) is not str or not symbol:
            raise TypeError(f"symbol {symbol!r} and timeframe {theirs!r} are not both text")
        ours = self.names.get(theirs)
        if ours is None:
            why = f"{sample_of(theirs)} is no timeframe that {self.name} streams on our grid"
            return Malformed("bad_bar", why, symbol, theirs, open_time)
        try:
            if self.needs_contract_size:
                raw = (*raw[:4], in_base(raw[4], symbol, self.contract_sizes))
            values, decimals, texts = read_values(tuple(raw))
        except ValueError as error:
            return self.bad_bar(str(error), symbol, theirs, open_time)
        if closed is not None and type(closed) is not bool:  # the text "false" would close it
            return self.bad_bar(f"closed: {closed!r} is neither true nor false", symbol, theirs, open_time)
        flag = True if closed is None and self.push_closed else closed
        return BarMessage(symbol, ours, open_time, end_of(ours, open_time), values, decimals, flag, texts)

    def bad_bar(self, why: str, symbol: str = "", theirs: str = "", open_time: int | None = None) -> Malformed:
        """That a bar cannot be used, with its symbol and its timeframe as the server writes them, if they are known."""
        return Malformed("bad_bar", sample_of(why), symbol, self.names.get(theirs, theirs), open_time)


def _why(error: Exception) -> str:
    """In words of the message, not of the code that read it."""
    match error:
        case KeyError(args=(name,)):
            return f"it has no {sample_of(repr(name))}"
        case ValueError():
            return sample_of(str(error))
    return f"it is built otherwise than such messages are ({sample_of(str(error))})"


def each_of(entries: Any, read: Callable[[Any], Meant], lost: Callable[[Any, str], Meant]) -> Iterator[Meant]:
    """What each entry of a list means; what is no list is the only one.

    An entry that cannot be read costs no other: `lost` is given it, with the reason, and says what it means.
    """
    for entry in entries if type(entries) is list else [entries]:
        try:
            yield read(entry)
        except _UNREADABLE as error:
            yield lost(entry, _why(error))


def as_list(value: Any, name: str, least: int = 0) -> list[Any]:
    """The value of a field, if it is a list of so many entries at least. Raises TypeError that names the field."""
    if type(value) is not list or len(value) < least:
        raise TypeError(f"{name}: {sample_of(repr(value))} is no list{f' of {least} or more' if least else ''}")
    return value


def as_text(value: Any, name: str) -> str:
    """The value of a field, if it is text and not empty. Raises TypeError that names the field."""
    if type(value) is not str or not value:
        raise TypeError(f"{name}: {sample_of(repr(value))} is not text")
    return value


def text_in(entry: Any, name: str) -> str:
    """The text of a field, as far as there is any: else it is empty."""
    value = entry.get(name) if type(entry) is dict else None
    return value if type(value) is str else ""


def end_of(timeframe: str, open_time: int) -> int:
    """When the window ends, ms; 0 for a time that can be none of a bar."""
    return Timeframe(timeframe).end(open_time) if EARLIEST_TIME <= open_time <= LATEST_TIME else 0


def milliseconds(value: Any, unit: int = 1) -> int:
    """A time as ms since 1970: a whole number or its digits, counted in units of so many ms. Raises ValueError."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if type(value) is not int or abs(value) >= _MOST // 1000:
        raise ValueError(f"{sample_of(repr(value))} is not a time")
    return value * unit


def rfc3339(value: Any) -> int:
    """A time as RFC 3339 writes it, with up to nine decimals of a second, as ms since 1970. Raises ValueError."""
    if type(value) is not str or len(value) > 40 or value[10:11] not in ("T", " "):
        raise ValueError(f"{sample_of(repr(value))} is not a time")
    moment = dt.datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{sample_of(repr(value))} does not tell its zone")
    whole, rest = divmod(moment - _EPOCH, _MILLISECOND)
    if rest:
        raise ValueError(f"{sample_of(repr(value))} is not a whole number of ms")
    return whole


def inflate(data: bytes, most: int) -> bytes:
    """What gzip packed, if that is no more than `most` bytes. Raises ValueError."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        text = unpacking.decompress(data, most)
    except zlib.error as error:
        raise ValueError(f"not gzip: {error}") from None
    if unpacking.unconsumed_tail:
        raise ValueError(f"more than {most} bytes when inflated (max_message)")
    if not unpacking.eof:
        raise ValueError("gzip that is cut short")
    return text
