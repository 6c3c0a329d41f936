"""The one error of the simulator."""

from __future__ import annotations


class SimulatorError(Exception):
    """The file or an option cannot be played, or the port is taken. The message is one line and names the remedy."""
