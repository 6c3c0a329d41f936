from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request

import pytest

from wealthsources import Timeframe
from wealthsources_simulator.history import faults
from wealthsources_simulator.history.binance import Binance
from wealthsources_simulator.history.server import HistoryServer
from wealthsources_simulator.history.truth import Truth
from wealthsources_simulator.invented import invent_bars

from ....support.waiting import wait_until

BARS = invent_bars("X", Timeframe("1m"), 5, 1)
ROWS = "/api/v3/klines?symbol=BTCUSDT&interval=1m"


@pytest.fixture
def server():
    with HistoryServer(Binance(), Truth({("BTC/USDT", "1m"): BARS}, BARS[-1].end)) as server:
        yield server


def get(server, asked, timeout=10, **options):
    """`asked` is a path, or a whole request."""
    asked = server.url + asked if isinstance(asked, str) else asked
    with urllib.request.urlopen(asked, timeout=timeout, **options) as answer:
        return json.loads(answer.read()), answer.headers


def test_it_answers_with_the_exchanges_time(server):
    rows, headers = get(server, ROWS)
    assert len(rows) == 5
    assert headers["Date"] == "Sun, 13 Sep 2020 12:05:00 GMT"


def test_it_knows_what_it_was_asked(server):
    get(server, "/api/v3/exchangeInfo")
    get(server, ROWS)
    assert [ask.path for ask in server.asked] == ["/api/v3/exchangeInfo", "/api/v3/klines"]
    assert [ask.path for ask in server.pages] == ["/api/v3/klines"]


def test_it_knows_the_header_lines_by_names_in_small_letters(server):
    get(server, urllib.request.Request(server.url + ROWS, headers={"X-Key": "K"}))
    assert server.asked[0].headers["x-key"] == "K"


def test_its_faults_come_one_by_one_to_requests_for_bars(server):
    server.script = [None, faults.status(503)]
    get(server, ROWS)
    get(server, "/api/v3/exchangeInfo")
    with pytest.raises(urllib.error.HTTPError, match="503"):
        get(server, ROWS)
    get(server, ROWS)


def test_a_fault_of_its_own_meets_the_list_of_symbols(server):
    server.loading = faults.status(451)
    with pytest.raises(urllib.error.HTTPError, match="451"):
        get(server, "/api/v3/exchangeInfo")


def test_what_it_refuses_is_an_answer_too(server):
    with pytest.raises(urllib.error.HTTPError, match="400"):
        get(server, "/api/v3/klines?symbol=FOO&interval=1m")
    assert len(server.pages) == 1
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(server, "/api/v3/other", data=b'{"a":1}')
    assert server.asked[-1].body == {"a": 1}


def test_an_answer_may_come_byte_by_byte(server):
    server.script = [faults.dripping(0.0001)]
    assert len(get(server, ROWS)[0]) == 5


def test_it_stops_though_somebody_waits_for_a_slow_answer():
    server = HistoryServer(Binance(), Truth({("BTC/USDT", "1m"): BARS}, BARS[-1].end), [faults.slow(600)]).start()
    asking = threading.Thread(target=lambda: get(server, ROWS, timeout=600), daemon=True)
    asking.start()
    wait_until(lambda: server.asked)
    stopping = threading.Thread(target=server.stop, daemon=True)
    stopping.start()
    wait_until(lambda: not stopping.is_alive(), what="the end of the server")
    wait_until(lambda: not asking.is_alive(), what="the end of the request")
