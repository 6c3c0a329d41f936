"""The recorder of frames keeps the contract of a recorder."""

from __future__ import annotations

import pytest

from wealthsources.testing import LoneRecorderHost
from wealthsources.testing.recorder_contract import RecorderContract
from wealthsources_replay.recorder import FramesOptions, FramesRecorder
from wealthsources_websocket import WebSocketSource
from wealthsources_websocket.options import WebSocketOptions


class TestFramesRecorder(RecorderContract):
    @pytest.fixture
    def recorder(self, tmp_path) -> FramesRecorder:
        return FramesRecorder(FramesOptions(folder=tmp_path))

    @pytest.fixture
    def host(self, closed_port) -> LoneRecorderHost:
        said = {"endpoint": f"ws://127.0.0.1:{closed_port}", "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
        return LoneRecorderHost(live=WebSocketSource(WebSocketOptions(**said)))
