"""For the tests of those who write sources and strategies: real parts that need nothing from outside.

`ListSource`, `SetClock`, `LoneHost` and `LoneRecorderHost` stand in for what a test is not about.
`wealthsources.testing.contract` and `wealthsources.testing.recorder_contract`, which need pytest, have the tests that
every source and every recorder has to pass: its author inherits them. `wealthsources.testing.strategies`, which needs
hypothesis, draws bars. docs/testing-plugins.md shows all of it.

A market server that misbehaves on purpose, from the TCP connection to the order of the bars, is a package of its own,
`wealthsources_simulator`: on real sockets, without an extra. Whoever writes a source that is pushed its bars plays
every fault to it, and compares what it holds afterwards with what was true:

    from wealthsources_simulator import FAULTS, Market, MarketServer

    market = Market.made(("BTCUSDT",), "1h")
    with MarketServer(market, ["half-frame:5", "reset"]) as server:   # connection 1, connection 2; then it behaves
        ...                                                          # your source connects to server.url
        market.play(10)                                              # ten bars of every series
        ...                                                          # it holds market.closed(("BTCUSDT", "1h"))

A function of a `Peer`, one connection as the server has it, is a fault of your own. `wealthsources simulate
--list-faults` shows those with a name, and `wealthsources simulate --fault NAME …` plays them by hand.
"""

from __future__ import annotations

from wealthsources.testing.fakes import ListSource, LoneHost, LoneRecorderHost, SetClock

__all__ = ["ListSource", "LoneHost", "LoneRecorderHost", "SetClock"]
