"""The entry point of the store plugin."""

from __future__ import annotations

from wealthsources_store import plugin
from wealthsources_store.options import StoreOptions
from wealthsources_store.source import StoreSource


def test_it_registers_the_source_with_its_options():
    calls = []
    plugin.wealthsources_register(lambda *said: calls.append(said))
    assert calls == [("store", StoreSource, StoreOptions)]
