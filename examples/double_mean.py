"""Two moving means: buy when the short one is above the long one. Knows nothing of where its bars come from."""

from wealthdata import get_price

SHORT, LONG = 5, 20


def initialize(context):
    context.symbol = "BTCUSDT"


def handle_bar(context, bar):
    df = get_price(context.symbol, count=LONG, frequency="1h")
    context.close = df["close"][-1]
    context.short = df["close"][-SHORT:].mean()
    context.long = df["close"].mean()
    context.signal = "buy" if context.short > context.long else "sell"
