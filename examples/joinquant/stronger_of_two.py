"""Hold what rose more in twenty days; out if it falls under the price of midnight: `history`, `get_current_data`."""

from wealthdata import *


def initialize(context):
    g.securities = ["BTCUSDT", "TESTUSDT"]
    g.held = None
    run_daily(choose, time="00:00")
    run_daily(watch, time="every_bar")


def choose(context):
    h = history(20, "1d", "close", g.securities)
    rises = {security: h[security][-1] / h[security][0] - 1 for security in g.securities}
    record(**rises)
    g.held = max(rises, key=rises.get)
    g.price = get_current_data()[g.held].last_price
    for security in g.securities:
        order_target(security, 1 if security == g.held else 0)
    log.info(f"{context.current_dt} chose {g.held} at {g.price}")


def watch(context):
    if g.held is None:
        return
    price = get_current_data()[g.held].last_price
    record(price=price)
    if price < 0.99 * g.price:
        order_target(g.held, 0)
        log.info(f"{context.current_dt} left {g.held} at {price}")
        g.held = None
