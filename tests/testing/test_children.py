"""What is done in a forked child is told in the parent, whatever becomes of it."""

from __future__ import annotations

import os
import time

from wealthsources.testing.children import in_child


def test_what_the_child_says_is_told():
    assert in_child(lambda: str(os.getppid()), 20.0) == str(os.getpid())
    assert in_child(lambda: "", 20.0) == ""


def test_an_error_in_the_child_is_told():
    def fail() -> str:
        raise OSError("no disk")

    assert in_child(fail, 20.0) == "OSError('no disk')"


def test_a_child_that_hangs_is_ended():
    assert in_child(lambda: time.sleep(60) or "", 0.1) == "it hung for 0.1 s"
