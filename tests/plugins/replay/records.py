"""Records for tests: frame number n comes n ms after T0."""

from __future__ import annotations

import json
import logging

from wealthsources_replay.frames import FrameRecord, MissingRecord, StateRecord
from wealthsources_replay.header import Header
from wealthsources_replay.writer import FrameWriter, Limits

T0 = 1_800_000_000_000  # 2027-01-15 08:00
HOUR = 3_600_000
HEADER = Header("live", "websocket", "binance", "spot", "live", ("BTCUSDT", "ETHUSDT"), ("1m",), {"levels": [1, 2]})
LOG = logging.getLogger("wealthsources.live")
QUICK = Limits(flush_every=0.005, retry_every=0.02)


def frame(number: int, data: str | bytes | None = None, wall_ms: int | None = None, **other: object) -> FrameRecord:
    wall = T0 + number if wall_ms is None else wall_ms
    text = f'{{"number": {number}}}' if data is None else data
    return FrameRecord(wall, 10**15 + number * 1_000_000, 0, 1, "in", text)._replace(**other)


def writer(folder, header=HEADER, redact=str, limits=QUICK, logger=LOG) -> FrameWriter:
    return FrameWriter(folder, header, redact=redact, logger=logger, limits=limits)


def record(folder, records, **options) -> FrameWriter:
    """Record these and end."""
    made = writer(folder, **options)
    for each in records:
        made.add(each)
    made.close(30.0)
    return made


def segments(folder):
    return sorted(folder.glob("*.jsonl.gz"))


def write(folder, *texts, header=None, missing=None):
    """A recording of one connection with these texts, a second apart; `missing` is the place of a MissingRecord."""
    begun = frame(0)
    records = [StateRecord(begun.wall_ms, begun.monotonic_ns, 0, 1, "connecting", "")]
    records += [frame(number * 1_000, text) for number, text in enumerate(texts)]
    if missing is not None:
        at_place = records[missing + 1]
        lost = MissingRecord(at_place.wall_ms, at_place.monotonic_ns, 3, at_place.wall_ms, at_place.wall_ms, "a test")
        records.insert(missing + 1, lost)
    record(folder, records, header=header or BINANCE)


BINANCE = Header("live", "websocket", "binance", "spot", "live", ("BTCUSDT",), ("1m",), {"clock": "feed"})
ACK = '{"result":null,"id":1}'


def kline(minute, close="2", *, closed=False):
    opened = T0 + minute * 60_000
    said = {"t": opened, "T": opened + 59_999, "s": "BTCUSDT", "i": "1m", "o": "1", "c": close, "h": "9", "l": "1"}
    return json.dumps({"e": "kline", "E": opened, "s": "BTCUSDT", "k": said | {"v": "1", "x": closed}})
