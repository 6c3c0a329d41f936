"""How states of bars stand in a Parquet file, and pyarrow, which reads and writes such files."""

from __future__ import annotations

import importlib
import json
from typing import Any, Final

from wealthsources import FIELDS, ConfigError

#: What says of a file which series it is of.
SYMBOL: Final = b"wealthsources.symbol"
TIMEFRAME: Final = b"wealthsources.timeframe"
#: And when recorders were at work for it: JSON, as in [[began, until], …], ms.
RECORDED: Final = b"wealthsources.recorded"

#: The columns of a file that a store was exported to. `decimals` and `texts` give the exact text of the values back, as
#: in the tables: 6 bits for each value, and JSON of the texts that are kept aside.
STATE: Final = ("close_time", "known_at", "revision", "finality", "source", "epoch", "decimals", "texts")
PLAIN: Final = ("open_time", *FIELDS)


def load_pyarrow(module: str = "pyarrow") -> Any:
    """Raises ConfigError that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ConfigError(
            "Parquet files need pyarrow, which is not installed: pip install 'wealthsources[parquet]'"
        ) from None


def schema(symbol: str, timeframe: str, spans: list[tuple[int, int]]) -> Any:
    """The schema of a file of one series, for which recorders were at work in these spans, ms. Raises ConfigError."""
    pa = load_pyarrow()
    time = pa.timestamp("ms", tz="UTC")
    types = {
        "open_time": time,
        **dict.fromkeys(FIELDS, pa.float64()),
        **dict.fromkeys(("close_time", "known_at"), time),
        **dict.fromkeys(("revision", "epoch"), pa.int32()),
        **dict.fromkeys(("finality", "source", "texts"), pa.string()),
        "decimals": pa.int64(),
    }
    fields = [pa.field(name, types[name], nullable=name == "texts") for name in (*PLAIN, *STATE)]
    said = {SYMBOL: symbol.encode(), TIMEFRAME: timeframe.encode(), RECORDED: json.dumps(spans).encode()}
    return pa.schema(fields, metadata=said)
