"""A deployment whose feed was recorded, and a store that was recorded to beside it."""

from __future__ import annotations

from pathlib import Path

from wealthsources import Bars, Finality
from wealthsources_store.database import Database
from wealthsources_store.options import StoreOptions
from wealthsources_store.writing import Batch, write as write_bars

from .records import ACK, T0, kline, write

MINUTE = 60_000
_VALUES = {"open": "1", "high": "9", "low": "1", "close": "2", "volume": "1"}


def deploy(folder: Path, *, minutes: int, stored: int, close: str = "2") -> None:
    """So many minutes of BTCUSDT in `folder`/live, the first `stored` of them in bars.db, the last one with `close`."""
    write(folder / "live", ACK, *(kline(minute, closed=True) for minute in range(minutes)))
    url = f"sqlite:///{folder}/bars.db"
    (folder / "config.yaml").write_text(
        f'clock: feed\nsources: [{{name: bars, plugin: store, options: {{url: "{url}"}}}}]\n'
    )
    if not stored:
        return
    records = [
        {"open_time": T0 + minute * MINUTE, "closed": True, "finality": Finality.FLAG, **_VALUES}
        for minute in range(stored)
    ]
    records[-1]["close"] = close
    bars = Bars.from_records("BTCUSDT", "1m", records).named("BTCUSDT", "live")
    database = Database(StoreOptions(url=url))
    write_bars(database, [Batch(bars, [*map(int, bars.ends)])], T0)
    database.close()
