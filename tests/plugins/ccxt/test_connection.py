from __future__ import annotations

import logging
import threading
import time
from decimal import Decimal

import pytest

from wealthsources import ConfigError, SourceError
from wealthsources_ccxt.connection import Connection, listed, make_exchange
from wealthsources_ccxt.errors import OutOfTime
from wealthsources_ccxt.names import Listed
from wealthsources_ccxt.options import CcxtOptions
from wealthsources_simulator.history import faults
from wealthsources_simulator.history.faults import HistoryFault

from ...support.forking import held_elsewhere, in_child
from ...support.waiting import wait_until
from .exchange import SPOT, stage

BTC = Listed(SPOT, "BTCUSDT", "BTC", "USDT")
SECRETS = {"api_key": "key-abcdefghij", "secret": "secret-klmnopqr"}


@pytest.fixture
def on():
    with stage() as on:
        yield on


def test_rows_come_with_their_text_and_the_exchanges_time(on):
    answer = on.source._connection.fetch(BTC, "1m", on.bars[0].open_time, 2)
    first = on.bars[0]
    assert answer.rows[0] == (first.open_time, first.open, first.high, first.low, first.close, first.volume)
    assert len(answer.rows) == 2
    assert answer.now == on.bars[-1].end


def test_rows_are_judged_by_the_time_of_their_own_answer_and_the_latest_is_remembered(on):
    connection = on.source._connection
    connection.fetch(BTC, "1m", 0, 2)
    on.clock.time -= 600_000
    assert connection.fetch(BTC, "1m", 0, 2).now == on.bars[-1].end - 600_000
    assert connection.now == on.bars[-1].end


def test_it_asks_no_faster_than_the_exchange_allows(on):
    exchange = make_exchange(CcxtOptions(exchange="binance"))
    assert exchange.enableRateLimit
    connection = on.source._connection
    connection.exchange.rateLimit = 300
    began = time.monotonic()
    for _ in range(3):
        connection.fetch(BTC, "1m", 0, 2)
    assert time.monotonic() - began >= 0.23  # two pauses: a page counts 0.4 of a request


def test_a_volume_in_contracts_becomes_one_of_the_base_to_the_last_digit(on):
    answer = on.source._connection.fetch(BTC._replace(size=Decimal("0.0001")), "1m", on.bars[0].open_time, 1)
    assert answer.rows[0][5] == format(Decimal(on.bars[0].volume) * Decimal("0.0001"), "f")


def test_who_waits_for_others_gives_up_at_the_deadline(on):
    connection = on.source._connection
    with connection._lock, pytest.raises(OutOfTime, match="others ask it"):
        connection.fetch(BTC, "1m", 0, 2, time.monotonic() + 0.4)


def test_an_answer_that_comes_byte_by_byte_is_given_up_in_time(on):
    on.server.script = [faults.dripping(0.1)]
    began = time.monotonic()
    with pytest.raises(OutOfTime, match="before the deadline"):
        on.source._connection.fetch(BTC, "1m", 0, 40, began + 0.8)
    assert time.monotonic() - began < 10  # all of it would take minutes


def test_a_clock_that_was_set_back_makes_nobody_wait(on):
    connection = on.source._connection
    connection.exchange.rateLimit = 50
    connection.exchange.lastRestRequestTimestamp = connection.exchange.milliseconds() + 3_600_000
    assert connection.fetch(BTC, "1m", 0, 2, time.monotonic() + 5).rows


def test_a_server_that_wants_to_be_left_alone_is(on):
    on.server.script = [faults.too_many(30)]
    connection = on.source._connection
    for told in ("left alone for 30 s", "not asked; it wants to be left alone"):
        with pytest.raises(SourceError, match=told) as raised:
            connection.fetch(BTC, "1m", 0, 2)
        assert raised.value.retry_after == pytest.approx(30, abs=1)
    assert len(on.server.pages) == 1
    connection._clock = lambda: time.monotonic() + 31
    assert connection.fetch(BTC, "1m", 0, 2).rows


def test_nothing_that_is_logged_raised_or_shown_has_a_secret(on, caplog):
    caplog.set_level(logging.DEBUG)
    on.server.script = [faults.status(401, b'{"code":-2014,"msg":"bad key key-abcdefghij secret-klmnopqr"}')]
    connection = Connection(CcxtOptions(exchange="binance", endpoint=on.server.url, **SECRETS))
    connection.load()
    with pytest.raises(SourceError, match="turned the key down") as raised:
        connection.fetch(BTC, "1m", 0, 2)
    assert raised.value.__cause__ is None
    connection.close()
    shown = f"{raised.value!r} {caplog.text} {connection!r} {connection._options!r}"
    assert not any(secret in shown for secret in SECRETS.values())


def test_a_page_instead_of_the_list_of_markets_is_told(on):
    on.server.loading = faults.html()
    with pytest.raises(SourceError, match="binance: "):
        on.source._connection.load()


def test_a_list_without_a_market_is_told(on):
    on.server.truth.series.clear()
    with pytest.raises(SourceError, match="binance: its list of spot markets is empty"):
        on.source._connection.load()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"exchange": "alpaca"}, "alpaca answers nothing without a key: set api_key and secret"),
        ({"exchange": "alpaca", "market": "crypto", "api_key": SECRETS["api_key"]}, "a key: set secret"),
        ({"exchange": "massive"}, "massive answers nothing without a key: set api_key"),
    ],
)
def test_who_needs_a_key_and_has_none_is_told_before_anything_is_asked(options, told):
    with pytest.raises(ConfigError, match=told):
        Connection(CcxtOptions(**options))


def test_every_address_is_that_of_the_endpoint_with_its_own_path():
    exchange = make_exchange(CcxtOptions(exchange="binance", endpoint="http://127.0.0.1:8"))
    assert exchange.urls["api"]["fapiPublic"] == "http://127.0.0.1:8/fapi/v1"
    nested = make_exchange(CcxtOptions(exchange="gate", endpoint="http://127.0.0.1:8"))
    assert nested.urls["api"]["public"]["spot"] == "http://127.0.0.1:8/api/v4"


def test_markets_of_another_kind_or_of_an_unknown_size_are_left_out():
    common = {"type": "swap", "linear": True, "settle": "USDT", "id": "X", "base": "X", "quote": "USDT"}
    markets = [
        {**common, "symbol": "X/USDT:USDT", "contractSize": 0.01},
        {**common, "symbol": "Y/USDT:USDT", "contractSize": None},
        {**common, "symbol": "Z/USDT:USDT", "contractSize": 0},
        {**common, "symbol": "X/USDT", "type": "spot"},
        {**common, "symbol": "X/USD:X", "linear": False},
        {**common, "symbol": "X/USDC:USDC", "settle": "USDC"},
    ]
    found = list(listed(markets, CcxtOptions(exchange="gate", market="perps")))
    assert [(each.symbol, each.size) for each in found] == [("X/USDT:USDT", Decimal("0.01"))]


def test_in_a_forked_child_nobody_holds_its_lock(on):
    connection = on.source._connection

    def fetch():
        return connection.fetch(BTC, "1m", on.bars[0].open_time, 2, time.monotonic() + 10).rows

    with held_elsewhere(connection._lock):
        rows = in_child(fetch)
    assert [row[0] for row in rows] == [bar.open_time for bar in on.bars[:2]]


def test_a_forked_child_that_ends_its_connections_ends_none_of_the_parents(on):
    connection, answers, ended = on.source._connection, [], threading.Event()

    def held_back(bars):
        ended.wait(30)
        return bars

    on.server.script = [HistoryFault("only later", bars=held_back)]
    asking = threading.Thread(target=lambda: answers.append(connection.fetch(BTC, "1m", 0, 2)))
    asking.start()
    wait_until(lambda: on.server.pages)
    in_child(connection.close)
    ended.set()
    asking.join(20)
    assert [len(answer.rows) for answer in answers] == [2]
