"""The entry point of the file plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources import hookimpl
from wealthsources_file.options import FileOptions
from wealthsources_file.source import FileSource

if TYPE_CHECKING:
    from wealthsources import Register


@hookimpl
def wealthsources_register(register: Register) -> None:
    """Register the source and its options."""
    register("file", FileSource, FileOptions)
