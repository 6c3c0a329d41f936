"""examples/acme_source in hard times, being a model.

Its own tests run in those of `wealthsources new-source`, which makes the same project, and on a clean machine by
`make example`.
"""

from __future__ import annotations

import importlib
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pydantic
import pytest
import trustme

import wealthsources
from wealthsources import ConfigError, HistoryRequest, NotHere, SourceError, Timeframe

ROOT = Path(__file__).parents[2]
ACME = ROOT / "examples" / "acme_source"
T0, HOUR = 1_704_067_200_000, 3_600_000
TOKEN = "k3jd9sl2kd"
REQUEST = HistoryRequest("BTCUSDT", Timeframe("1h"), T0 + 2 * HOUR + 1, T0, 5)

#: What the server answers with: status, headers, body.
Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(ACME)
    yield importlib.import_module("acme_source")
    del sys.modules["acme_source"]


class Server(ThreadingHTTPServer):
    """Gives every request the same answer, and keeps the requests."""

    asked: list[tuple[str, str]]
    answer: Answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"]))
        status, headers, body = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers = []

    def run(status: int = 200, body: str = '{"bars": []}', **headers: str) -> Server:
        server = Server(("127.0.0.1", 0), Handler)
        server.asked, server.answer = [], (status, headers, body)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        return server

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def refusal(acme) -> Callable[..., SourceError]:
    """What the source says of a server's answer; the token is in none of it."""

    def ask(url: str, request: HistoryRequest = REQUEST) -> SourceError:
        source = acme.AcmeSource(acme.Options(url=url, token=TOKEN))
        with pytest.raises(SourceError) as caught:
            source.get_history(request)
        assert TOKEN not in repr(caught.value) + repr(caught.value.__cause__)
        return caught.value

    return ask


def test_it_is_short():
    modules = [*ACME.glob("*.py"), *ACME.glob("tests/*.py")]
    assert len(modules) == 2
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in modules) < 150


def test_it_asks_for_what_is_wanted_and_for_no_more(acme, serve):
    server = serve()
    with pytest.raises(NotHere, match="Acme has no BTCUSDT 1h in that span"):
        acme.AcmeSource(acme.Options(url=server.url, token=TOKEN)).get_history(REQUEST)
    query = f"symbol=BTCUSDT&timeframe=1h&to={T0 + HOUR}&from={T0}&limit=5"
    assert server.asked == [(f"/bars?{query}", f"Bearer {TOKEN}")]


@pytest.mark.parametrize("url", ["https://me:hunter2@acme.example", "https://acme.example/?key=hunter2"])
def test_an_address_with_a_secret_in_it_is_refused_for_errors_show_it(acme, url):
    with pytest.raises(pydantic.ValidationError, match="errors show the url; take out of it") as caught:
        acme.Options(url=url)
    assert "hunter2" not in str(caught.value)


def test_every_digit_arrives(acme, serve):
    server = serve(body=f'{{"bars": [[{T0}, 1.10, 2, "0.500", 1.7000, 7.0]]}}')
    (bar,) = acme.AcmeSource(acme.Options(url=server.url)).get_history(REQUEST)
    assert [bar.exact(field) for field in ("open", "high", "low", "close", "volume")] == [
        "1.10",
        "2",
        "0.500",
        "1.7000",
        "7.0",
    ]


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "check the option token"), (403, "what the token allows"), (500, "ask those who run it")],
)
def test_a_status_has_its_remedy(serve, refusal, status, said):
    error = refusal(serve(status, f"not you, {TOKEN}").url)
    assert f" answered {status}; " in str(error)
    assert said in str(error)
    assert error.retry_after == 0.0


def test_who_is_asked_to_wait_passes_that_on(serve, refusal):
    assert refusal(serve(429, **{"Retry-After": "7"}).url).retry_after == 7.0
    assert refusal(serve(429, **{"Retry-After": "Wed, 21 Oct"}).url).retry_after == 0.0


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "[]",
        "{}",
        '{"bars": 1}',
        '{"bars": [1]}',
        '{"bars": [[1, 2]]}',
        '{"bars": [[1, 2, 3, 4, 5, "x"]]}',
    ],
)
def test_what_are_no_bars_is_told(serve, refusal, body):
    assert "sent what are no bars: " in str(refusal(serve(body=body).url))


def test_nobody_that_the_server_points_to_gets_the_token(serve, refusal):
    other = serve()
    error = refusal(serve(302, Location=other.url).url)
    assert " answered 302; " in str(error)
    assert other.asked == []


def test_a_server_that_is_not_there_is_told(closed_port, refusal):
    assert "does not answer: " in str(refusal(f"http://127.0.0.1:{closed_port}"))


def test_it_waits_no_longer_than_anybody_does(full_port, refusal):
    begin = time.monotonic()
    soon = HistoryRequest("BTCUSDT", Timeframe("1h"), T0, deadline=begin + 0.3)
    assert "does not answer: " in str(refusal(f"http://127.0.0.1:{full_port}", soon))
    assert time.monotonic() - begin < 5
    assert "no time was left" in str(refusal(f"http://127.0.0.1:{full_port}", soon))


def test_a_certificate_that_nobody_vouches_for_is_refused(serve, refusal):
    server = serve()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    assert "CERTIFICATE_VERIFY_FAILED" in str(refusal(server.url.replace("http:", "https:")))
    assert server.asked == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "http://acme.example", "token": TOKEN}, "the token would be sent in the clear"),
        ({"url": "https://acme.example", "token": f"{TOKEN}\n"}, "the token has characters that no header takes"),
        ({"url": "acme.example"}, "url"),
        ({"url": "ftp://acme.example"}, "url"),
    ],
)
def test_options_that_would_give_the_token_away_are_refused(acme, options, said):
    with pytest.raises(pydantic.ValidationError, match=said) as caught:
        acme.Options(**options)
    assert TOKEN not in str(caught.value)
    acme.Options(url="http://acme.example")
    acme.Options(url="http://127.0.0.1:80", token=TOKEN)


@pytest.mark.usefixtures("acme")
def test_a_configuration_says_so_and_hides_what_comes_from_the_environment(distribution, monkeypatch):
    distribution(entry_points="acme = acme_source")
    monkeypatch.setenv("ACME_URL", "http://feed.example.com")
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    with pytest.raises(ConfigError) as caught, wealthsources.open(ACME / "config.yaml"):
        pass
    assert caught.value.brief.endswith("the token would be sent in the clear; give an address with TLS")
