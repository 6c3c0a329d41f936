"""What docs/asyncio.md shows is executed as it stands there, with the configuration and the server of the README."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import wealthsources
from wealthsources import AsyncSession, EventStream

from ..support.loops import run, until
from ..support.markets import market_servers

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "asyncio.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def start():
    with market_servers(skip=200, token="a-secret-token") as start:
        yield start


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The README's, with the variables that it sets."""
    shutil.copy(ROOT / "config.yaml", tmp_path)
    shutil.copytree(ROOT / "examples" / "data", tmp_path / "examples" / "data")
    monkeypatch.setenv("WEBSOCKET_CSRF_TOKEN", "a-secret-token")
    monkeypatch.setenv("WEALTHSOURCES_CLOCK", "feed")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_program_prints_what_is_shown(start, folder):
    server = start()
    with subprocess.Popen(
        [sys.executable, "-c", BLOCKS["closes.py"]],
        env={**os.environ, "WEBSOCKET_ENDPOINT": server.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            lines = [program.stdout.readline() for _ in range(2)]
            for bars in (1.2, 1, 1):  # a later bar closes the one before
                server.play_bars(bars)
                lines.append(program.stdout.readline())
            out, errors = program.communicate(timeout=60)
        finally:
            program.kill()
    assert (program.returncode, errors) == (0, "")
    assert "".join(lines) + out == re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)[0]


def test_the_other_functions_do_what_is_said_of_them(start, folder, monkeypatch):
    names: dict = {"asyncio": asyncio}
    for name in ("history_first.py", "one_minute.py"):
        exec(compile(BLOCKS[name].replace("(60)", "(0.01)"), name, "exec"), names)

    async def main():
        server = start()
        monkeypatch.setenv("WEBSOCKET_ENDPOINT", server.url)
        async with wealthsources.aopen("config.yaml") as session, session.stream() as stream:
            await until(lambda: session.status().sources["live"].state == "connected")
            server.play_bars(5.2)
            await until(lambda: session.status().sources["live"].streams[0].bars >= 6)
            bars = names["bars_from"](session, 4)
            seen = [(await anext(bars)).open_time for _ in range(4)]
            server.play_bars(3)
            seen += [(await anext(bars)).open_time for _ in range(3)]
            assert [later - earlier for earlier, later in itertools.pairwise(seen)] == [3_600_000] * 6
            await bars.aclose()
            while await names["next_event"](stream) is not None:
                pass
            server.play_bars(1)
            await until(lambda: session.sync.dispatcher.drain(1))
            assert await names["next_event"](stream) is not None

    run(main)


def test_every_call_that_it_lists_is_there_and_the_other_way_round():
    public = {name for name in vars(AsyncSession) if not name.startswith("_")}
    assert set(re.findall(r"`(?:await )?session\.(\w+)", PAGE)) >= public
    for name in re.findall(r"`session\.sync`.*", PAGE)[0].split("`")[5::2]:
        assert hasattr(wealthsources.Session, name)
    assert {name for name in vars(EventStream) if not name.startswith("_")} <= set(re.findall(r"stream\.(\w+)", PAGE))
