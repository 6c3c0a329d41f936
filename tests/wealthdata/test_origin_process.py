"""Defects of the origin, and why each is impossible here: those of what a process is run with, in new processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from ..support.markets import ROOT

WITHOUT = """
import os, sys
for name in ("websocket", "msgspec", "python_socks", "websockets"):
    sys.modules[name] = None  # as if it were not installed

import wealthdata
from types import SimpleNamespace

def told(work):
    try:
        return repr(work())
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"

T0, HOUR = 1_704_067_200_000, 3_600_000
row = dict.fromkeys(["open", "high", "low", "close", "volume"], "1")
hours = [{"open_time": T0 + n * HOUR, **row} for n in range(9)]

def strategy():
    entry = {"symbol": "BTCUSDT", "timeframe": "1h", "bars": hours}
    wealthdata.set_context(SimpleNamespace(market_data_context=[entry], now_ms=T0 + 5 * HOUR))
    return wealthdata.get_price("BTCUSDT", count=3, frequency="1h")["close"].tolist()

print(told(strategy))
wealthdata.clear_context()
os.environ["WEALTHSOURCES_CONFIG"] = sys.argv[1]
print(told(strategy))
print(told(lambda: wealthdata.get_price("BTCUSDT", count=3, frequency="1h")))
print(told(lambda: __import__("engine.python_sdk")))
print(told(lambda: __import__("engine.python_sdk.websocket_manager")))
"""


def test_origin_06_what_is_not_installed_is_told_and_turns_nothing_off(tmp_path):
    """A missing dependency was swallowed, and the context alone was read: the WebSocket was off, and nobody knew."""
    path = tmp_path / "config.yaml"
    path.write_text(
        "sources:\n- {plugin: websocket, options: {symbols: [BTCUSDT], resolutions: [1h]}}\n- {plugin: context}\n"
    )
    command = [sys.executable, "-c", WITHOUT, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "compat")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    alone, bound, unbound, legacy, manager = done.stdout.splitlines()
    assert alone == "[1.0, 1.0, 1.0]"  # what needs none of it works
    needs = (
        "ConfigError: .*plugin 'websocket' needs `pip install 'wealthsources\\[websocket\\]'`.*'(?:websocket|msgspec)'"
    )
    assert re.match(needs, bound)
    assert re.match(needs, unbound)
    for text in (legacy, manager):
        assert text.startswith("ModuleNotFoundError: import of websocket")


MOMENT = """
import datetime as dt, sys, time
from types import SimpleNamespace
import wealthdata

T0, HOUR = 1_704_067_200_000, 3_600_000
row = dict.fromkeys(["open", "high", "low", "close", "volume"], "1")
hours = [{"open_time": T0 + n * HOUR, "close_time": T0 + (n + 1) * HOUR - 1, **row} for n in range(90)]
context = SimpleNamespace(market_data_context=[{"symbol": "BTCUSDT", "timeframe": "1h", "bars": hours}])
context.current_dt = dt.datetime(2024, 1, 2, 20)
wealthdata.set_context(context)

def show():
    frame = wealthdata.get_price("BTCUSDT", count=2, frequency="1h")
    print(frame.index[-1], context.current_dt, wealthdata.get_trade_days(count=1)[0])
    print(wealthdata.get_price("BTCUSDT", "2024-01-02 18:00", "2024-01-02 20:00", "1h").index.tolist())
    print(wealthdata.get_price("BTCUSDT", count=1).index[-1], wealthdata.bars_to_dataframe(hours[:1]).index[-1])

try:
    show()
except wealthdata.ClockError as error:
    print(error)
wealthdata.configure(tz=sys.argv[1])
show()
print(time.localtime(0).tm_hour, file=sys.stderr)
"""


def test_origin_14_the_machines_zone_is_nowhere_in_an_answer():
    """current_dt and trade days were in the machine's zone and the index in UTC: 11:59 against 03:59."""

    def started(machine, zone):
        command = [sys.executable, "-c", MOMENT, zone]
        environment = {**os.environ, "TZ": machine}
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    running = [started(machine, "UTC") for machine in ("Asia/Shanghai", "EST+5")]
    done = [process.communicate(timeout=50) for process in running]
    assert [errors.strip() for _, errors in done] == ["8", "19"]  # they did run in these zones
    assert done[0][0] == done[1][0]
    lines = done[0][0].splitlines()
    assert "current_dt has no time zone" in lines[0]  # until it is stated it is not guessed
    assert lines[1] == "2024-01-02 20:00:00 2024-01-02 20:00:00 2024-01-02"
    assert lines[2] == "[Timestamp('2024-01-02 19:00:00'), Timestamp('2024-01-02 20:00:00')]"
    assert lines[3] == "2024-01-01 00:00:00 2024-01-01 01:00:00"
