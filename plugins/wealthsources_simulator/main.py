"""`wealthsources simulate`: a market server on a real socket that plays a file of bars.

Importing this module is quick: the CLI does it for every listing of its commands.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _list_faults(wanted: bool) -> None:
    """Print what `--fault` takes and leave, if that is what was asked for."""
    if not wanted:
        return
    from wealthsources_simulator import FAULTS  # noqa: PLC0415 - only here

    faults = sorted(FAULTS.values(), key=lambda fault: (fault.row[0], int(fault.row[1:]), fault.name))
    rows = [("fault", "row", "layer", "what the server does")]
    for fault in faults:
        choices = f" One of: {', '.join(fault.choices)}." if fault.choices else ""
        alone = f" With {fault.protocol} alone." if fault.protocol else ""
        rows.append((str(fault), fault.row, fault.layer, fault.about + choices + alone))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        typer.echo("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]))
    raise typer.Exit


@app.command()
def simulate(
    data: Annotated[Path, typer.Option(help="The bars: CSV, also .csv.gz; open_time in ms.")],
    symbol: Annotated[str, typer.Option(help="The symbol to serve them as.")],
    timeframe: Annotated[str, typer.Option(help="Their timeframe, such as 1h.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 for a free one.")] = 0,
    rate: Annotated[float, typer.Option(help="Bars a second; 0 for as fast as the clients read.")] = 20,
    updates: Annotated[int, typer.Option(help="Forming updates of each bar, before its final values.")] = 4,
    token: Annotated[str | None, typer.Option(help="The token or key to ask for; without it any is accepted.")] = None,
    snapshot: Annotated[int, typer.Option(help="Closed bars to send to each client as it joins.")] = 0,
    protocol: Annotated[
        str, typer.Option(help="How to speak: wealthai, or an exchange, such as binance, okx or kraken.")
    ] = "wealthai",
    market: Annotated[
        str | None, typer.Option(help="Which of the exchange's markets to be, such as usdm or linear.")
    ] = None,
    closed_flag: Annotated[str | None, typer.Option(help="A field to say in whether a bar is closed.")] = None,
    drop_at: Annotated[
        str | None,
        typer.Option(help="Cut all connections in bar N (from 0): N.0 before it, N.5 half way, N.9 after it."),
    ] = None,
    drop_for: Annotated[float, typer.Option(help="Bars to play after the cut before anyone is let in again.")] = 0,
    skip: Annotated[int, typer.Option(help="Bars at the start of the file not to play; a snapshot may hold them.")] = 0,
    limit: Annotated[int | None, typer.Option(help="How many bars to play at most.")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Misbehave to the n-th connection by the n-th of these: NAME, or NAME:ARGUMENT."),
    ] = None,
    seed: Annotated[int, typer.Option(help="For the faults that roll dice.")] = 0,
    list_faults: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--list-faults", is_eager=True, callback=_list_faults, help="Show all faults and exit.")
    ] = False,
) -> None:
    """Serve a file of bars as a market server would, from the first subscription on.

    Prints its address alone on a line. After the last bar it stays open and silent, until it is interrupted.
    """
    if fault:
        _refuse_with_fault({"--drop-at": drop_at, "--drop-for": drop_for, "--skip": skip, "--limit": limit})
    _serve(
        data,
        fault or [],
        symbol=symbol,
        timeframe=timeframe,
        host=host,
        port=port,
        rate=rate,
        updates=updates,
        token=token,
        snapshot=snapshot,
        protocol=protocol,
        market=market,
        closed_flag=closed_flag,
        drop_at=drop_at,
        drop_for=drop_for,
        skip=skip,
        limit=limit,
        seed=seed,
    )


def _serve(data: Path, faults: list[str], **options: Any) -> None:
    """Serve until interrupted. `options` are those of `MarketServer.from_csv`."""
    from wealthsources_simulator import MarketServer, SimulatorError  # noqa: PLC0415 - not for the list of commands

    _stop_by_signals()
    try:
        with MarketServer.from_csv(data, faults, **options) as server:
            typer.echo(server.url)
            server.wait_stopped()
    except SimulatorError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        return


def _refuse_with_fault(options: dict[str, Any]) -> None:
    given = [name for name, value in options.items() if value]
    if given:
        _fail(f"{' and '.join(given)} cannot be used with --fault; to cut connections, see --list-faults")


def _stop_by_signals() -> None:
    # A stop by SIGTERM is a stop like any other; and a shell starts its background jobs with SIGINT ignored.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.default_int_handler)


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)
