"""diagnose_folder, on real folders."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from wealthsources import diagnose_folder
from wealthsources.runtime import folders

from ..support.disks import small_disk

#: Not even root makes a file there.
SYSTEM = Path("/proc")


def test_a_folder_that_can_be_written_to_is_ok_and_stays_empty(tmp_path):
    found = diagnose_folder(tmp_path)
    assert found.level == "ok"
    assert found.text.startswith(f"{tmp_path} can be written to, ")
    assert list(tmp_path.iterdir()) == []


def test_of_a_folder_that_is_to_be_made_the_one_above_is_tried(tmp_path):
    found = diagnose_folder(tmp_path / "data" / "frames")
    assert (found.level, "can be made and written to" in found.text) == ("ok", True)
    assert list(tmp_path.iterdir()) == []


def test_more_missing_folders_than_are_made_are_an_error(tmp_path):
    assert diagnose_folder(tmp_path / "data", 1).level == "ok"
    found = diagnose_folder(tmp_path / "disk" / "data", 1)
    assert found == ("error", f"there is no folder {tmp_path / 'disk'}", "make it, or is a disk not mounted?")


def test_a_file_in_its_place_is_an_error(tmp_path):
    (tmp_path / "data").write_text("")
    assert diagnose_folder(tmp_path / "data" / "frames").text == f"{tmp_path / 'data'} is no folder"


@pytest.mark.skipif(not SYSTEM.is_dir(), reason="there is no /proc here")
def test_a_place_where_nobody_may_write_is_an_error():
    found = diagnose_folder(SYSTEM)
    assert found.level == "error"
    assert found.text.startswith(f"nothing can be written in {SYSTEM}: ")
    assert "let the user that this runs as write there" in found.remedy


def test_a_full_disk_is_an_error(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        disk.fill()
        found = diagnose_folder(disk.folder)
    assert found.text == f"nothing can be written in {disk.folder}: No space left on device"


def test_little_room_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=folders.LEAST_FREE - 1))
    found = diagnose_folder(tmp_path)
    assert (found.level, found.remedy) == ("warning", "make room: a full disk stops what is recorded")
    assert "1.0 GB are free" in found.text
