"""A client that talks to an exchange: two series of minutes, on a real socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .talking import Talk, minutes


@pytest.fixture
def talk(serve: Any, client: Any) -> Callable[..., Talk]:
    """talk(exchange, symbols, path): an upgraded client of a server that has these symbols."""

    def start(exchange: Any, symbols: tuple[str, ...], path: str | None = None, **options: Any) -> Talk:
        script, bars = options.pop("script", ()), options.pop("bars", None)
        timeframe, token = options.pop("timeframe", "1m"), options.pop("token", None)
        market = minutes(exchange, symbols, timeframe, bars, **{"updates": 1} | options)
        server = serve(*script, market=market, token=token)
        one = client(server)
        assert one.upgrade(exchange.path if path is None else path)[0].startswith("HTTP/1.1 101")
        return Talk(market, server, one)

    return start
