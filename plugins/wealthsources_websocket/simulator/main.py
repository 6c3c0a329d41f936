"""`wealthsources simulate`: a market server on a real socket that plays a file of bars.

Importing this module is quick and needs no extra: the CLI does it for every listing of its commands.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def simulate(
    data: Annotated[Path, typer.Option(help="The bars: CSV, also .csv.gz; open_time in ms.")],
    symbol: Annotated[str, typer.Option(help="The symbol to serve them as.")],
    timeframe: Annotated[str, typer.Option(help="Their timeframe, such as 1h.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 for a free one.")] = 0,
    rate: Annotated[float, typer.Option(help="Bars a second; 0 for as fast as the clients read.")] = 20,
    updates: Annotated[int, typer.Option(help="Forming updates of each bar, before its final values.")] = 4,
    token: Annotated[str | None, typer.Option(help="The csrf_token to ask for; without it any is accepted.")] = None,
    snapshot: Annotated[int, typer.Option(help="Closed bars to send to each client as it joins.")] = 0,
    closed_flag: Annotated[str | None, typer.Option(help="A field to say in whether a bar is closed.")] = None,
    drop_at: Annotated[
        str | None,
        typer.Option(help="Cut all connections in bar N (from 0): N.0 before it, N.5 half way, N.9 after it."),
    ] = None,
    drop_for: Annotated[float, typer.Option(help="Bars to play after the cut before anyone is let in again.")] = 0,
    skip: Annotated[int, typer.Option(help="Bars at the start of the file not to play; a snapshot may hold them.")] = 0,
    limit: Annotated[int | None, typer.Option(help="How many bars to play at most.")] = None,
) -> None:
    """Serve a file of bars as a market server would, from the first subscription on.

    Prints its address alone on a line. After the last bar it stays open and silent, until it is interrupted.
    """
    _serve(
        data,
        symbol=symbol,
        timeframe=timeframe,
        host=host,
        port=port,
        rate=rate,
        updates=updates,
        token=token,
        snapshot=snapshot,
        closed_flag=closed_flag,
        drop_at=drop_at,
        drop_for=drop_for,
        skip=skip,
        limit=limit,
    )


def _serve(data: Path, **options: Any) -> None:
    """Serve until interrupted. `options` are those of `MarketServer.from_csv`."""
    try:
        from wealthsources_websocket.simulator import MarketServer, SimulatorError  # noqa: PLC0415 - loads websockets
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "websockets":
            raise
        _fail("the simulator needs websockets: pip install 'wealthsources[demo]'")
    # A stop by SIGTERM is a stop like any other; and a shell starts its background jobs with SIGINT ignored.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.default_int_handler)
    try:
        with MarketServer.from_csv(data, **options) as server:
            typer.echo(server.url)
            server.wait_stopped()
    except SimulatorError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        return


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)
