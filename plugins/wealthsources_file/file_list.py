"""FileList: files that are named one by one, for those whose paths say nothing of what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources_file.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wealthsources_file.listing import Series


class FileList:
    """The file of each series."""

    def __init__(self, files: Mapping[Series, Path]) -> None:
        self._files = files

    def __str__(self) -> str:
        return "of `files`"

    def scan(self) -> Listing:
        """Those that are there now."""
        there: dict[Series, Path] = {}
        absent: list[str] = []
        for series, path in self._files.items():
            if path.is_file():
                there[series] = path
            else:
                absent.append(f"{path}: no such file")
        return Listing(there, unreadable=tuple(absent))
