"""wealthdata as it is when nobody has bound or configured anything."""

from __future__ import annotations

import wealthdata


def unbind_all() -> None:
    """Let go of every context that is bound on this thread, and of what was configured."""
    while True:
        try:
            wealthdata.get_context()
        except wealthdata.NoContextError:
            break
        wealthdata.clear_context()
    wealthdata.configure()
