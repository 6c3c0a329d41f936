"""What the simulator's tests share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest


@pytest.fixture
def wait_until() -> Callable[..., None]:
    def wait(condition: Callable[[], object], timeout: float = 10.0) -> None:
        """Return as soon as `condition()` is true; fail after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, "what the test waits for did not come"
            pause.wait(0.002)

    return wait
