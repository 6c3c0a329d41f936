"""Each exchange that is known, from its stand-in through ccxt to bars: order, bounds, limits, volume, forming row."""

from __future__ import annotations

import dataclasses
import time

import pytest

from wealthsources import SourceError, Timeframe
from wealthsources_simulator.history import faults
from wealthsources_simulator.history.alpaca import Alpaca
from wealthsources_simulator.history.binance import Binance
from wealthsources_simulator.history.bitget import Bitget
from wealthsources_simulator.history.bybit import Bybit
from wealthsources_simulator.history.coinbase import Coinbase
from wealthsources_simulator.history.deribit import Deribit
from wealthsources_simulator.history.gate import Gate
from wealthsources_simulator.history.htx import Htx
from wealthsources_simulator.history.hyperliquid import Hyperliquid
from wealthsources_simulator.history.kraken import Kraken
from wealthsources_simulator.history.kucoin import KuCoin
from wealthsources_simulator.history.massive import Massive
from wealthsources_simulator.history.mexc import Mexc
from wealthsources_simulator.history.okx import Okx

from .exchange import minutes, stage, truth, values

#: exchange, how it speaks, its word for the market, the symbol, how many of 2,000 bars it still has.
ALL = [
    ("binance", Binance, "spot", "BTC/USDT", 2000),
    ("binance", Binance, "usdm", "BTC/USDT:USDT", 2000),
    ("okx", Okx, "spot", "BTC/USDT", 2000),
    ("okx", Okx, "swap", "BTC/USDT:USDT", 2000),
    ("bybit", Bybit, "spot", "BTC/USDT", 2000),
    ("bybit", Bybit, "linear", "BTC/USDT:USDT", 2000),
    ("gate", Gate, "spot", "BTC/USDT", 2000),
    ("gate", Gate, "perps", "BTC/USDT:USDT", 2000),
    ("kraken", Kraken, "spot", "BTC/USDT", 720),
    ("kucoin", KuCoin, "spot", "BTC/USDT", 2000),
    ("bitget", Bitget, "spot", "BTC/USDT", 2000),
    ("bitget", Bitget, "usdt-futures", "BTC/USDT:USDT", 2000),
    ("hyperliquid", Hyperliquid, "perps", "BTC/USDC:USDC", 2000),
    ("htx", Htx, "spot", "BTC/USDT", 2000),
    ("deribit", Deribit, "future", "BTC/USDC:USDC", 2000),
    ("deribit", Deribit, "spot", "BTC/USDC", 2000),
    ("coinbase", Coinbase, "spot", "BTC/USDT", 2000),
    ("mexc", Mexc, "spot", "BTC/USDT", 2000),
    ("mexc", Mexc, "perps", "BTC/USDT:USDT", 2000),
    ("alpaca", Alpaca, "iex", "AAPL", 2000),
    ("alpaca", Alpaca, "sip", "AAPL", 2000),
    ("alpaca", Alpaca, "crypto", "BTC/USD", 2000),
    ("massive", Massive, "stocks", "AAPL", 2000),
]
NAMES = [f"{exchange}-{market}" for exchange, _, market, _, _ in ALL]
ZEROS = ("htx", "deribit", "mexc", "gate", "hyperliquid", "alpaca", "massive")  # numbers without zeros at their end
KEYS = {
    "alpaca": {"api_key": "key-abcdefghij", "secret": "secret-klmnopqr"},
    "massive": {"api_key": "key-abcdefghij"},
}

every_exchange = pytest.mark.parametrize(("exchange", "kind", "market", "symbol", "kept"), ALL, ids=NAMES)


def recent(bars):
    """The same bars so late that the last one is forming now: ccxt asks otherwise for what is recent."""
    now = int(time.time() * 1000)
    by = Timeframe("1m").floor(now) - bars[-1].open_time
    return [dataclasses.replace(bar, open_time=bar.open_time + by, end=bar.end + by) for bar in bars], now


def numbers(rows):
    return [(row[0], *map(float, row[1:])) for row in rows]


def called(symbol):
    """As a strategy may spell it."""
    return symbol.partition(":")[0].replace("/", "-")


@every_exchange
@pytest.mark.parametrize("late", [False, True], ids=["old", "recent"])
def test_all_it_has_comes_with_the_right_values_and_without_the_forming_bar(exchange, kind, market, symbol, kept, late):
    bars = minutes(2000)
    bars, now = recent(bars) if late else (bars, bars[-1].open_time + 1)
    with stage(kind(), bars, symbol, exchange=exchange, market=market, **KEYS.get(exchange, {})) as on:
        on.clock.time = now
        got = on.ask(called(symbol), end=now)
        assert numbers(values(got)) == numbers(truth(bars[-kept:-1]))
        if exchange not in ZEROS:
            assert values(got) == truth(bars[-kept:-1])


@every_exchange
def test_the_newest_few_are_asked_for_in_one_page(exchange, kind, market, symbol, kept):
    with stage(kind(), minutes(300), symbol, exchange=exchange, market=market, **KEYS.get(exchange, {})) as on:
        # Kraken says that its last row is forming, and the time says that it is not.
        assert numbers(values(on.ask(called(symbol), start=None, count=5))) == numbers(truth(on.bars[-5:]))
        assert len(on.server.pages) == 1


@pytest.mark.parametrize(("exchange", "kind", "oldest"), [("okx", Okx, -1), ("gate", Gate, 0)])
def test_a_page_of_windows_that_lacks_its_beginning_is_asked_for_again_with_fewer(exchange, kind, oldest):
    with stage(kind(), minutes(1500), exchange=exchange, script=(None, faults.without(oldest))) as on:
        assert values(on.ask()) == truth(on.bars)


def test_a_page_of_bars_that_lacks_its_beginning_is_refused():
    script = (None, faults.without(-1))
    with stage(Bybit(), minutes(1500), exchange="bybit", script=script) as on:
        with pytest.raises(SourceError, match="though it was asked for from"):
            on.ask()
        assert values(on.ask()) == truth(on.bars)


def test_pages_of_crypto_at_alpaca_that_are_shorter_than_asked_for_are_no_end():
    with stage(Alpaca(most=7), minutes(60), "BTC/USD", exchange="alpaca", market="crypto", **KEYS["alpaca"]) as on:
        assert numbers(values(on.ask("BTCUSD"))) == numbers(truth(on.bars))


def test_a_page_of_crypto_at_alpaca_that_adds_nothing_and_says_that_there_is_more_is_not_taken_for_all():
    script = (None, faults.nothing())
    with stage(
        Alpaca(most=7), minutes(60), "BTC/USD", exchange="alpaca", market="crypto", script=script, **KEYS["alpaca"]
    ) as on:
        with pytest.raises(SourceError, match="a page is empty, though it was asked for from"):
            on.ask("BTCUSD")
        assert numbers(values(on.ask("BTCUSD"))) == numbers(truth(on.bars))


@pytest.mark.parametrize(
    ("exchange", "kind", "symbol"),
    [
        ("kucoin", KuCoin, "BTC/USDT"),
        ("coinbase", Coinbase, "BTC/USDT"),
        ("kraken", Kraken, "BTC/USDT"),
        ("alpaca", Alpaca, "AAPL"),
        ("massive", Massive, "AAPL"),
    ],
)
def test_where_quiet_windows_have_no_row_a_count_is_looked_for_further_back(exchange, kind, symbol):
    bars = [dataclasses.replace(bar, volume="0") if n % 3 else bar for n, bar in enumerate(minutes(400))]
    with stage(kind(), bars, symbol, exchange=exchange, **KEYS.get(exchange, {})) as on:
        on.clock.time = bars[-1].end + 3_600_000
        traded = [bar for bar in bars if bar.volume != "0"]
        got = on.ask(called(symbol), start=None, count=10)
        assert numbers(values(got)) == numbers(truth(traded[-10:]))


def test_what_coinbase_leaves_out_may_still_come_for_ten_minutes_and_nothing_behind_it_is_given():
    bars = minutes(60)
    bars[10] = dataclasses.replace(bars[10], volume="0")
    bars[55] = dataclasses.replace(bars[55], volume="0")
    with stage(Coinbase(), bars, exchange="coinbase") as on:
        assert values(on.ask()) == truth([*bars[:10], *bars[11:55]])
        on.clock.time += 700_000
        assert values(on.ask()) == truth([*bars[:10], *bars[11:55], *bars[56:]])
