"""A conversation with an exchange, message by message, and bars to play to it: two minutes, the second one quiet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from wealthsources_simulator import Market, MarketServer, PlayedBar

from ....support.waiting import wait_until
from ..clients import TEXT, Client

#: 2027-01-15 08:00 UTC, ms.
EIGHT = 1_800_000_000_000
MINUTE = 60_000
FIRST = PlayedBar(EIGHT, EIGHT + MINUTE, "91000.10", "91010.00", "90990.50", "91006.20", "12.90000")
QUIET = PlayedBar(EIGHT + MINUTE, EIGHT + 2 * MINUTE, "91006.20", "91006.20", "91006.20", "91006.20", "0.00000")
THIRD = PlayedBar(EIGHT + 2 * MINUTE, EIGHT + 3 * MINUTE, "91006.20", "91020.00", "91001.00", "91015.00", "3.50000")


def minutes(exchange: Any, symbols: tuple[str, ...], timeframe: str, bars: Any, **options: Any) -> Market:
    played = {(symbol, timeframe): bars or [FIRST, QUIET, THIRD] for symbol in symbols}
    return Market(played, exchange=exchange, **options)


@dataclass
class Talk:
    market: Market
    server: MarketServer
    client: Client

    def say(self, message: Any) -> None:
        """Send a text: JSON, unless it is one already."""
        text = message if isinstance(message, str) else json.dumps(message)
        self.client.send(TEXT, text.encode())

    def hear(self) -> Any:
        return self.client.message()

    def hears(self, count: int) -> list[Any]:
        return [self.hear() for _ in range(count)]

    def asks(self, message: Any) -> Any:
        """The answer to a message."""
        self.say(message)
        return self.hear()

    def text(self) -> str:
        """The next frame's text as it is."""
        opcode, payload = self.client.frame()
        assert opcode == TEXT
        return payload.decode()

    def hears_nothing(self) -> bool:
        """Whether nothing came of what was played: the server is done with it, and a ping's answer comes next."""
        wait_until(lambda: not self.server.peers[0].is_behind(self.market.length))
        return self.client.frames_before_pong() == []

    def is_cut(self) -> bool:
        """Whether the connection ends without another frame."""
        return self.client.file.read() == b""
