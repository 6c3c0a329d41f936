"""Whoever follows docs/tutorial.md from an empty folder sees what it shows, block by block."""

from __future__ import annotations

import re
import socket

from ..support.pages import DOCS, reader


def free_port() -> str:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return str(bound.getsockname()[1])


def masked(text: str) -> str:
    """Without numbers and widths: for what depends on when it was asked."""
    return re.sub(r"\s+", " ", re.sub(r"[0-9]+", "0", text))


def test_the_tutorial_can_be_followed_from_an_empty_folder(tmp_path):
    with reader(tmp_path, ("8765", free_port())) as one:
        ran = one.follow(DOCS / "tutorial.md")
    assert len(ran) == 15
    varies = [command for command, _, _ in ran if "explain" in command or "simulate" in command]
    told = [(command, shown, printed) for command, shown, printed in ran if shown]
    exact = [one for one in told if one[0] not in varies]
    assert [printed for _, _, printed in exact] == [shown for _, shown, _ in exact]
    assert [masked(one[2]) for one in told if one not in exact] == [masked(one[1]) for one in told if one not in exact]
