"""What one frame costs from its bytes to the row of its bar, exchange by exchange, beside WealthAI's.

All in one thread and one process, in turns, so that the ratios can be compared on a noisy machine. No socket: see
`benchmarks/run.py` for what else happens on a connection.
"""

from __future__ import annotations

import gc
import itertools
import json
import logging
import statistics
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

from wealthsources.model.markets import Markets
from wealthsources_websocket.connection.shards import Shards
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols.base import Limits
from wealthsources_websocket.source import WebSocketSource

MINUTE = 60_000
T0 = 1_600_000_020_000
UPDATES = 30  # of each bar; exchanges send one or two a second
SYMBOLS = [f"C{number:03}USDT" for number in range(1_000)]

Values = tuple[str, str, str, str, str]


def states(bars: int) -> Iterator[tuple[int, Values, bool]]:
    """Open time, values and flag of each message of a series."""
    for bar, step in itertools.product(range(bars), range(UPDATES)):
        close, volume = f"{91000 + step % 7}.{step:02}", f"{12 + step}.50000"
        yield T0 + bar * MINUTE, ("91000.10", "91010.00", "90990.50", close, volume), step == UPDATES - 1


def wealthai(symbol: str, opened: int, values: Values, closed: bool) -> str:
    o, h, l, c, v = values  # noqa: E741
    times = {"open_time": opened, "close_time": opened + MINUTE}
    bar = {"open": o, "high": h, "low": l, "close": c, "volume": v, "is_closed": closed}
    return json.dumps({"type": "BAR", "symbol": symbol, "timeframe": "1m", **times, **bar}, separators=(",", ":"))


def binance(symbol: str, opened: int, values: Values, closed: bool) -> str:
    o, h, l, c, v = values  # noqa: E741
    kline = {"t": opened, "T": opened + MINUTE - 1, "s": symbol, "i": "1m", "f": 71, "L": 93, "o": o, "c": c, "h": h}
    kline |= {"l": l, "v": v, "n": 23, "x": closed, "q": "1173953.00", "V": "6.3", "Q": "573000.0", "B": "0"}
    return json.dumps({"e": "kline", "E": opened + 58_000, "s": symbol, "k": kline}, separators=(",", ":"))


def okx(symbol: str, opened: int, values: Values, closed: bool) -> str:
    row = [str(opened), *values, "1173953", "1173953", str(int(closed))]
    arg = {"channel": "candle1m", "instId": symbol.replace("USDT", "-USDT")}
    return json.dumps({"arg": arg, "data": [row]}, separators=(",", ":"))


def kraken(symbol: str, opened: int, values: Values, closed: bool) -> str:  # noqa: ARG001 - it has no flag
    o, h, l, c, v = values  # noqa: E741
    numbers = f'"open":{o},"high":{h},"low":{l},"close":{c},"volume":{v}'
    begin = time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime(opened / 1000))
    entry = f'{{"symbol":"{symbol.replace("USDT", "/USDT")}",{numbers},"trades":23,"vwap":91003.1,'
    entry += f'"interval_begin":"{begin}","interval":1,"timestamp":"2027-01-15T08:01:00.000000Z"}}'
    return f'{{"channel":"ohlc","type":"update","timestamp":"2027-01-15T08:02:03.000000000Z","data":[{entry}]}}'


FRAMES: dict[str, Callable[[str, int, Values, bool], str]] = {
    "wealthai": wealthai,
    "binance": binance,
    "okx": okx,
    "kraken": kraken,
}


class Receiver:
    """A source whose shards are up without a connection, and what its reader does with a frame."""

    def __init__(self, protocol: str, symbols: list[str], per_connection: int | None = None) -> None:
        options = WebSocketOptions(protocol=protocol, symbols=symbols, resolutions=["1m"])
        self.source = WebSocketSource(options)
        spoken = self.source._protocol
        if per_connection is not None:
            spoken.limits = Limits(series_per_connection=per_connection)
        nothing = lambda *_: None  # noqa: E731
        clock = SimpleNamespace(name="feed", saw_open=nothing, saw_closed=nothing)
        host = SimpleNamespace(name="live", clock=clock, logger=logging.getLogger(), listening=False)
        host.market, host.backfill = Markets().of, nothing
        self.source.begin(host)  # type: ignore[arg-type]
        series = [(symbol, "1m") for symbol in symbols]
        self.shards = Shards(options, spoken, series, self.source, logging.getLogger())
        self.source.assign(self.shards.shard_of)
        self._read = spoken.read

    def begin(self, epoch: int) -> None:
        self.source.store.clear()
        for client in self.shards.clients:
            client.state, client.epoch, client.acknowledged_at = "connected", epoch, 0.0

    def take(self, frames: list[tuple[int, bytes]]) -> float:
        """Seconds for frames, each with the number of its shard."""
        read, store, clients = self._read, self.source.on_bar, self.shards.clients
        began = time.thread_time()
        for number, data in frames:
            for event in read(data):
                store(clients[number], event, 0.0)
        return time.thread_time() - began


def bench_protocols(rounds: int = 25) -> dict[str, tuple[float, float]]:
    """Microseconds a frame, best and median, by protocol; the protocols take turns."""
    receivers = {name: Receiver(name, SYMBOLS[:1]) for name in FRAMES}
    lots = {name: [(0, frame(SYMBOLS[0], *state).encode()) for state in states(60)] for name, frame in FRAMES.items()}
    found: dict[str, list[float]] = {name: [] for name in FRAMES}
    gc.disable()
    for epoch in range(1, rounds + 1):
        for name, receiver in receivers.items():
            receiver.begin(epoch)
            found[name].append(receiver.take(lots[name]) / len(lots[name]) * 1e6)
    gc.enable()
    return {name: (min(times), statistics.median(times)) for name, times in found.items()}


def bench_shards(name: str = "binance", rounds: int = 5) -> tuple[int, float, float]:
    """1,000 series on 4 connections: their number, and microseconds a frame, best and median."""
    receiver = Receiver(name, SYMBOLS, per_connection=250)
    place = {symbol: client.number for client in receiver.shards.clients for symbol, _ in client.series}
    lot = [
        (place[symbol], FRAMES[name](symbol, *state).encode())
        for state in itertools.islice(states(2), 20, 40)
        for symbol in SYMBOLS
    ]
    found = []
    gc.disable()
    for epoch in range(1, rounds + 1):
        receiver.begin(epoch)
        found.append(receiver.take(lot) / len(lot) * 1e6)
    gc.enable()
    return len(receiver.shards.clients), min(found), statistics.median(found)


def main() -> None:
    protocols = bench_protocols()
    base = protocols["wealthai"]
    for name, (best, median) in protocols.items():
        print(f"{name:>10}: {best:5.2f} µs a frame, median {median:5.2f} · {best / base[0]:.2f} of wealthai's")
    shards, best, median = bench_shards()
    print(f"binance, 1,000 series on {shards} connections: {best:.2f} µs a frame, median {median:.2f}")


if __name__ == "__main__":
    main()
