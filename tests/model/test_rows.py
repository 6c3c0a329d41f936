from __future__ import annotations

from ..support.bars import recorded


def test_one_bar_is_64_bytes():
    assert recorded(10).rows.nbytes == 640
