from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from wealthsources_replay import lock
from wealthsources_replay.errors import RecordingError
from wealthsources_replay.lock import FolderLock

from ...support.forking import in_child

HOLD = """
import pathlib, sys
from wealthsources_replay.lock import FolderLock
lock = FolderLock(pathlib.Path(sys.argv[1]))
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_second_one_is_refused_and_told_the_process_until_the_first_lets_go(tmp_path):
    held = FolderLock(tmp_path)
    with pytest.raises(RecordingError, match=rf"process {os.getpid()} records to .* already; .* a folder of its own"):
        FolderLock(tmp_path)
    held.release()
    FolderLock(tmp_path).release()


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(RecordingError, match=f"process {other.pid} "):
            FolderLock(tmp_path)
        other.kill()
        other.wait()
    FolderLock(tmp_path).release()


def test_a_forked_child_that_lets_go_leaves_it_to_the_parent(tmp_path):
    held = FolderLock(tmp_path)
    in_child(held.release)
    with pytest.raises(RecordingError):
        FolderLock(tmp_path)
    held.release()


def test_on_a_full_disk_it_holds_all_the_same(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lock.os, "pwrite", full)
    held = FolderLock(tmp_path)
    with pytest.raises(RecordingError, match=r"process \? records"):
        FolderLock(tmp_path)
    held.release()


def test_where_there_are_no_locks_that_is_an_error_of_the_system(tmp_path, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", none)
    with pytest.raises(OSError, match="No locks"):
        FolderLock(tmp_path)
