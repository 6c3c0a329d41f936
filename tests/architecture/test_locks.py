"""A lock that a thread of the parent holds must not hang a forked child: locks are `ForkLock`, or renewed there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLAIN = re.compile(r"\b(?:threading\.)?R?Lock\(\)")
#: Whose locks are renewed in a child by `call_in_child`, and who are never forked with: the simulator is a server.
RENEWED = {
    "wealthsources/forking.py",
    "wealthsources/live/series.py",
    "wealthsources/runtime/dispatcher.py",
    "plugins/wealthsources_file/cache.py",
    "plugins/wealthsources_ccxt/connection.py",
}


def test_no_room_that_a_child_may_use_has_a_plain_lock():
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("wealthsources", "wealthdata", "plugins", "compat/engine")
        for path in (ROOT / folder).rglob("*.py")
        if "wealthsources_simulator" not in path.parts and PLAIN.search(path.read_text(encoding="utf-8"))
    }
    assert found == RENEWED
