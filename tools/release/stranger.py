"""What a strategy, a source and a tool of somebody else's look like to mypy; checked with --strict, never run."""

from __future__ import annotations

import pydantic

import wealthdata
import wealthsources
from wealthsources import (
    Bar,
    Bars,
    Capabilities,
    Event,
    HistoryRequest,
    Hole,
    NotHere,
    Register,
    Session,
    Source,
    Timeframe,
    WealthSourcesError,
    hookimpl,
)


class Options(pydantic.BaseModel, extra="forbid", frozen=True):
    url: str


class AcmeSource(Source):
    capabilities = Capabilities(blocking=True)

    def __init__(self, options: Options) -> None:
        self.url = options.url

    def get_history(self, request: HistoryRequest) -> Bars:
        if request.symbol != "BTCUSDT":
            raise NotHere(f"{self.url} has no {request.symbol}")
        return Bars.from_records(request.symbol, request.timeframe, [])


@hookimpl
def wealthsources_register(register: Register) -> None:
    register("acme", AcmeSource, Options)


def newest(session: Session, symbol: str) -> float | None:
    try:
        bars: Bars = session.adapter().get_history(symbol, 20, "1h")
    except WealthSourcesError as error:
        print(error)
        return None
    holes: tuple[Hole, ...] = bars.holes
    bar: Bar = bars[-1]
    return None if holes else bar.close


def told(event: Event) -> None:
    print(event.symbol, event.timeframe)


def handle_bar(context: object) -> str:
    wealthdata.set_context(context)
    frame = wealthdata.get_price("BTCUSDT", count=20, frequency="1h")
    return "buy" if frame["close"].iloc[-1] > frame["close"].mean() else "sell"


def main() -> None:
    version: str = wealthsources.__version__
    print(version, Timeframe("1h"))
    with wealthsources.open("config.yaml") as session:
        session.subscribe(told)
        print(newest(session, "BTCUSDT"))
