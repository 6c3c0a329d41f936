"""A small engine: runs a strategy over a backtest, then live, and compares its signals bar by bar.

    python examples/engine.py examples/joinquant/mean_of_days.py --symbol BTCUSDT --timeframe 1h --bars 200

What an engine does for wealthdata: `extend` gives strategies its own names, `set_context` binds what it hands to them.
All bars come from the sources of config.yaml: in the backtest the context and the archive, as of the context's clock;
live a WebSocket feed before these, a server on this machine that plays the same bars. Orders are noted, not filled.
"""

import argparse
import datetime as dt
import importlib.util
import os
import queue
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import wealthdata
import wealthsources
from wealthsources_simulator import MarketServer

ROOT = Path(__file__).resolve().parent.parent
END = SimpleNamespace(current_dt=dt.datetime(2019, 10, 1, tzinfo=dt.UTC))  # of the sample data


class Context:
    """What a strategy is handed: the clock, the bar of the moment, and the bars so far."""

    def __init__(self, bar):
        self.universe, self._bars = [bar.symbol], []
        self.market_data_context = [{"symbol": bar.symbol, "timeframe": bar.timeframe, "bars": self._bars}]
        self.advance(bar)

    def advance(self, bar):
        self._bars.append(bar)
        self.current_bar, self.now_ms = bar, bar.end  # together: before a bar is over, nothing of it is here
        # Without a zone, and in UTC: so are the labels of wealthdata, unless `configure` says something else.
        self.current_dt = dt.datetime.fromtimestamp(bar.end / 1000, dt.UTC).replace(tzinfo=None)


class Data(dict):
    """The `data` of handle_data: data["BTCUSDT"] is the symbol's newest closed bar of the engine's timeframe."""

    def __missing__(self, symbol):
        context = wealthdata.get_context()
        return context.history(symbol, 1, context.current_bar.timeframe)[-1]


class Engine:
    """Runs one strategy. The signals of a run are what it ordered and recorded: numbers by name, by `current_dt`."""

    def __init__(self, path):
        self.g = SimpleNamespace()
        own = {name: getattr(self, name) for name in ("g", "run_daily", "order_target", "record")}
        ignored = dict.fromkeys(("set_benchmark", "set_option", "set_order_cost"), lambda *_, **__: None)
        log = SimpleNamespace(**dict.fromkeys(("debug", "info", "warn", "error"), print))
        self.take_away = wealthdata.extend(log=log, **own, **ignored)
        spec = importlib.util.spec_from_file_location(f"strategy_{path.stem}", path)
        self.strategy = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.strategy)

    def run_daily(self, function, time="every_bar"):
        hours, _, minutes = time.partition(":")
        self.jobs.append((function, None if time == "every_bar" else int(hours) * 60 + int(minutes)))

    def order_target(self, security, amount):
        self.record(**{f"order {security}": amount})

    def record(self, **values):
        self.said.update({name: float(value) for name, value in values.items()})

    def backtest(self, bars):
        """The signals of all bars but the first, at whose end the strategy begins."""
        return self.run(Context(bars[0]), bars[1:], "backtest")

    def live(self, session, market, first):
        """The signals of the bars that the market plays; the strategy begins at the end of the one before, `first`."""
        queued = queue.Queue()
        session.subscribe(queued.put)  # which starts the feed
        events = iter(lambda: queued.get(timeout=10), None)
        next(event for event in events if event.state == "connected")
        return self.run(Context(first), closed_bars(market, events), "live")

    def run(self, context, bars, mode):
        print(f"{mode} from {context.current_dt}")
        vars(self.g).clear()
        self.jobs, self.said, signals = [], {}, {}
        wealthdata.set_context(context, mode=mode)
        try:
            self.strategy.initialize(context)
            for bar in bars:
                context.advance(bar)
                self.said = signals[context.current_dt] = {}
                for function, minute in self.jobs:
                    if minute is None or (minute * 60_000 - bar.open_time - 1) % 86_400_000 < bar.end - bar.open_time:
                        function(context)
                for name, handed in (("handle_data", Data()), ("handle_bar", bar)):
                    getattr(self.strategy, name, lambda *_: None)(context, handed)
        finally:
            wealthdata.clear_context()
        return signals


def closed_bars(market, events):
    """Each bar as soon as the feed says that it is closed. One that is corrected later would come once more."""
    for _ in market.bars:
        market.play_bars(1)  # a real market does not wait for its clients; here both runs must ask at the same times
        yield next(event.bar for event in events if event.kind == "bar" and event.bar.closed)


def compare(tested, traded):
    """Print what differs, else the last signals. Returns the exit code."""
    times = sorted(tested | traded)
    different = [time for time in times if str(tested.get(time)) != str(traded.get(time))]  # in text NaN equals NaN
    for time in different[:5] or times[-5:]:
        print(f"{time}  backtest {tested.get(time)}\n{'live':>25} {traded.get(time)}")
    print(f"signals compared {len(times)} · different {len(different)}")
    return int(bool(different) or not any(tested.values()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("strategy", nargs="?", type=Path, default=ROOT / "examples/joinquant/mean_of_days.py")
    parser.add_argument("--symbol", default="BTCUSDT")
    parser.add_argument("--timeframe", default="1h")
    parser.add_argument("--bars", type=int, default=200)
    parser.add_argument("--market", help="a file that the market plays instead of the bars of the backtest")
    args = parser.parse_args()
    series = {"symbol": args.symbol, "timeframe": args.timeframe}
    engine = Engine(args.strategy)
    with wealthsources.open(ROOT / "config.yaml") as session:
        bars = session.adapter(END, mode="backtest").get_history(**series, count=args.bars + 1)
        tested = engine.backtest(bars)
    with tempfile.TemporaryDirectory() as folder:
        bars[1:].to_frame().assign(open_time=bars.open_times[1:]).to_csv(same := f"{folder}/market.csv", index=False)
        market = MarketServer.from_csv(args.market or same, **series, closed_flag="closed", manual=True)
    with market:
        os.environ.update(WEALTHSOURCES_CLOCK="feed", WEBSOCKET_ENDPOINT=market.url, WEBSOCKET_CSRF_TOKEN="whatever")
        os.environ.update(WEBSOCKET_SYMBOLS=args.symbol, WEBSOCKET_RESOLUTIONS=args.timeframe)
        with wealthsources.open(ROOT / "config.yaml") as session:
            traded = engine.live(session, market, bars[0])
    engine.take_away()
    return compare(tested, traded)


if __name__ == "__main__":
    sys.exit(main())
