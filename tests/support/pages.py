"""Pages whose blocks are followed as a reader would: files are saved, commands are run, and print what is shown."""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from typer.testing import CliRunner

import wealthsources
from wealthsources.cli.app import app

from .unbinding import unbind_all

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of each block of code, in their order."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(text: str) -> list[tuple[str, str]]:
    """(command, what it prints) of a block; a line that ends with a backslash goes on."""
    parts = re.split(r"^\$ ", text.replace("\\\n", " "), flags=re.MULTILINE)[1:]
    return [(line.strip(), shown) for line, _, shown in (part.partition("\n") for part in parts)]


class Reader:
    """Somebody who follows a page in a folder. `changes` are made in what is typed, as (what stands there, instead)."""

    def __init__(self, folder: Path, *changes: tuple[str, str]) -> None:
        self.folder, self._changes = folder, changes
        self._market: subprocess.Popen[str] | None = None  # what plays bars now
        self._tools = tempfile.TemporaryDirectory()
        tools = Path(self._tools.name)
        for name, words in (("python", ""), ("wealthsources", "-m wealthsources")):
            (tools / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {words} "$@"\n')
            (tools / name).chmod(0o755)
        self._environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}

    def follow(self, page: Path) -> list[tuple[str, str, str]]:
        """Each block in its order. Returns (command, what the page shows, what it printed) of each command."""
        ran = []
        for language, text in blocks(page):
            if name := re.match(r"# ([\w.]+\.(?:py|yaml))\n", text):
                (self.folder / name[1]).write_text(self._changed(text), encoding="utf-8")
            elif language == "":
                ran += [(command, shown, self.run(command)) for command, shown in commands(text)]
        return ran

    def run(self, command: str) -> str:
        """What it prints; a market stays, and is stopped when the next one starts.

        Our own commands and what `python` is asked to run go in this process, which has imported what they would.
        """
        words = self._changed(command)
        if " simulate " in words:
            return self._start(words)
        if words.startswith("wealthsources "):
            with contextlib.chdir(self.folder):
                result = CliRunner().invoke(app, shlex.split(words)[1:])
            assert result.exit_code == 0, (command, result.output)
            return result.stdout
        if script := re.fullmatch(r"python (\S+\.py)(?: > (\S+))?", words):
            return self._execute(script[1], script[2])
        done = subprocess.run(
            words, shell=True, cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def _execute(self, script: str, into: str | None) -> str:
        """Runs it as `python` would, but in this process; nothing that it imported or bound stays."""
        there = set(sys.modules)
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(io.StringIO()) as printed:
            sys.path.insert(0, str(self.folder))
            try:
                runpy.run_path(script, run_name="__main__")
            finally:
                sys.path.remove(str(self.folder))
                unbind_all()
                if (session := wealthsources.current_session()) is not None:
                    session.stop()
                for name in set(sys.modules) - there:
                    if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(self.folder)):
                        del sys.modules[name]
        if into is None:
            return printed.getvalue()
        (self.folder / into).write_text(printed.getvalue(), encoding="utf-8")
        return ""

    def _start(self, words: str) -> str:
        self.stop()
        self._market = subprocess.Popen(
            shlex.split(words), cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, text=True
        )
        assert self._market.stdout is not None
        return self._market.stdout.readline()

    def _changed(self, text: str) -> str:
        for there, instead in self._changes:
            text = text.replace(there, instead)
        return text

    def stop(self) -> None:
        """End the market, as Ctrl-C would."""
        if self._market is not None:
            self._market.send_signal(signal.SIGINT)
            self._market.communicate(timeout=10)
            self._market = None

    def end(self) -> None:
        """Leave nothing."""
        self.stop()
        self._tools.cleanup()


@contextlib.contextmanager
def reader(folder: Path, *changes: tuple[str, str]) -> Iterator[Reader]:
    """A reader whose market is stopped afterwards."""
    one = Reader(folder, *changes)
    try:
        yield one
    finally:
        one.end()
