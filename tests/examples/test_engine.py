"""The embedding engine: as a user runs it, and each JoinQuant snippet against plain pandas on the files."""

from __future__ import annotations

import datetime as dt
import functools
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import wealthdata
import wealthsources
from wealthsources import Bars
from wealthsources_simulator import MarketServer

from ..support.live_source import use_policies

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "examples" / "engine.py"
SNIPPETS = ROOT / "examples" / "joinquant"
DATA = ROOT / "examples" / "data"
SETTINGS = ("ENDPOINT", "CSRF_TOKEN", "SYMBOLS", "RESOLUTIONS")
STEPS = {"1m": pd.Timedelta("1min"), "1h": pd.Timedelta("1h"), "1d": pd.Timedelta("1D")}

#: What is run over what: snippet, symbol and timeframe of the bars that the engine hands out, how many, the last end.
RUNS = [
    ("mean_of_days", "BTCUSDT", "1d", 40, "2019-10-01"),
    ("mean_of_days", "BTCUSDT", "1h", 40, "2019-09-07"),
    ("mean_of_days", "TESTUSDT", "1m", 40, "2019-09-30 08:30"),
    ("stronger_of_two", "BTCUSDT", "1d", 40, "2019-10-01"),
    ("stronger_of_two", "BTCUSDT", "1h", 52, "2019-09-03 02:00"),
    ("stronger_of_two", "TESTUSDT", "1m", 40, "2019-09-30 00:20"),
    ("breakout", "TESTUSDT", "1d", 2, "2019-10-01"),
    ("breakout", "TESTUSDT", "1m", 40, "2019-09-30 01:07"),
]

Signals = dict[dt.datetime, dict[str, float]]

at = dt.datetime.fromisoformat


@pytest.fixture(scope="session")
def example() -> ModuleType:
    """The example; not as `engine`, which is a package of compat."""
    spec = importlib.util.spec_from_file_location("examples_engine", ENGINE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def engine(example: ModuleType) -> Iterator[Callable[[Path], Any]]:
    """engine(path of a strategy)"""
    made = []

    def make(path: Path) -> Any:
        made.append(example.Engine(path))
        return made[-1]

    yield make
    for each in made:
        each.take_away()


@pytest.fixture
def strategy(engine: Callable[[Path], Any], tmp_path: Path) -> Callable[[str], Any]:
    """strategy(text): an engine with it."""

    def make(text: str) -> Any:
        path = tmp_path / "strategy.py"
        path.write_text("from wealthdata import *\n" + text)
        return engine(path)

    return make


def bars_until(end: str, symbol: str, timeframe: str, count: int) -> Bars:
    """The bars to hand out, and the one before them; out of the open session."""
    now = SimpleNamespace(current_dt=at(end).replace(tzinfo=dt.UTC))
    return wealthsources.current_session().adapter(now, "backtest").get_history(symbol, count + 1, timeframe)


def backtest(engine: Any, end: str, symbol: str = "BTCUSDT", timeframe: str = "1h", count: int = 5) -> Signals:
    with wealthsources.open(ROOT / "config.yaml"):
        return engine.backtest(bars_until(end, symbol, timeframe, count))


# as a user runs it ---------------------------------------------------------------------------------------------


@pytest.fixture
def run(
    example: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, list[str]]]:
    """run(arguments): the exit code and the lines that are printed."""
    use_policies(monkeypatch)

    def main(*arguments: object) -> tuple[int, list[str]]:
        for name in ("WEALTHSOURCES_CLOCK", *(f"WEBSOCKET_{name}" for name in SETTINGS)):
            monkeypatch.setenv(name, "")  # to be as before when the test is over
            monkeypatch.delenv(name)
        monkeypatch.setattr(sys, "argv", ["engine.py", *map(str, arguments)])
        code = example.main()
        return code, capsys.readouterr().out.splitlines()

    return main


def test_the_command_that_it_shows_finds_equal_signals():
    shown = re.search(r"^    python examples/engine\.py (.*)$", ENGINE.read_text(), re.MULTILINE)
    command = [sys.executable, "examples/engine.py", *shown[1].split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[-1], done.stderr) == (0, "signals compared 200 · different 0", "")
    said = [line for line in lines if "bought at" in line or "sold at" in line]
    assert len(said) >= 2
    assert said[: len(said) // 2] == said[len(said) // 2 :]


def test_a_timeframe_without_a_file_is_played_live_as_well(run):
    code, lines = run(SNIPPETS / "stronger_of_two.py", "--timeframe", "1d", "--bars", 4)
    assert (code, lines[-1]) == (0, "signals compared 4 · different 0")
    assert all("'order BTCUSDT'" in line for line in lines if "backtest {" in line or "live {" in line)


def test_one_changed_bar_of_the_market_is_found(run, tmp_path):
    header, *rows = (DATA / "BTCUSDT" / "1h.csv").read_text().splitlines()
    played = [row.split(",") for row in rows[-30:]]
    close, low = played[11][4], played[11][3]
    played[11][4] = low
    changed = tmp_path / "changed.csv"
    changed.write_text("\n".join([header, *(",".join(row) for row in played)]) + "\n")
    code, lines = run("--bars", 30, "--market", changed)
    assert (code, lines[-1]) == (1, "signals compared 30 · different 1")
    assert lines[-3].startswith(f"2019-09-30 06:00:00  backtest {{'price': {close}, ")
    assert lines[-2].strip().startswith(f"live {{'price': {low}, ")


def test_a_bar_that_only_one_run_has_is_a_difference(example, capsys):
    first, second = at("2020-01-01"), at("2020-01-02")
    assert example.compare({first: {"x": 1.0}, second: {"x": 1.0}}, {first: {"x": 1.0}}) == 1
    assert capsys.readouterr().out.endswith("signals compared 2 · different 1\n")


@pytest.mark.parametrize("times", [[], ["2020-01-01"]])
def test_runs_without_any_signal_show_nothing_and_so_fail(example, times):
    signals: Signals = {at(time): {} for time in times}
    assert example.compare(signals, signals) == 1


def test_a_number_that_is_not_known_equals_itself(example):
    time = at("2020-01-01")
    assert example.compare({time: {"x": float("nan")}}, {time: {"x": float("nan")}}) == 0


def test_it_is_small():
    assert len(ENGINE.read_text().splitlines()) < 150


# live ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Signals, Signals]]:
    """live(engine, end, symbol, timeframe, count): the signals of a backtest and of a live run of the same bars."""
    use_policies(monkeypatch)

    def both(engine: Any, end: str, symbol: str, timeframe: str, count: int) -> tuple[Signals, Signals]:
        with wealthsources.open(ROOT / "config.yaml"):
            bars = bars_until(end, symbol, timeframe, count)
            tested = engine.backtest(bars)
        file = DATA / symbol / f"{timeframe}.csv"
        skip = [int(line.split(",")[0]) for line in file.read_text().splitlines()[1:]].index(bars[1].open_time)
        options = {"skip": skip, "limit": count, "closed_flag": "closed", "manual": True}
        with MarketServer.from_csv(file, symbol=symbol, timeframe=timeframe, **options) as market:
            for name, value in zip(SETTINGS, (market.url, "any", symbol, timeframe), strict=True):
                monkeypatch.setenv(f"WEBSOCKET_{name}", value)
            monkeypatch.setenv("WEALTHSOURCES_CLOCK", "feed")
            with wealthsources.open(ROOT / "config.yaml") as session:
                return tested, engine.live(session, market, bars[0])

    return both


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe", "end"),
    [
        ("stronger_of_two", "BTCUSDT", "1h", "2019-09-03 01:00"),
        ("breakout", "TESTUSDT", "1m", "2019-09-30 00:13"),
        ("mean_of_days", "TESTUSDT", "1m", "2019-09-30 08:10"),
    ],
)
def test_a_snippet_says_the_same_live(engine, live, name, symbol, timeframe, end):
    tested, traded = live(engine(SNIPPETS / f"{name}.py"), end, symbol, timeframe, 26)
    assert len(tested) == 26
    assert any(tested.values())
    assert traded == tested


def test_live_the_newest_bars_are_those_of_the_feed(strategy, live):
    made = strategy(
        "def initialize(context):\n"
        "    pass\n"
        "def handle_bar(context, bar):\n"
        "    sources = [each.source for each in context.history('BTCUSDT', 4, '1h')]\n"
        "    record(**{name: sources.count(name) for name in sources})\n"
    )
    tested, traded = live(made, "2019-09-06 01:00", "BTCUSDT", "1h", 2)
    assert list(traded.values()) == [{"archive": 2, "context": 1, "live": 1}, {"archive": 1, "context": 1, "live": 2}]
    assert list(tested.values()) == [{"archive": 2, "context": 2}, {"archive": 1, "context": 3}]


def test_a_strategy_may_ask_for_bars_when_it_begins(strategy, live):
    made = strategy(
        "def initialize(context):\n"
        "    g.first = get_price('BTCUSDT', count=3, frequency='1h')['close'][-1]\n"
        "def handle_bar(context, bar):\n"
        "    record(first=g.first, close=bar.close)\n"
    )
    tested, traded = live(made, "2019-09-06 01:00", "BTCUSDT", "1h", 2)
    before = closes("BTCUSDT", "1h").loc["2019-09-05 23:00"]
    assert [said["first"] for said in tested.values()] == [before, before]
    assert traded == tested


# what it does for strategies -----------------------------------------------------------------------------------


def test_a_bar_is_released_at_its_end(strategy):
    made = strategy(
        "def initialize(context):\n"
        "    pass\n"
        "def handle_bar(context, bar):\n"
        "    df = get_price('BTCUSDT', count=2, frequency='1h')\n"
        "    assert df.index[-1] == context.current_dt\n"
        "    record(end=bar.end - context.now_ms, close=df['close'][-1] - bar.close, bars=len(df))\n"
    )
    signals = backtest(made, "2019-09-06 01:00", count=3)
    assert list(signals) == [at("2019-09-05 23:00"), at("2019-09-06 00:00"), at("2019-09-06 01:00")]
    assert list(signals.values()) == [{"end": 0.0, "close": 0.0, "bars": 2.0}] * 3


@pytest.mark.parametrize(
    ("timeframe", "count", "at_midnight", "at_half_past_nine"),
    [
        ("1h", 48, ["09-05 00:00", "09-06 00:00"], ["09-04 10:00", "09-05 10:00"]),
        ("1d", 2, ["09-05 00:00", "09-06 00:00"], ["09-05 00:00", "09-06 00:00"]),
    ],
)
def test_a_daily_function_runs_with_the_bar_in_which_its_time_comes(
    strategy, timeframe, count, at_midnight, at_half_past_nine
):
    made = strategy(
        "def initialize(context):\n"
        "    run_daily(lambda context: record(midnight=1), '00:00')\n"
        "    run_daily(lambda context: record(half_past_nine=1), time='9:30')\n"
        "    run_daily(lambda context: record(always=1), time='every_bar')\n"
    )
    signals = backtest(made, "2019-09-06", timeframe=timeframe, count=count)
    times = {
        name: [f"{time:%m-%d %H:%M}" for time, said in signals.items() if name in said]
        for name in ("midnight", "half_past_nine", "always")
    }
    assert (times["midnight"], times["half_past_nine"]) == (at_midnight, at_half_past_nine)
    assert len(times["always"]) == count


def test_nothing_of_one_run_is_left_in_the_next(strategy):
    made = strategy(
        "def initialize(context):\n"
        "    run_daily(count)\n"
        "    g.bars = getattr(g, 'bars', 0)\n"
        "def count(context):\n"
        "    g.bars += 1\n"
        "    record(bars=g.bars)\n"
    )
    first = backtest(made, "2019-09-06")
    assert [said["bars"] for said in first.values()] == [1, 2, 3, 4, 5]
    assert backtest(made, "2019-09-06") == first


def test_the_data_of_handle_data_are_the_newest_bars_of_any_symbol(strategy):
    made = strategy(
        "def initialize(context):\n"
        "    set_benchmark('BTCUSDT')\n"
        "    set_option('use_real_price', True)\n"
        "def handle_data(context, data):\n"
        "    record(real=data['BTCUSDT'].close, made=data['TESTUSDT'].close)\n"
    )
    signals = backtest(made, "2019-09-06", count=2)
    for time, said in signals.items():
        assert said == {"real": closes("BTCUSDT", "1h")[time], "made": closes("TESTUSDT", "1h")[time]}


def test_an_error_of_a_strategy_is_not_swallowed_and_leaves_nothing_bound(strategy):
    made = strategy("def initialize(context):\n    pass\ndef handle_bar(context, bar):\n    1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        backtest(made, "2019-09-06")
    with pytest.raises(wealthdata.NoContextError):
        wealthdata.get_context()


def test_the_names_of_the_engine_can_be_taken_away(strategy):
    made = strategy("def initialize(context):\n    pass\n")
    assert wealthdata.order_target == made.order_target
    made.take_away()
    assert not hasattr(wealthdata, "order_target")


# the snippets against pandas -----------------------------------------------------------------------------------


@functools.cache
def read(symbol: str, timeframe: str) -> pd.DataFrame:
    """A file as it is, indexed by the end of each bar."""
    frame = pd.read_csv(DATA / symbol / f"{timeframe}.csv")
    frame.index = pd.to_datetime(frame["open_time"], unit="ms").dt.as_unit("ns") + STEPS[timeframe]
    return frame


@functools.cache
def closes(symbol: str, timeframe: str) -> pd.Series:
    """By the end of the bar; days are made of hours."""
    if timeframe != "1d":
        return read(symbol, timeframe)["close"]
    hours = read(symbol, "1h")["close"]
    return hours.resample("1D", label="right", closed="right").last()


def days_before(symbol: str, now: pd.Timestamp, count: int) -> pd.Series:
    days = closes(symbol, "1d")
    return days[days.index <= now].tail(count)


def last_price(symbol: str, now: pd.Timestamp) -> float:
    """The close of the bar that ended last, whichever file has it."""
    files = [closes(symbol, path.stem) for path in (DATA / symbol).glob("*.csv")]
    seen = [series[series.index <= now] for series in files]
    return max((series for series in seen if len(series)), key=lambda series: series.index[-1]).iloc[-1]


def mean_of_days(times: pd.DatetimeIndex, symbol: str, timeframe: str) -> Signals:
    found, holding = {}, False
    for now in times:
        days = days_before(symbol, now, 5)
        price, mean = closes(symbol, timeframe)[now], days.mean()
        found[now] = {"price": price, "mean": mean, "yesterday": days.iloc[-1]}
        if (price > mean) != holding:
            holding = bool(price > mean)
            found[now][f"order {symbol}"] = float(holding)
    return found


def stronger_of_two(times: pd.DatetimeIndex, symbol: str, timeframe: str) -> Signals:
    found, held, entry = {}, None, None
    for now in times:
        said = found[now] = {}
        if now == now.normalize():
            days = {each: days_before(each, now, 20) for each in ("BTCUSDT", "TESTUSDT")}
            said |= {each: days[each].iloc[-1] / days[each].iloc[0] - 1 for each in days}
            held = "BTCUSDT" if said["BTCUSDT"] >= said["TESTUSDT"] else "TESTUSDT"
            entry = last_price(held, now)
            said |= {f"order {each}": float(each == held) for each in days}
        if held is not None:
            said["price"] = last_price(held, now)
            if said["price"] < 0.99 * entry:
                said[f"order {held}"] = 0.0
                held = None
    return found


def breakout(times: pd.DatetimeIndex, symbol: str, timeframe: str) -> Signals:
    minutes, found = read(symbol, "1m"), {}
    for now in times:
        seen = minutes[minutes.index <= now]
        opened = seen.index - STEPS["1m"]
        fives = seen["close"].groupby(opened.floor("5min")).last().tail(20)
        today = seen[opened.normalize() == opened[-1].normalize()]
        last, highest = fives.iloc[-1], fives.iloc[:-1].max()
        rise = today["close"].iloc[-1] - today["open"].iloc[0]
        found[now] = {"last": last, "highest": highest, "today": rise, f"order {symbol}": float(last > highest)}
    return found


@pytest.mark.parametrize(("name", "symbol", "timeframe", "count", "end"), RUNS)
def test_a_snippet_says_what_pandas_says(engine, name, symbol, timeframe, count, end):
    signals = backtest(engine(SNIPPETS / f"{name}.py"), end, symbol, timeframe, count)
    times = pd.date_range(end=end, periods=count, freq=STEPS[timeframe])
    expected = globals()[name](times, symbol, timeframe)
    assert list(signals) == [time.to_pydatetime() for time in times]
    for time, said in expected.items():
        assert signals[time.to_pydatetime()] == pytest.approx(said, rel=1e-12), time


@pytest.mark.parametrize(("name", "symbol", "timeframe", "count", "end"), RUNS)
def test_what_pandas_says_buys_and_sells(name, symbol, timeframe, count, end):
    """Else it would not tell much that the signals are the same."""
    times = pd.date_range(end=end, periods=count, freq=STEPS[timeframe])
    expected = globals()[name](times, symbol, timeframe)
    orders = {value for said in expected.values() for key, value in said.items() if key.startswith("order ")}
    assert orders == ({0.0} if (name, timeframe) == ("breakout", "1d") else {0.0, 1.0})


def test_every_snippet_is_run():
    assert {path.stem for path in SNIPPETS.glob("*.py")} == {name for name, *_ in RUNS}
