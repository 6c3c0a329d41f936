"""Row A15 of the table of faults: what stands between us and the server refuses, asks for more, or says nothing."""

from __future__ import annotations

import base64
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
import trustme

from wealthsources import HistoryRequest, NotHere, Timeframe
from wealthsources_simulator.invented import BEGINNING

from ..support.tls import server_context
from .case import TOKEN
from .proxies import HttpProxy, Proxy, SocksProxy

PASSWORD = "pr0xy:canary/w@rd %41"
LOGIN = ("the user", PASSWORD)
#: Any of these, shown anywhere, gives the password away.
LEAKS = ("pr0xy", "canary/w", quote(PASSWORD, safe=""), base64.b64encode(":".join(LOGIN).encode()).decode())
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
PROMPT = 1.0  # a stop is seen within a fifth of a second


@pytest.fixture(autouse=True)
def _no_password_in_the_log(caplog) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    shown = [*caplog.get_records("call"), *caplog.records]
    text = "\n".join(caplog.handler.format(record) for record in shown)
    assert not [leak for leak in (*LEAKS, TOKEN) if leak in text]


@pytest.fixture
def start(case) -> Callable[[Proxy], Proxy]:
    """Starts a proxy, and has it end after the session."""

    def starting(proxy: Proxy) -> Proxy:
        case.servers.append(proxy)
        proxy.start()
        return proxy

    return starting


@pytest.fixture(params=[HttpProxy, SocksProxy], ids=["http", "socks5"])
def kind(request) -> type[Proxy]:
    """A kind of proxy."""
    return request.param


@pytest.fixture(autouse=True)
def variables(monkeypatch) -> Callable[..., None]:
    """Sets variables of the environment; those that name proxies are unset before."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def setting(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return setting


@pytest.fixture
def context_for(authority) -> Callable[..., ssl.SSLContext]:
    """A server's context with a certificate of the authority's, or of another one."""

    def make(name: str, signed_by: trustme.CA = authority) -> ssl.SSLContext:
        return server_context(signed_by, name)

    return make


def address(server) -> str:
    return f"127.0.0.1:{server.port}"


def assert_nothing_is_told(case) -> None:
    """The password is in no status, no reason, no error and no `repr`."""
    request = HistoryRequest("BTCUSDT", Timeframe("1h"), BEGINNING + 48 * 3_600_000, BEGINNING)
    try:
        why = repr(case.live.get_history(request))
    except NotHere as error:
        why = str(error)
    options = case.live.options
    shown = [why, repr(case.session.status()), repr(case.status), case.status.last_error]
    shown += [repr(options), str(options), str(options.model_dump()), options.model_dump_json()]
    assert not [leak for leak in LEAKS if leak in "\n".join(shown)]


def open_through(case, proxy: str, endpoint: str | None = None, **options) -> None:
    """Open a session with a proxy. It may read a token that goes over ws://, which therefore has to be allowed."""
    case.open(endpoint, proxy=proxy, allow_insecure=True, **options)


def assert_only_through(proxy: Proxy, *servers) -> None:
    """Every connection that the servers ever saw came through the proxy."""
    assert sum(server.accepted for server in servers) == proxy.carried


def assert_refused_then_led_on(case, proxy: Proxy, lost: str, cause: str, heal: Callable[[], None]) -> None:
    """The cause is counted and named, nobody goes around the proxy; once it is healed the bars come through it."""
    case.counted(f"lost.{lost}")
    assert cause in case.status.last_error
    assert address(proxy) in case.status.last_error
    assert_nothing_is_told(case)
    assert [server.accepted for server in case.servers if not isinstance(server, Proxy)] == [0]
    heal()
    case.connected()
    case.play(2)
    case.until(lambda: len(case.held()) >= 2)
    assert_only_through(proxy, case.server)


# a good proxy --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("login", [None, LOGIN], ids=["without login", "with login"])
def test_a15_a_good_proxy_carries_everything(case, start, kind, scheme, login, context_for, trust):
    """Is behind a proxy, with or without a user and password → all bars come through it; nobody goes around it."""
    case.serve(tls=context_for("127.0.0.1") if scheme == "wss" else None)
    proxy = start(kind(login))
    open_through(case, proxy.url(login), ca_file=trust)
    case.connected()
    case.play(5)
    case.counted("bars.new", 5)
    assert proxy.asked == [address(case.server)]
    assert proxy.logins == [login]
    assert case.server.url.startswith(scheme)
    assert (b"GET /market_data" in proxy.sent) == (scheme == "ws")
    assert_only_through(proxy, case.server)
    assert_nothing_is_told(case)


@pytest.mark.parametrize("login", [None, LOGIN], ids=["without login", "with login"])
def test_a15_a_proxy_that_answers_byte_by_byte(case, start, kind, login):
    """The proxy answers byte by byte → its answer is read whole, and the bars come."""
    case.serve()
    proxy = kind(login)
    proxy.behaviour = "drip"
    start(proxy)
    open_through(case, proxy.url(login))
    case.counted("attempts")
    case.connected()
    assert case.counter("attempts") == 1
    assert_only_through(proxy, case.server)


def test_a_socks_proxy_may_be_bound_to_an_address_that_looks_like_http(case, start):
    case.serve()
    proxy = SocksProxy()
    proxy.granted = b"\5\0\0\1HTTP/1"
    start(proxy)
    open_through(case, proxy.url(), connect_timeout=1.0)
    case.counted("attempts")
    case.until(lambda: case.counter("attempts") > 1 or case.status.state == "connected")
    assert case.counter("lost.proxy_timeout") == 0
    case.connected()


def test_a15_the_proxy_looks_up_the_name(case, start, kind, context_for, trust, monkeypatch):
    """Has a name that only the proxy knows → it is asked for by that name, and its certificate must bear it."""
    case.serve(tls=context_for("market.example"))
    proxy = start(kind())
    proxy.routes["market.example:443"] = ("127.0.0.1", case.server.port)
    looked_up, real = [], socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **k: (looked_up.append(host), real(host, *a, **k))[1])
    open_through(case, proxy.url(), "wss://market.example/market_data", ca_file=trust)
    case.counted("attempts")
    case.connected()
    assert proxy.asked == ["market.example:443"]
    assert "market.example" not in looked_up
    assert_only_through(proxy, case.server)


# a proxy that does not lead on ---------------------------------------------------------------------------------


def test_a15_the_port_of_the_proxy_is_closed(case, start, kind):
    """The proxy's port is closed → `proxy_refused`, and no direct connection; when it opens, the bars come."""
    case.serve()
    proxy = kind(LOGIN)
    open_through(case, proxy.url(LOGIN))
    assert_refused_then_led_on(case, proxy, "proxy_refused", "proxy_refused", lambda: start(proxy))


def test_a15_the_name_of_the_proxy_does_not_resolve(case, monkeypatch):
    """The proxy's name does not resolve → `proxy_dns`, and no direct connection."""
    case.serve()
    real = socket.getaddrinfo

    def resolve(host, *arguments, **options):
        if host == "proxy.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    case.truth_is_checked = False  # there never is a proxy, and nothing may go around it
    open_through(case, f"http://user:{quote(PASSWORD, safe='')}@proxy.example:3128")
    case.counted("lost.proxy_dns", 2)
    assert "proxy.example" in case.status.last_error
    assert_nothing_is_told(case)
    assert case.server.accepted == 0


@pytest.mark.parametrize(
    ("kind", "refusal", "cause"),
    [
        (HttpProxy, HttpProxy.refused, "403"),
        (HttpProxy, HttpProxy.unreachable, "502"),
        (HttpProxy, b"SSH-2.0-OpenSSH_9.2\r\n", "proxy_error"),
        (HttpProxy, b"\5\xff", "proxy_error"),
        (SocksProxy, SocksProxy.refused, "not allowed by ruleset"),
        (SocksProxy, SocksProxy.unreachable, "Connection refused by destination host"),
        (SocksProxy, b"HTTP/1.1 400 Bad Request\r\n\r\n", "proxy_error"),
        (SocksProxy, b"\5\0\0\7\0\0\0\0\0\0", "proxy_error"),
    ],
    ids=["403", "502", "ssh", "socks to http", "not allowed", "unreachable", "http to socks", "odd address"],
)
def test_a15_the_proxy_refuses(case, start, kind, refusal, cause):
    """The proxy answers 403, a refusal of SOCKS, or nonsense → `proxy_error` says so, and no direct connection."""
    case.serve()
    proxy = kind(LOGIN)
    proxy.refusal = refusal
    start(proxy)
    open_through(case, proxy.url(LOGIN))
    assert_refused_then_led_on(case, proxy, "proxy_error", cause, lambda: setattr(proxy, "refusal", b""))


@pytest.mark.parametrize(
    "shown", [None, (LOGIN[0], "pr0xy-wrong"), ("nobody", PASSWORD)], ids=["none", "password", "user"]
)
def test_a15_the_proxy_wants_a_login(case, start, kind, shown):
    """The proxy wants a user and password, or others than ours → `proxy_auth`, no direct connection, nothing shown."""
    case.serve()
    proxy = kind(LOGIN)
    start(proxy)
    open_through(case, proxy.url(shown))

    def heal() -> None:
        assert set(proxy.logins) == {shown}
        assert proxy.asked == []
        proxy.login = shown

    assert_refused_then_led_on(case, proxy, "proxy_auth", "user and password", heal)
    assert case.status.state != "auth_failed"  # that is the word for csrf_token


def test_a15_the_proxy_never_answers(case, start, kind):
    """The proxy never answers what it is asked for → `proxy_timeout` by the deadline, and no direct connection."""
    case.serve()
    proxy = kind(LOGIN)
    proxy.behaviour = "hang"
    start(proxy)
    began = time.monotonic()
    open_through(case, proxy.url(LOGIN), connect_timeout=0.7)
    case.counted("lost.proxy_timeout")
    assert 0.6 < time.monotonic() - began < 3 * 0.9
    assert_refused_then_led_on(case, proxy, "proxy_timeout", "proxy", lambda: setattr(proxy, "behaviour", "good"))


@pytest.mark.parametrize(("scheme", "lost"), [("ws", "handshake_timeout"), ("wss", "tls_timeout")])
def test_a15_the_proxy_says_yes_and_then_nothing(case, start, kind, scheme, lost, context_for, trust):
    """The proxy says yes and carries nothing → the deadline of the whole attempt holds, and no direct connection."""
    case.serve(tls=context_for("127.0.0.1") if scheme == "wss" else None)
    proxy = kind(LOGIN)
    proxy.behaviour = "grant and hang"
    start(proxy)
    began = time.monotonic()
    open_through(case, proxy.url(LOGIN), connect_timeout=0.7, ca_file=trust)
    case.counted(f"lost.{lost}")
    assert 0.6 < time.monotonic() - began < 3 * 0.9
    assert case.server.accepted == 0
    assert_nothing_is_told(case)
    proxy.behaviour = "good"
    case.connected()
    assert_only_through(proxy, case.server)


@pytest.mark.parametrize("behaviour", ["hang", "grant and hang"])
def test_a15_stop_is_prompt_while_the_proxy_hangs(case, start, kind, behaviour):
    """The proxy hangs → `stop()` returns at once, long before the deadline."""
    case.serve()
    case.truth_is_checked = False  # the session is stopped before anything came
    proxy = kind()
    proxy.behaviour = behaviour
    start(proxy)
    open_through(case, proxy.url(), connect_timeout=30)
    case.until(lambda: proxy.asked)
    case.counted("attempts")
    began = time.monotonic()
    case.session.stop()
    assert time.monotonic() - began < PROMPT
    assert proxy.accepted == 1
    assert case.server.accepted == 0


def test_a15_the_proxy_ends_the_connection(case, start, kind):
    """The proxy takes the request and ends the connection → `proxy_error`, and no direct connection."""
    case.serve()
    proxy = kind(LOGIN)
    proxy.behaviour = "cut"
    start(proxy)
    open_through(case, proxy.url(LOGIN))
    assert_refused_then_led_on(case, proxy, "proxy_error", "proxy", lambda: setattr(proxy, "behaviour", "good"))


def test_a15_a_proxy_that_refuses_has_refused_every_endpoint(case, start, kind):
    """The proxy refuses the endpoint and leads on to the fallback → the fallback too is reached through it only."""
    case.serve()
    case.serve()
    endpoint, fallback = case.servers
    proxy = start(kind())
    closed = kind()  # bound, but nobody listens
    case.servers.append(closed)
    proxy.routes[address(endpoint)] = ("127.0.0.1", closed.port)
    open_through(case, proxy.url(), fallbacks=[fallback.url])
    case.counted("lost.proxy_error")
    case.connected()
    assert proxy.asked[:2] == [address(endpoint), address(fallback)]
    assert endpoint.accepted == 0
    assert_only_through(proxy, fallback)


def test_a15_a_proxy_that_leads_to_somebody_else(case, start, kind, context_for, trust):
    """The proxy leads to somebody else → `tls_error`: the certificate must be the server's; no token is sent."""
    case.serve(tls=context_for("127.0.0.1"))
    case.serve(tls=context_for("127.0.0.1", trustme.CA()))
    server, impostor = case.servers
    proxy = start(kind())
    proxy.routes[address(server)] = ("127.0.0.1", impostor.port)
    open_through(case, proxy.url(), ca_file=trust)
    case.counted("lost.tls_error")
    assert "certificate" in case.status.last_error
    assert server.accepted == 0
    proxy.routes.clear()
    case.connected()
    assert impostor.received == []
    assert b"GET " not in proxy.sent
    assert_only_through(proxy, server, impostor)


@pytest.mark.parametrize(
    "said",
    [b"\x1b[2J\x07\x9b31m", b"\xff\xfe\xfa", b"x" * 100_000, f"{LOGIN[0]}:{PASSWORD}".encode()],
    ids=["steers a terminal", "no text", "endless", "our password"],
)
def test_a15_what_the_proxy_says_is_shown_with_care(case, start, said):
    """The proxy refuses with words that steer a terminal, are no text, endless, or our password → shown cleaned."""
    case.serve()
    proxy = HttpProxy(LOGIN)
    proxy.refusal = b"HTTP/1.1 403 So " + said + b"\r\n\r\n"
    start(proxy)
    open_through(case, proxy.url(LOGIN))
    case.counted("lost.proxy_error")
    shown = case.status.last_error
    assert "403" in shown
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert len(shown) < 300
    assert_nothing_is_told(case)
    proxy.refusal = b""
    case.connected()


# the environment -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"proxy": "none"}], ids=["unsaid", "none"])
@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_a15_proxies_of_the_environment_are_ignored(case, start, variables, options, scheme, context_for, trust):
    """The environment names proxies, and `proxy` is none, as by default → the connection is direct."""
    case.serve(tls=context_for("127.0.0.1") if scheme == "wss" else None)
    proxy = start(HttpProxy())
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        variables(**{name: proxy.url(), name.upper(): proxy.url()})
    case.open(ca_file=trust, **options)
    case.counted("attempts")
    case.connected()
    assert case.counter("attempts") == 1
    assert proxy.accepted == 0


@pytest.mark.parametrize(
    ("scheme", "variable", "kind"),
    [
        ("wss", "HTTPS_PROXY", HttpProxy),
        ("wss", "https_proxy", HttpProxy),
        ("wss", "ALL_PROXY", SocksProxy),
        ("wss", "all_proxy", HttpProxy),
        ("ws", "HTTP_PROXY", SocksProxy),
        ("ws", "ALL_PROXY", SocksProxy),
    ],
)
@pytest.mark.parametrize("no_proxy", [None, "other.example,10.0.0.0"], ids=["", "others excepted"])
def test_a15_proxies_of_the_environment_are_used_if_told_so(
    case, start, variables, scheme, variable, kind, no_proxy, context_for, trust
):
    """The environment names a proxy, and `proxy` is env → it is used, with its user and password, and only it."""
    case.serve(tls=context_for("127.0.0.1") if scheme == "wss" else None)
    proxy = start(kind(LOGIN))
    variables(**{variable: proxy.url(LOGIN)} | ({"NO_PROXY": no_proxy} if no_proxy else {}))
    open_through(case, "env", ca_file=trust)
    case.counted("attempts")
    case.connected()
    assert proxy.logins == [LOGIN]
    assert_only_through(proxy, case.server)
    assert_nothing_is_told(case)


@pytest.mark.parametrize("no_proxy", ["127.0.0.1", "*", "other.example, 127.0.0.1", "127.0.0.1:{port}"])
@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_a15_no_proxy_is_heeded(case, start, variables, no_proxy, scheme, context_for, trust):
    """NO_PROXY names the server, and `proxy` is env → the connection is direct."""
    case.serve(tls=context_for("127.0.0.1") if scheme == "wss" else None)
    proxy = start(HttpProxy())
    named = no_proxy.format(port=case.server.port)
    variables(HTTP_PROXY=proxy.url(), HTTPS_PROXY=proxy.url(), ALL_PROXY=proxy.url(), NO_PROXY=named)
    case.open(proxy="env", ca_file=trust)
    case.counted("attempts")
    case.connected()
    assert case.counter("attempts") == 1
    assert proxy.accepted == 0


def test_a15_without_proxies_in_the_environment_the_connection_is_direct(case):
    """No proxy is in the environment, and `proxy` is env → the connection is direct."""
    case.serve()
    case.open(proxy="env")
    case.counted("attempts")
    case.connected()
    assert case.counter("attempts") == 1


@pytest.mark.parametrize(
    "found", ["https://{login}@127.0.0.1:{port}", "{login}@127.0.0.1", "ftp://{login}@127.0.0.1:{port}"]
)
def test_a15_a_proxy_of_the_environment_that_cannot_be_used(case, start, variables, found):
    """The environment names a proxy of a kind that is not known → said so, nobody goes around it, nothing shown."""
    case.serve()
    proxy = start(HttpProxy(LOGIN))
    login = f"user:{quote(PASSWORD, safe='')}"
    variables(ALL_PROXY=found.format(login=login, port=proxy.port))
    open_through(case, "env")
    case.counted("attempts", 2)
    assert "proxy" in case.status.last_error
    assert case.counter("lost.internal") == 0
    assert case.server.accepted == 0
    assert_nothing_is_told(case)
    variables(ALL_PROXY=proxy.url(LOGIN))
    case.connected()
    assert_only_through(proxy, case.server)


def test_a15_a_connection_that_is_made_again_and_again(case, start, kind):
    """Closes every connection at once, twenty times → each next one too is made through the proxy; nothing is left."""
    case.serve(*["close-at-once"] * 20)
    proxy = start(kind(LOGIN))
    open_through(case, proxy.url(LOGIN))
    case.counted("lost.closed_1000", 20)
    case.connected(21)
    assert_only_through(proxy, case.server)
