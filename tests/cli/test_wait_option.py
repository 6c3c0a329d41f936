"""`--wait`: how long it may be, and what is said meanwhile."""

from __future__ import annotations

import sys


def test_a_terminal_is_told_what_is_waited_for(cli, serve, live_config, monkeypatch):
    live_config(serve().url)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert "up to 0.5 s for live: connected, 9 of 20 bars" in cli("get", "BTCUSDT", "1h", "--wait", 0.5).err
