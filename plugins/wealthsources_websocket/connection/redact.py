"""Addresses as others may read them. No input, no output."""

from __future__ import annotations


def redact_url(url: str) -> str:
    """An address without its query, which may hold what nobody else is to read."""
    address, mark, _ = url.partition("?")
    return f"{address}?…" if mark else address
