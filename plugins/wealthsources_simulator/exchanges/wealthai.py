"""The WealthAI market server: CONNECT in; CONNECTED, ERROR and BAR out."""

from __future__ import annotations

from dataclasses import asdict
from itertools import product
from typing import TYPE_CHECKING, Final

from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.exchanges.base import Exchange, Message, Refused

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar, Series

_VALUES: Final = ("open", "high", "low", "close", "volume")
_FIELDS: Final = ("type", "symbol", "timeframe", "open_time", "close_time", *_VALUES)


class WealthAI(Exchange):
    """One CONNECT names symbols and timeframes, and every one of their pairs is subscribed to.

    With `closed_flag` every bar carries that field: true with its final values, else false. Raises SimulatorError if
    another field has that name.
    """

    name = "wealthai"
    path = "/market_data"

    def __init__(self, closed_flag: str | None = None) -> None:
        if closed_flag in _FIELDS:
            raise SimulatorError(f"closed flag {closed_flag!r} is already the name of another field of a bar")
        self.closed_flag = closed_flag

    def subscribes(self, message: object) -> bool:
        return isinstance(message, dict) and message.get("type") == "CONNECT"

    def check(self, message: object, token: str | None) -> None:
        if isinstance(message, bytes):
            raise Refused("expected a text message")
        if not isinstance(message, dict):
            raise Refused("expected a JSON object")
        if message.get("type") != "CONNECT":
            raise Refused("expected a CONNECT message")
        if token is not None and message.get("csrf_token") != token:
            raise Refused("wrong or missing csrf_token")
        for key in ("symbols", "resolutions"):
            if _names(message.get(key)) is None:
                raise Refused(f"{key} must be a list of text")

    def series(self, message: object) -> tuple[Series, ...]:
        if not isinstance(message, dict):
            return ()
        symbols, timeframes = (_names(message.get(key)) or [] for key in ("symbols", "resolutions"))
        return tuple(sorted(product(symbols, timeframes)))

    def acknowledgement(self, message: object) -> Message:
        asked = message if isinstance(message, dict) else {}
        return {"type": "CONNECTED"} | {key: asked[key] for key in asked if key == "request_id"}

    def error(self, text: str) -> Message:
        return {"type": "ERROR", "message": text}

    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        symbol, timeframe = series
        values = asdict(bar)
        times = {"open_time": values.pop("open_time"), "close_time": values.pop("end")}
        flag = {} if self.closed_flag is None else {self.closed_flag: closed}
        return {"type": "BAR", "symbol": symbol, "timeframe": timeframe, **times, **values, **flag}


def _names(value: object) -> list[str] | None:
    """A list of text, else None."""
    return value if isinstance(value, list) and all(isinstance(name, str) for name in value) else None
