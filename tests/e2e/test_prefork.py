"""A server that forks its workers, gunicorn, and pools of processes: what each process is told."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wealthsources_simulator import MarketServer

from ..support.markets import ARCHIVE, SAMPLE
from ..support.waiting import wait_until

FOLDER = Path(__file__).parent
TOKEN = "a-secret-e2e-token"
POST_FORK = """
def post_fork(server, worker):
    import gunicorn_app
    gunicorn_app.open_session()
"""


class Workers:
    """A gunicorn with two workers, and what they answer."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self._port = port

    def answers(self, path: str) -> dict[int, dict[str, Any]]:
        """What both workers answer, by their process."""
        found: dict[int, dict[str, Any]] = {}

        def ask() -> bool:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=20) as response:
                answer = json.loads(response.read())
            found[answer["process"]] = answer
            return len(found) == 2

        wait_until(ask)
        return found


@pytest.fixture
def server() -> Iterator[MarketServer]:
    """A market that goes on by itself, twenty bars a second."""
    with MarketServer.from_csv(SAMPLE, symbol="BTCUSDT", timeframe="1h", token=TOKEN, rate=20) as running:
        yield running


@pytest.fixture
def gunicorn(server, tmp_path) -> Iterator[Callable[..., Workers]]:
    """gunicorn(*options, settings="", **environment): one that is stopped after the test, and must end well."""
    live = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    config = {"clock": "feed", "sources": [{"name": "live", "plugin": "websocket", "options": live}]}
    with contextlib.ExitStack() as stack:

        def start(*options: str, settings: str = "", **environment: str) -> Workers:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            (tmp_path / "settings.py").write_text(settings)
            command = [sys.executable, "-m", "gunicorn", "--config", str(tmp_path / "settings.py"), "--workers", "2"]
            command += ["--bind", f"fd://{listener.fileno()}", "--chdir", str(FOLDER), *options, "gunicorn_app:app"]
            env = {**os.environ, "CONFIG": json.dumps(config), "HOME": str(tmp_path), **environment}
            with (tmp_path / "log.txt").open("wb") as log:
                process = subprocess.Popen(command, env=env, pass_fds=[listener.fileno()], stdout=log, stderr=log)
            stack.callback(_end, process, tmp_path / "log.txt")
            return Workers(process, listener.getsockname()[1])

        yield start


def _end(process: subprocess.Popen[bytes], log: Path) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    said = log.read_text()
    assert code == 0, said
    assert "Traceback" not in said


def test_workers_of_a_server_that_was_preloaded_know_that_the_session_is_the_masters(gunicorn, server):
    workers = gunicorn("--preload", PRELOAD="yes")
    whose = f"the session belongs to process {workers.process.pid}, which opened it; open one in this process"
    for answer in workers.answers("/status").values():
        assert (answer["state"], answer["stream"], answer["reason"]) == ("disconnected", "stale", whose)
        assert answer["price"].startswith("StaleDataError: ")
        assert whose in answer["price"]
    for answer in workers.answers("/own").values():
        assert (answer["state"], answer["stream"], answer["reason"]) == ("connected", "live", "")
        assert isinstance(answer["price"], float)
    assert all(isinstance(answer["price"], float) for answer in workers.answers("/status").values())
    assert server.acknowledged == server.accepted == 3, "the master's is still the first one"


def test_a_session_that_is_opened_in_each_worker_works_in_each(gunicorn, server):
    workers = gunicorn(settings=POST_FORK)
    for answer in workers.answers("/status").values():
        assert (answer["state"], answer["stream"], answer["reason"]) == ("connected", "live", "")
        assert isinstance(answer["price"], float)
    assert server.acknowledged == 2


@pytest.mark.parametrize("pool", ["Pool", "ProcessPoolExecutor"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_sweep_in_a_pool_of_processes_comes_to_the_same(method, pool, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(f"sources: [{{plugin: context}}, {{plugin: file, options: {{path: '{ARCHIVE}'}}}}]")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(FOLDER / "sweep.py"), method, pool],
        env={**os.environ, "WEALTHSOURCES_CONFIG": str(path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["same"]
    assert answer["processes"] >= 1
