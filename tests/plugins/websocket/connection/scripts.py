"""What servers of several tests do."""

from __future__ import annotations


def stay(peer):
    peer.accept()
    peer.stay()
