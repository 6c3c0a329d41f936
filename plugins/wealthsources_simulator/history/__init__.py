"""Exchanges that are asked for history over REST: a real HTTP server on this machine, for tests and demos.

    truth = Truth({("BTC/USDT", "1m"): bars}, now)
    with HistoryServer(Binance(), truth, [None, too_many(30)]) as server:
        ...                       # a client asks server.url

The n-th entry of the script meets the n-th request for bars: a fault of `faults`, or None. From the bottom up:

    truth                             which bars there are, and what time it is
    base                              what the server asks of an exchange: one file for each, from its documentation
    binance okx bybit kraken …        in which order, with which bounds and limits, and in which words
    faults                            the ways to misbehave
    server                            one port
"""
