"""All our protocols keep the contract, on captured frames of each of their markets."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from wealthsources_websocket.protocols import load_protocol
from wealthsources_websocket.protocols.wealthai import WealthAI
from wealthsources_websocket.testing import ProtocolContract, frames_in, meanings_in

FOLDER = Path(__file__).parents[1] / "frames"
NAMES = sorted(path.name.removesuffix(".meant.jsonl") for path in FOLDER.glob("*.meant.jsonl"))


@pytest.mark.parametrize("name", NAMES)
class TestOurs(ProtocolContract):
    @pytest.fixture
    def protocol(self, name):
        exchange, _, market = name.partition("-")
        sizes = {"BTC_USDT": Decimal("0.0001")} if market == "perps" else {}
        return load_protocol(exchange)(market=market, contract_sizes=sizes)

    @pytest.fixture
    def frames(self, name):
        return frames_in(FOLDER / f"{name}.jsonl")

    @pytest.fixture
    def meant(self, name):
        return meanings_in(FOLDER / f"{name}.meant.jsonl")


VALUES = {"open": "10.50", "high": "12", "low": "9.000", "close": "11.1", "volume": "0.123456"}
TIME = 1_800_000_000_000


class TestWealthAI(ProtocolContract):
    @pytest.fixture
    def protocol(self) -> WealthAI:
        return WealthAI()

    @pytest.fixture
    def frames(self) -> list[str]:
        times = {"open_time": TIME, "close_time": TIME + 60_000}
        return [json.dumps({"type": "BAR", "symbol": "BTCUSDT", "timeframe": "1m"} | times | VALUES)]

    @pytest.fixture
    def meant(self) -> list[dict[str, Any]]:
        series = {"event": "bar", "symbol": "BTCUSDT", "timeframe": "1m", "open_time": TIME}
        return [series | VALUES | {"closed": None}]
