"""The command line in this process, configurations, throw-away distributions and a real market server."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wealthsources.cli import main
from wealthsources.model.errors import MARGIN
from wealthsources_simulator import MarketServer

from ..support.live_source import use_policies
from ..support.markets import ARCHIVE, SAMPLE, market_servers

TOKEN = "a-secret-token"
FIELDS = ("open", "high", "low", "close", "volume")
LONG = 3600  # seconds: for what ends before


@dataclasses.dataclass
class Result:
    code: object
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line on stderr that is no log line and quotes no file, after its `error: `."""
        lines = [line for line in self.err.splitlines() if not line.startswith(("WARNING ", MARGIN))]
        assert len(lines) == 1, self.err
        assert lines[0].startswith("error: ")
        return lines[0].removeprefix("error: ")


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run a command: `cli("get", "BTCUSDT", "1h").out`."""

    def run(*arguments: object) -> Result:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return Result(ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture(autouse=True)
def _budget_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connects of other tests to this machine are none of this one's."""
    use_policies(monkeypatch)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def config(folder: Path) -> Callable[..., Path]:
    """Write a configuration, by default to the place where it is looked for."""

    def write(text: str, name: str = "config.yaml") -> Path:
        path = folder / name
        path.write_text(textwrap.dedent(text))
        return path

    return write


@pytest.fixture
def distribution(distribution: Callable[..., Path]) -> Callable[..., Path]:
    """The same with commands: `distribution("zdist", commands="hello = zmod:app", zmod=text)`."""

    def make(name: str = "zdist", *, commands: str = "", sources: str = "", **modules: str) -> Path:
        return distribution(name, f"{sources}\n[wealthsources.commands]\n{commands}", folder=name, **modules)

    return make


@pytest.fixture
def archive() -> list[dict[str, str]]:
    """The rows of the sample file, with their own text."""
    header, *rows = [line.split(",") for line in SAMPLE.read_text().splitlines()]
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture
def file_source() -> str:
    """A line for `sources:` that reads the sample file."""
    return f'- {{name: archive, plugin: file, options: {{path: "{ARCHIVE}"}}}}'


@pytest.fixture
def serve() -> Iterator[Callable[..., MarketServer]]:
    """Start a market server that sends the first 10 bars of the sample at once, and plays nothing by itself."""
    with market_servers(token=TOKEN, snapshot=10, skip=10) as start:
        yield start


@pytest.fixture
def live_config(config: Callable[..., Path]) -> Callable[..., Path]:
    """Write a configuration whose first source is the server at `url`, by the feed's clock."""

    def write(url: str, *more: str, token: str = TOKEN, fallbacks: tuple[str, ...] = ()) -> Path:
        addresses = f"endpoint: '{url}', fallbacks: {list(fallbacks)}"
        options = f"{{{addresses}, csrf_token: {token}, symbols: [BTCUSDT], resolutions: [1h]}}"
        lines = (f"- {{name: live, plugin: websocket, options: {options}}}", *more)
        return config("clock: feed\nsources:\n" + "".join(f"  {line}\n" for line in lines))

    return write


FAILING = """
from wealthsources import Source, hookimpl
class Failing(Source):
    def get_history(self, request): raise RuntimeError("first line\\nsecond \\x1b[31m line")
class Interrupted(Source):
    capabilities = __import__("wealthsources").Capabilities(blocking=False)
    def get_history(self, request): raise KeyboardInterrupt
class Odd(Source):
    def for_context(self, context): return self
    @property
    def capabilities(self): raise LookupError("no such thing")
    def get_history(self, request): raise NotImplementedError
@hookimpl
def wealthsources_register(register): register("zfail", {name})
"""


@pytest.fixture
def failing(distribution, config):
    """A deployment whose only source is one of the classes above."""

    def use(name="Failing"):
        distribution(sources="zfail = zfail_module", zfail_module=FAILING.replace("{name}", name))
        return config("sources: [{plugin: zfail}]")

    return use


def run_process(*arguments, stdout=subprocess.PIPE, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        timeout=50,
        check=False,
    )


def table(text):
    """The rows of a table as dicts; the time is two words."""
    header, *lines = text.splitlines()
    assert header.split() == ["open", "time", "(UTC)", *FIELDS, "source", "finality"]
    return [dict(zip(("day", "time", *FIELDS, "source", "finality"), line.split(), strict=True)) for line in lines[:-1]]


def values(rows):
    return [{field: row[field] for field in FIELDS} for row in rows]


@pytest.fixture
def file_config(config, file_source):
    return config(f"sources:\n  {file_source}\n")


SILENT = """
from wealthsources import Bars, Capabilities, Source, hookimpl
class Silent(Source):
    capabilities = Capabilities(live=True, blocking=False)
    def start(self, host): host.clock.saw_closed(1_600_002_000_000)
    def stale_for(self, symbol=None, timeframe=None): return 10.4
    def get_history(self, request):
        one = dict(open_time=1_599_998_400_000, open=1, high=1, low=1, close=1, volume=1, closed=True)
        return Bars.from_records(request.symbol, request.timeframe, [one])
@hookimpl
def wealthsources_register(register): register("zsilent", Silent)
"""


def tables(text):
    """The tables of an output: the rows of each as lists of words, under its header."""
    blocks = [block.splitlines() for block in text.split("\n\n")[1:]]
    return {block[0]: [line.split() for line in block[1:]] for block in blocks}


class Served:
    """`wealthsources serve` in a process of its own."""

    def __init__(self, process):
        self.process = process
        self.url = process.stdout.readline().strip()

    def ask(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def is_ready(self):
        return self.ask("/readyz")[0] == 200

    def end(self, number):
        """The exit code and the log."""
        self.process.send_signal(number)
        _, log = self.process.communicate(timeout=60)
        return self.process.returncode, log


@pytest.fixture
def started():
    """Start it with these arguments, and have it end with the test."""
    with contextlib.ExitStack() as stack:

        def start(*arguments, path=(), **environment):
            command = [sys.executable, "-m", "wealthsources", "serve", "--listen", "127.0.0.1:0", *map(str, arguments)]
            environment = {**os.environ, "PYTHONPATH": ":".join([*map(str, path), *sys.path]), **environment}
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            process = stack.enter_context(subprocess.Popen(command, **pipes, text=True, env=environment))
            stack.callback(process.kill)
            return Served(process)

        yield start
