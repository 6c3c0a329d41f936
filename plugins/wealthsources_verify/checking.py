"""From files to a report: what to run, and the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wealthsources_verify.data_files import read_data_file
from wealthsources_verify.engine import Inputs, run
from wealthsources_verify.errors import Unusable
from wealthsources_verify.findings import Traces
from wealthsources_verify.isolation import quiet_log
from wealthsources_verify.report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wealthsources_verify.trace import Trace

_LONGEST_WARMUP: Final = 100


@quiet_log()
def make_inputs(
    strategy: Path,
    data: Sequence[Path],
    symbol: str | None,
    timeframe: str | None,
    warmup: int | None,
    limit: int | None,
) -> Inputs:
    """Read the data files; see the command for what the arguments mean. Raises Unusable."""
    if not strategy.is_file():
        raise Unusable(f"{strategy}: is a folder" if strategy.is_dir() else f"{strategy}: no such file")
    if len(data) > 1 and (symbol or timeframe):
        raise Unusable("--symbol and --timeframe are for one data file; name several as BTCUSDT/1h.csv is named")
    files = [read_data_file(path, symbol, timeframe) for path in data]
    names = [f"{each.symbol} {each.timeframe}" for each in files]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Unusable(f"two data files are {twice}; a series has one")
    length = len(files[0].bars)
    first = min(_LONGEST_WARMUP, length // 10) if warmup is None else warmup
    if first >= length:
        raise Unusable(f"{data[0]} has {length} closed bars, and --warmup {first} leaves none of them to run")
    return Inputs(strategy, tuple(files), first, length if limit is None else min(length, first + limit))


@quiet_log()
def check(inputs: Inputs, *, quiet: bool) -> Report:
    """Run the strategy and compare. `quiet`: what it prints is not shown. Raises Unusable."""
    known = run(inputs, whole=True, show=False)
    unknown = run(inputs, whole=False, show=not quiet)
    if known.broken and unknown.broken:
        raise _broken(unknown) from unknown.errors[0]
    traces = Traces(known, unknown, run(inputs, whole=False, show=False))
    if traces.ahead():
        traces.add_known(run(inputs, whole=True, show=False))
    return Report.of(inputs, unknown, traces.findings())


def _broken(trace: Trace) -> Unusable:
    """Why the strategy cannot even begin."""
    event = next(event for event in trace.steps[0].events if event.kind == "raised")
    kind, _, place = event.what.partition(" at ")
    return Unusable(f"{place}: {kind}: {event.call}")
