"""Threads and files that are left behind are found and named."""

from __future__ import annotations

import threading

from wealthsources.testing.belongings import Belongings


def test_a_thread_and_a_file_are_named_until_they_are_gone(tmp_path):
    before, over = Belongings.now(), threading.Event()
    thread = threading.Thread(target=over.wait, name="acme-reader")
    thread.start()
    with (tmp_path / "acme.log").open("w"):
        left = before.left(0.0)
        assert "thread 'acme-reader'" in left
        assert "acme.log" in left
    over.set()
    assert before.left(10.0) == ""
    thread.join()


def test_what_was_there_before_is_not_left_behind(tmp_path):
    with (tmp_path / "acme.log").open("w"):
        assert Belongings.now().left(0.0) == ""
