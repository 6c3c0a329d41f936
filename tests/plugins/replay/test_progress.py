from __future__ import annotations

import io
import sys
from types import SimpleNamespace

from wealthsources_replay.progress import progress

SOURCE = SimpleNamespace(played=1_234, now_ms=1_500, span=(1_000, 2_000))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_says_how_far_it_is_and_how_fast(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with progress(SOURCE) as look:
        look()
        look()
    shown = sys.stderr.getvalue()
    assert "50 %" in shown
    assert "1,234 records" in shown


def test_where_nobody_looks_nothing_is_shown(capsys):
    with progress(SOURCE) as look:
        look()
    assert capsys.readouterr() == ("", "")
