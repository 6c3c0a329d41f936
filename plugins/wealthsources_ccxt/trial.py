"""An exchange asked once for its list of symbols: what `wealthsources doctor` tells of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wealthsources import Diagnosis, SourceError, diagnose_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources_ccxt.connection import Connection
    from wealthsources_ccxt.options import CcxtOptions


def try_exchange(connection: Connection, options: CcxtOptions, online: bool) -> Iterator[Diagnosis]:
    """Whether it answers, and how its clock and ours agree; nothing unless `online`, or where it has no such list."""
    if not online or not options.word.listed:
        return
    where = options.endpoint or f"{options.exchange} {options.market}"
    began, before = time.monotonic(), time.time()
    try:
        symbols = len(connection.load(began + options.timeout))
    except SourceError as error:
        yield Diagnosis("error", str(error), "`wealthsources markets` asks it alone, to try again by")
        return
    took = time.monotonic() - began
    yield Diagnosis("ok", f"{where}: {symbols:,} symbols in {took:.2f} s")
    date = connection.date
    clock = diagnose_clock(None if date is None else date / 1000, before, time.time())
    yield clock._replace(text=f"{where}: {clock.text}")
