"""The entry point of the store plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources import hookimpl
from wealthsources_store.options import StoreOptions
from wealthsources_store.source import StoreSource

if TYPE_CHECKING:
    from wealthsources import Register


@hookimpl
def wealthsources_register(register: Register) -> None:
    """Register the source and its options."""
    register("store", StoreSource, StoreOptions)
