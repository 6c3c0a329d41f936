"""A strategy on a live feed that breaks and heals: `make demo`.

The market is a real server on this machine that plays real bars, about 20 a second; in the middle of a bar it cuts the
connection and lets nobody in for seven bars. The strategy, double_mean.py, knows nothing of all this: it calls
`get_price` and gets the newest 20 closed bars, from the live feed, its own context, or the archive. At the end every
bar of every answer is compared with the file.
"""

from __future__ import annotations

import csv
import logging
import os
import queue
import sys
import time
from collections import Counter, deque
from pathlib import Path

import double_mean
import pandas as pd
from rich.console import Console
from rich.live import Live
from rich.table import Table

import wealthdata
import wealthsources
from wealthsources_simulator import MarketServer

HERE = Path(__file__).resolve().parent
FILE = HERE / "data" / "BTCUSDT" / "1h.csv"
IN_CONTEXT, PLAYED, RATE = 200, 300, 20
CUT_AT, CUT_FOR = "120.5", 7
HOUR = 3_600_000
VALUES = ("open", "high", "low", "close", "volume")
ROWS_SHOWN = 10


class Context:
    """What an engine hands to a strategy: the bars so far, as text, and the bar of the moment."""

    def __init__(self, bars: list[dict]) -> None:
        self.market_data_context = [{"symbol": "BTCUSDT", "timeframe": "1h", "bars": bars}]
        self.current_bar = bars[-1]


class Checker:
    """Compares every bar that the strategy was given with the file."""

    def __init__(self, bars: list[dict], server: MarketServer) -> None:
        self.counts = Counter(checked=0, missing=0, different=0, duplicated=0, ahead=0)
        self._server = server
        self._ends = [bar["open_time"] + HOUR for bar in bars]
        self._truth = dict(zip(self._ends, (values(bar) for bar in bars), strict=True))

    def get_price(self, *args, **kwargs) -> pd.DataFrame:
        """Stands between the strategy and wealthdata, looks at each answer, and passes it on unchanged."""
        frame = wealthdata.get_price(*args, **kwargs)
        self.check(frame, kwargs["count"])
        return frame

    def check(self, frame: pd.DataFrame, count: int) -> None:
        ends = [int(stamp.timestamp() * 1000) for stamp in frame.index]
        played = self._ends[IN_CONTEXT + self._server.position - 1]
        due = [end for end in self._ends if end <= ends[-1]][-count:]
        self.counts["checked"] += len(ends)
        self.counts["missing"] += len(set(due) - set(ends))
        self.counts["duplicated"] += len(ends) - len(set(ends))
        self.counts["ahead"] += sum(end > played for end in ends)
        for end, row in zip(ends, frame[[*VALUES]].itertuples(index=False), strict=True):
            self.counts["different"] += tuple(row) != self._truth.get(end)


def values(bar: dict) -> tuple[float, ...]:
    return tuple(float(bar[name]) for name in VALUES)


def read_file() -> list[dict]:
    with FILE.open(newline="") as lines:
        return [{**row, "open_time": int(row["open_time"])} for row in csv.DictReader(lines)]


def table(rows: deque) -> Table:
    shown = Table(title="double_mean on BTCUSDT 1h", title_justify="left", min_width=78)
    for name in ("time (UTC)", "close", "mean 5", "mean 20", "signal", "live", "context", "archive"):
        shown.add_column(name, justify="left" if name in ("time (UTC)", "signal") else "right")
    for row in rows:
        shown.add_row(*row)
    return shown


def row_of(context: Context, bar: wealthsources.Bar, bars: wealthsources.Bars) -> tuple[str, ...]:
    shares = Counter(each.source for each in bars)
    end = time.strftime("%Y-%m-%d %H:%M", time.gmtime(bar.end / 1000))
    means = (f"{context.short:.2f}", f"{context.long:.2f}")
    colour = {"buy": "green", "sell": "red"}[context.signal]
    signal = f"[{colour}]{context.signal}[/]"
    return (
        end,
        f"{context.close:.2f}",
        *means,
        signal,
        *(str(shares[name] or "") for name in ("live", "context", "archive")),
    )


def trade(console: Console, session: wealthsources.Session, server: MarketServer, context: Context) -> None:
    """The engine: hands each bar that closes to the strategy until the market has played all of them."""
    events: queue.Queue[wealthsources.Event] = queue.Queue()
    adapter = session.adapter(context, mode="live")
    rows: deque = deque(maxlen=ROWS_SHOWN)
    session.subscribe(events.put)
    double_mean.initialize(context)
    with Live(table(rows), console=console, refresh_per_second=12) as live:
        while not (server.wait_finished(0) and events.empty()):
            try:
                event = events.get(timeout=0.2)
            except queue.Empty:
                continue
            if event.kind == "bar" and event.bar is not None:
                if event.bar.closed:
                    context.current_bar = event.bar
                    double_mean.handle_bar(context, event.bar)
                    rows.append(row_of(context, event.bar, adapter.get_history("BTCUSDT", double_mean.LONG)))
                    live.update(table(rows))
            else:
                console.print(told(event))


def told(event: wealthsources.Event) -> str:
    if event.kind == "state":
        return f"[bold]{event.source}[/]: {event.state}" + (f" ({event.reason})" if event.reason else "")
    if event.kind == "hole":
        return f"[bold]{event.source}[/]: [yellow]hole[/]: {event.hole} UTC"
    return f"[bold]{event.source}[/]: [green]filled[/]: {event.hole} UTC, by {event.reason}"


def main() -> int:
    logging.getLogger("wealthsources").setLevel(logging.ERROR)  # what happens is told by the events
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    bars = read_file()
    server = MarketServer.from_csv(
        FILE,
        symbol="BTCUSDT",
        timeframe="1h",
        rate=RATE,
        token="demo-token",
        skip=IN_CONTEXT,
        limit=PLAYED,
        drop_at=CUT_AT,
        drop_for=CUT_FOR,
    )
    filled: list[wealthsources.Event] = []
    with server:
        os.environ.update(
            WEALTHSOURCES_CLOCK="feed",
            WEBSOCKET_ENDPOINT=server.url,
            WEBSOCKET_CSRF_TOKEN="demo-token",
            WEBSOCKET_SYMBOLS="BTCUSDT",
            WEBSOCKET_RESOLUTIONS="1h",
        )
        checker = Checker(bars, server)
        double_mean.get_price = checker.get_price
        with wealthsources.open(HERE.parent / "config.yaml") as session:
            context = Context(bars[:IN_CONTEXT])
            wealthdata.set_context(context, mode="live")
            session.subscribe(lambda event: filled.append(event) if event.kind == "filled" else None)
            trade(console, session, server, context)
            reconnects = session.status().sources["live"].reconnects
            wealthdata.clear_context()
    if not console.is_terminal:
        print()  # rich leaves the last line of a live table open
    counts = checker.counts
    found = " · ".join(f"{name} {counts[name]}" for name in ("missing", "different", "duplicated", "ahead"))
    print(f"bars checked {counts['checked']} · {found} · reconnects {reconnects} · holes filled {len(filled)}")
    wrong = counts["missing"] or counts["different"] or counts["duplicated"] or counts["ahead"]
    return int(bool(wrong) or counts["checked"] == 0 or reconnects != 1 or len(filled) != 1)


if __name__ == "__main__":
    sys.exit(main())
