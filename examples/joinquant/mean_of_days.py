"""In the market while the price is above its mean of five days: `handle_data` and `attribute_history`."""

from wealthdata import *


def initialize(context):
    g.security = context.universe[0]
    set_benchmark(g.security)
    g.holding = False


def handle_data(context, data):
    h = attribute_history(g.security, 5, "1d", ["close"])
    price, mean = data[g.security].close, h["close"].mean()
    record(price=price, mean=mean, yesterday=h["close"][-1])
    holding = price > mean
    if holding != g.holding:
        order_target(g.security, int(holding))
        log.info(f"{context.current_dt} {'bought' if holding else 'sold'} at {price}, the mean is {mean:.2f}")
        g.holding = holding
