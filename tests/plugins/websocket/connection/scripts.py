"""What servers of several tests do."""

from __future__ import annotations

TOKEN = "a-secret-token"


def stay(peer):
    peer.accept()
    peer.stay()
