"""Sessions of a plugin that does as its options say, and contexts of strategies."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import wealthsources

from ..support.bars import HOUR, T0

PLUGIN = """
import threading
import pydantic
from wealthsources import Bars, Capabilities, NotHere, Source, SourceStatus, hookimpl

class Options(pydantic.BaseModel, extra="forbid"):
    live: bool = False
    hang: bool = False
    slow: bool = False
    fail: str = ""
    first: int = 0
    price: float = 1.0
    bars: int = 0
    blocking: bool = False
    keeps: bool = False
    knows: bool = False
    status: str = ""
    context: str = ""
    stale: float | None = None
    secret: pydantic.SecretStr = pydantic.SecretStr("")

MADE = []

class Mine(Source):
    def __init__(self, options):
        if options.fail == "make":
            raise RuntimeError("cannot be made")
        self.options, self.calls, self.host, self.asked = options, [], None, 0
        self.capabilities = Capabilities(
            live=options.live, blocking=options.blocking, keeps=options.keeps, point_in_time=options.knows
        )
        self.kept, self.requests = [], []
        self.release, self.starting = threading.Event(), threading.Event()
        MADE.append(self)

    def start(self, host):
        if self.options.fail == "start":
            raise OSError("no disk")
        self.host = host
        self.starting.set()
        if self.options.slow:
            self.release.wait(20)
        self.calls.append("start")

    def stop(self):
        self.calls.append("stop")
        if self.options.hang:
            self.release.wait(20)
        if self.options.fail == "stop":
            raise RuntimeError("stuck")

    def get_history(self, request):
        self.asked += request.timeframe.name == "1h"
        self.requests.append(request)
        if self.options.fail == "ask":
            raise OSError("no disk")
        if self.options.fail == "exit":
            raise SystemExit(3)
        if self.options.fail == "garbage":
            return "bars"
        if self.options.fail == "hang":
            self.release.wait(20)
        if not self.options.bars:
            raise NotHere("empty")
        frame, first = request.timeframe, self.options.first
        times = [1_600_000_000_000 // 3_600_000 * 3_600_000 + (first + n) * 3_600_000 for n in range(self.options.bars)]
        times = [t for t in times if frame.end(t) <= request.end and t >= (request.start or 0)]
        times = times if request.count is None else times[-request.count:]
        values = [[self.options.price] * len(times)] * 5
        return Bars.from_columns(request.symbol, frame, times, *values)

    def keep(self, bars, now):
        self.kept.append(bars)

    def get_all_symbols(self):
        return ["X"]

    def for_context(self, context):
        if self.options.context == "fail":
            raise LookupError("no such engine")
        return None if self.options.context == "none" else self

    def stale_for(self, symbol=None, timeframe=None):
        if self.options.fail == "stale":
            raise RuntimeError("who knows")
        return None if symbol == "UNKNOWN" else self.options.stale

    def status(self):
        if self.options.status == "fail":
            raise RuntimeError("no status")
        return None if self.options.status == "none" else SourceStatus()

@hookimpl
def wealthsources_register(register):
    register("zmine", Mine, Options)
"""


@pytest.fixture
def mine(distribution):
    """The plugin zmine; call it with options, a dict for each source, to open a session whose sources have them."""
    distribution(zmine_module=PLUGIN)
    opened = []

    def make(*sources: dict, **settings):
        chain = [
            {
                "name": f"s{place}",
                "plugin": "zmine",
                "optional": bool(options.pop("optional", False)),
                "keep": bool(options.pop("keep", False)),
                "options": options,
            }
            for place, options in enumerate(map(dict, sources))
        ]
        session = wealthsources.open({"sources": chain, **settings})
        opened.append(session)
        return session

    yield make
    import zmine_module

    for source in zmine_module.MADE:
        source.release.set()
    for session in opened:
        session.stop()


def context_at(place: int, **more) -> SimpleNamespace:
    bar = {"open_time": T0 + place * HOUR, "timeframe": "1h"}
    return SimpleNamespace(current_bar=bar, history=lambda symbol, count, timeframe: [], **more)
