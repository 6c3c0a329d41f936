"""Acme's server, on a real socket and with a day of BTCUSDT, and what its source makes of it."""

import json
import threading
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from acme_source import NAMES, AcmeSource, Options

import wealthsources
from wealthsources.testing.contract import SourceContract

T0, HOUR = 1_704_067_200_000, 3_600_000
ROWS = [[T0 + n * HOUR, "1.00", "2", "0.5", f"1.{n:02}0", "7"] for n in range(24)]


class Acme(BaseHTTPRequestHandler):
    def do_GET(self):
        query = dict(parse_qsl(urlsplit(self.path).query))
        known = query["symbol"] == "BTCUSDT" and query["timeframe"] == "1h"
        self.send_response((200 if known else 404) if self.headers["Authorization"] == "Bearer a-secret" else 401)
        self.end_headers()
        rows = [row for row in ROWS if int(query["from"]) <= row[0] <= int(query["to"])]
        self.wfile.write(json.dumps({"bars": rows[-int(query["limit"]) :]}).encode())


@pytest.fixture
def url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Acme) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class TestAcme(SourceContract):
    @pytest.fixture
    def source(self, url):
        return AcmeSource(Options(url=url, token="a-secret"))

    @pytest.fixture
    def held(self):
        return wealthsources.Bars.from_records("BTCUSDT", "1h", [dict(zip(NAMES, row, strict=True)) for row in ROWS])


@pytest.mark.parametrize(("token", "sources"), [("a-secret", ["acme", "acme"]), ("an-old-secret", ["archive"] * 2)])
def test_the_file_of_its_configuration_stands_in_for_acme(url, token, sources, monkeypatch):
    monkeypatch.setenv("ACME_URL", url)
    monkeypatch.setenv("ACME_TOKEN", token)
    with wealthsources.open(Path(__file__).parents[1] / "config.yaml") as session:
        adapter = session.adapter(types.SimpleNamespace(now_ms=T0 + 2 * HOUR), mode="backtest")
        told = adapter.explain("BTCUSDT", 3, "1h")
    assert [bar.source for bar in told.bars] == ["archive", *sources]
    assert ("401; check the option token" in str(told)) == (token != "a-secret")
    assert "secret" not in str(told)
