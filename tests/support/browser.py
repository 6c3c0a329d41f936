"""A real browser: Chromium without a window, spoken to by its DevTools protocol.

Tests with it are skipped where there is none; with `NEED_BROWSER` in the environment, as where changes land, they fail.
"""

from __future__ import annotations

import base64
import collections
import itertools
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
_SIZE = (1400, 800)
#: Seconds: for what ends before.
_LONG = 60


class Page:
    """A page that is open; `failures` are the errors that its scripts raised and the console's."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._session = ""
        self.failures: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride", width=_SIZE[0], height=_SIZE[1], deviceScaleFactor=1, mobile=False
        )

    def open(self, path: Path) -> None:
        """Show a file; returns when it is loaded."""
        self._call("Page.navigate", url=path.as_uri())
        self.value("new Promise(done => document.readyState == 'complete' ? done(1) : addEventListener('load', done))")

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is there, as plain values; a promise is waited for."""
        answer = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def point_at(self, x: float, y: float) -> None:
        """Move the mouse there."""
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def drag(self, x: float, y: float, right: float) -> None:
        """Take hold there, and let go so far to the right."""
        held = {"button": "left", "buttons": 1, "clickCount": 1}
        self._call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **held)
        for share in (0.5, 1):
            self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x + right * share, y=y, **held)
        self._call("Input.dispatchMouseEvent", type="mouseReleased", x=x + right, y=y, **held)

    def screenshot(self, path: Path) -> None:
        """Keep what is to be seen as a PNG."""
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters, **session}))
        while True:
            message = json.loads(self._connection.recv(_LONG))
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])
            self._hear(message)

    def _hear(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            self.failures.append(json.dumps(event["params"]["exceptionDetails"]))
        if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            self.failures.append(event["params"]["entry"]["text"])


@contextmanager
def browser_page(folder: Path) -> Iterator[Page]:
    """An empty page of a browser of its own, which keeps what it has to keep in that folder."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        missing = "there is no Chromium on this machine; try: apt-get install chromium"
        if os.environ.get("NEED_BROWSER"):
            pytest.fail(missing)
        pytest.skip(missing)
    command = [program, *_OPTIONS, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        said = process.stderr or ()
        # It would stand still if nobody read what it goes on to say.
        rest = threading.Thread(target=collections.deque, args=(said, 0), daemon=True)
        try:
            address = next((line.split()[-1] for line in said if line.startswith("DevTools listening")), None)
            assert address, f"{program} ended before it listened"
            rest.start()
            with connect(address, max_size=None, proxy=None) as connection:
                yield Page(connection)
        finally:
            process.terminate()
            if rest.is_alive():
                rest.join(_LONG)
