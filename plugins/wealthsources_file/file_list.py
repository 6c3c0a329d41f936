"""FileList: files that are named one by one, for those whose paths say nothing of what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources_file.listing import Listing
from wealthsources_file.storage import exists

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wealthsources_file.listing import Series
    from wealthsources_file.storage import Place


class FileList:
    """The file of each series."""

    def __init__(self, files: Mapping[Series, Place]) -> None:
        self._files = files

    def __str__(self) -> str:
        return "of `files`"

    def scan(self) -> Listing:
        """Those that are there now. Raises SourceError where a storage does not say."""
        there: dict[Series, Place] = {}
        absent: list[str] = []
        for series, path in self._files.items():
            if exists(path):
                there[series] = path
            else:
                absent.append(f"{path}: no such file")
        return Listing(there, unreadable=tuple(absent))
