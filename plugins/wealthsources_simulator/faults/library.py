"""All faults with a name. Each module holds those of some rows of docs/faults.md, section 3:

connecting A · liveness B · closing C · frames D · messages E · bars F
"""

from __future__ import annotations

from wealthsources_simulator.faults import bars, closing, connecting, frames, liveness, messages
from wealthsources_simulator.faults.registry import FAULTS, fault

__all__ = ["FAULTS", "bars", "closing", "connecting", "fault", "frames", "liveness", "messages"]
