"""What a large Parquet file costs: the last 1,000 bars of 40 million, first and again, beside pyarrow by hand.

    python benchmarks/parquet_files.py [MILLIONS OF ROWS]

Makes a file of some 2 GB, and reads it in a process of its own, so that its memory can be told from what imports take.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

import wealthsources

#: So many seconds of the clock are a bar here: 40 million minutes are 76 years.
MINUTE, T0 = 60_000, 946_684_800_000
STEP, WARM = 1_000_000, 200


def make(path: Path, rows: int) -> None:
    """Prices that do not repeat, so that the file is as large as its numbers."""
    rng = np.random.default_rng(1)
    names = ("open", "high", "low", "close", "volume")
    schema = pa.schema([("open_time", pa.timestamp("ms", "UTC")), *((name, pa.float64()) for name in names)])
    with pa.parquet.ParquetWriter(path, schema) as file:
        for begin in range(0, rows, STEP):
            low = 100 + rng.random(STEP)
            opened, closed = low + rng.random(STEP), low + rng.random(STEP)
            high = np.maximum(opened, closed) + rng.random(STEP)
            times = pa.array(T0 + MINUTE * np.arange(begin, begin + STEP)).cast(schema[0].type)
            file.write_table(pa.table([times, *map(pa.array, (opened, high, low, closed, rng.random(STEP)))], schema))


def peak() -> float:
    """The most memory that the process had so far, MB."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.partition("VmHWM:")[2].split()[0]) / 1024


def timed(name: str, work: Callable[[], Any], goal: str = "") -> None:
    before, began = peak(), time.perf_counter()
    assert len(work()) == 1000
    print(f"{name:<58} {(time.perf_counter() - began) * 1000:9.2f} ms {peak() - before:6.0f} MB   {goal}", flush=True)


def measure(path: Path, rows: int) -> None:
    pd.DataFrame({"a": pa.array([True]).to_numpy(zero_copy_only=False)})  # what is imported late
    end = T0 + MINUTE * rows
    settings = {
        "source_deadline": 60,
        "on_stale": "mark",
        "sources": [
            {
                "plugin": "file",
                "options": {"path": str(path.parent / "{symbol}-{timeframe}.parquet"), "last_row": "closed"},
            }
        ],
    }
    with wealthsources.open(settings) as session:

        def bars(back: int = 0) -> Any:
            context = SimpleNamespace(now_ms=end - back * MINUTE)
            return session.adapter(context, mode="backtest").get_history("BTCUSDT", 1000, "1m")

        timed("the last 1,000 bars, first", bars)
        timed("again", bars, "goal: < 100 ms, < 100 MB in all")
        timed("1,000 bars of another row group", lambda: bars(rows // 2))
        began = time.perf_counter()
        for _ in range(WARM):
            bars()
        print(f"{'again and again, each':<58} {(time.perf_counter() - began) / WARM * 1000:9.3f} ms", flush=True)
    timed("pyarrow by hand: the last row group, its last 1,000 rows", lambda: by_hand(path))
    timed("pyarrow.dataset by hand: a filter by time", lambda: by_filter(path, end))


def by_hand(path: Path) -> Any:
    file = pa.parquet.ParquetFile(path)
    return (
        file.read_row_group(file.num_row_groups - 1)
        .slice(file.metadata.row_group(file.num_row_groups - 1).num_rows - 1000)
        .to_pandas()
    )


def by_filter(path: Path, end: int) -> Any:
    since = pd.Timestamp(end - 1000 * MINUTE, unit="ms", tz="UTC")
    return pa.parquet.read_table(path, filters=[("open_time", ">=", since)]).to_pandas()


def main() -> None:
    if len(sys.argv) > 2:
        measure(Path(sys.argv[2]), int(sys.argv[1]) * STEP)
        return
    millions = sys.argv[1] if len(sys.argv) > 1 else "40"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "BTCUSDT-1m.parquet"
        make(path, int(millions) * STEP)
        print(f"{path.stat().st_size / 1e9:.2f} GB, {millions} million rows")
        subprocess.run([sys.executable, __file__, millions, str(path)], check=True)


if __name__ == "__main__":
    main()
