"""What servers of several tests do."""

from __future__ import annotations

from pathlib import Path

SAMPLE = Path(__file__).parents[4] / "examples" / "data" / "BTCUSDT" / "1h.csv"
TOKEN = "a-secret-token"


def stay(peer):
    peer.accept()
    peer.stay()
