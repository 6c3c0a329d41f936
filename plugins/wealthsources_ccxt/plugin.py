"""The entry point of the ccxt plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources import hookimpl
from wealthsources_ccxt.options import CcxtOptions
from wealthsources_ccxt.source import CcxtSource

if TYPE_CHECKING:
    from wealthsources import Register


@hookimpl
def wealthsources_register(register: Register) -> None:
    """Register the source and its options."""
    register("ccxt", CcxtSource, CcxtOptions)
