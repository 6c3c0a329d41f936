"""In the market at the highest price of twenty bars of five minutes: `get_bars` with the bar that is forming."""

from wealthdata import *


def initialize(context):
    g.security = context.universe[0]
    run_daily(trade, time="every_bar")


def trade(context):
    closes = get_bars(g.security, 20, "5m", ["close"], include_now=True)["close"]
    today = get_bars(g.security, 1, "1d", ["open", "close"], include_now=True)
    last, highest = closes[-1], closes[:-1].max()
    record(last=last, highest=highest, today=today["close"][-1] - today["open"][-1])
    order_target(g.security, 1 if last > highest else 0)
