"""Whether a folder can be written to, tried out: what a recorder or a store finds out before it is too late."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING, Final

from wealthsources.model.diagnosis import Diagnosis
from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from pathlib import Path

#: Bytes; with less the disk is as good as full.
LEAST_FREE: Final = 1 << 30
_TRIED: Final = b"\0" * 4096


def diagnose_folder(folder: Path, makes: int | None = None) -> Diagnosis:
    """Whether files can be made in a folder, by making one. Leaves nothing behind; a folder is not made.

    makes  how many missing folders of the path its user makes when it first writes; None: any number
    """
    there = next(each for each in (folder, *folder.parents) if each.exists())
    missing = len(folder.parts) - len(there.parts)
    if not there.is_dir():
        return Diagnosis("error", one_line(f"{there} is no folder"), "name another place, or move that file away")
    if makes is not None and missing > makes:
        return Diagnosis("error", one_line(f"there is no folder {folder.parent}"), "make it, or is a disk not mounted?")
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(_TRIED)
            file.flush()
        free = shutil.disk_usage(there).free
    except OSError as error:
        why = one_line(f"nothing can be written in {there}: {error.strerror or error}")
        return Diagnosis("error", why, "let the user that this runs as write there, make room, or name another folder")
    shown = one_line(f"{folder} can be {'made and ' if missing else ''}written to, {free / (1 << 30):,.1f} GB are free")
    if free < LEAST_FREE:
        return Diagnosis("warning", shown, "make room: a full disk stops what is recorded")
    return Diagnosis("ok", shown)
