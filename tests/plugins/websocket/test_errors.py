"""How a loss is told."""

from __future__ import annotations

from wealthsources_websocket.errors import ConnectionLost


def test_a_loss_says_what_happened_in_one_line():
    lost = ConnectionLost("bad_status", "HTTP 503 instead of an upgrade")
    assert (str(lost), lost.reason, lost.kind) == (
        "bad_status: HTTP 503 instead of an upgrade",
        "bad_status",
        "",
    )
    assert str(ConnectionLost("stopped")) == "stopped"
