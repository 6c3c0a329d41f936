"""A canary token through everything that can be read: it is found nowhere, whole or in part."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import wealthdata
import wealthsources
from wealthsources.metrics import metrics_text
from wealthsources_simulator import Market, MarketServer, Peer
from wealthsources_websocket.options import WebSocketOptions

from ..support.waiting import wait_until

CANARY = 'cAnArY/7f3e+9b1d=="quoted"\\slash-é'
PASSWORD = "pr0xy-pAssw0rd"
_SIZE = 8


def pieces(secret: str) -> set[str]:
    """All runs of eight characters of a secret, in every form in which it may be shown."""
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    forms |= {repr(secret.encode())[2:-1]}
    return {form[at : at + _SIZE] for form in forms for at in range(len(form) - _SIZE + 1)}


def assert_hidden(shown: dict[str, str], *secrets: str) -> None:
    for secret in secrets:
        for place, text in shown.items():
            found = [piece for piece in pieces(secret) if piece in text]
            assert not found, f"{place} shows {found[0]!r}"


def echo_error(peer: Peer) -> None:
    token = peer.subscribed()["csrf_token"]
    peer.send({"type": "ERROR", "message": f"bad csrf token {token}, sorry"})
    peer.stay()


def echo_close(peer: Peer) -> None:
    token = peer.accept()["csrf_token"]
    peer.say_goodbye(4000, f"no {token}"[:100])


def echo_while_streaming(peer: Peer) -> None:
    token = peer.accept()["csrf_token"]
    peer.send({"type": "ERROR", "message": f"{token} expires soon"})
    peer.send({"type": "BAR", "symbol": token, "timeframe": "1h", "open_time": 1})
    peer.send({"type": token}, f"not json {token}", {"type": "BAR", "symbol": "BTCUSDT", "timeframe": token})
    peer.frame(2, token.encode())
    peer.say_goodbye(1011, token[:100])


def echo_in_http(peer: Peer) -> None:
    peer.request()
    peer.http(403, f"X-Token: {CANARY}\r\nSet-Cookie: t={CANARY}\r\n".encode().decode("latin-1"), CANARY)


SCRIPTS: dict[str, Callable[[Peer], None]] = {
    "an error instead of CONNECTED": echo_error,
    "a Close frame": echo_close,
    "messages": echo_while_streaming,
    "the refusal of the upgrade": echo_in_http,
}


def everything(session: wealthsources.Session, caplog: Any, capfd: Any) -> dict[str, str]:
    """All that a person or a program could read of a session."""
    adapter = session.adapter()
    status = session.status()
    live = session.source("live")
    out, err = capfd.readouterr()
    shown = {
        "the log": "\n".join(f"{record.getMessage()} {record.args!r} {record.exc_text}" for record in caplog.records),
        "the log as it is printed": caplog.text,
        "stdout": out,
        "stderr": err,
        "status": f"{status!r} {status}",
        "status as JSON": json.dumps(status.as_dict(), ensure_ascii=False),
        "metrics": metrics_text(session),
        "repr of the session": f"{session!r} {session.config!r} {session.config.settings!r}",
        "repr of the source": f"{live!r} {live.options!r} {live.options}",
        "repr of its connections": f"{live.connections!r} {live.connections.clients!r}",
        "the options as JSON": live.options.model_dump_json(
            exclude={"csrf_token"} if callable(live.options.csrf_token) else None
        ),
        "the options as a mapping": repr(live.options.model_dump()),
        "explain": f"{adapter.explain('BTCUSDT', 5)} {adapter.explain('BTCUSDT', 5)!r}",
    }
    for name, ask in {
        "get_history": lambda: adapter.get_history("BTCUSDT", 5),
        "get_price": lambda: wealthdata.get_price("BTCUSDT", count=5, frequency="1h"),
        "an unknown symbol": lambda: adapter.get_history("NOBODY", 5),
    }.items():
        try:
            shown[name] = repr(ask())
        except Exception as error:  # noqa: BLE001 - its text is what is looked at
            shown[f"the error of {name}"] = "".join(traceback.format_exception(error)) + repr(error.__dict__)
    return shown


@pytest.fixture
def canary_session(caplog, capfd, monkeypatch):
    caplog.set_level(0)
    for name in ("wealthsources", "websocket", "wealthsources.source.live"):
        monkeypatch.setattr(logging.getLogger(name), "level", 1)
    opened: list[Any] = []

    def start(*script: Any, **options: Any) -> tuple[wealthsources.Session, MarketServer, list[Any]]:
        server = MarketServer(Market.made(snapshot=2), script)
        server.start()
        live = {
            "endpoint": server.url,
            "symbols": ["BTCUSDT"],
            "resolutions": ["1h"],
            "csrf_token": CANARY,
            "backoff_base": 0.01,
            "backoff_cap": 0.02,
            "connects_per_minute": 10_000,
            **options,
        }
        session = wealthsources.open(
            {"on_stale": "mark", "sources": [{"name": "live", "plugin": "websocket", "options": live}]}
        )
        opened.extend((session, server))
        events: list[Any] = []
        session.__enter__()
        session.subscribe(events.append)
        return session, server, events

    yield start
    for thing in opened:
        thing.stop()


@pytest.mark.parametrize("place", SCRIPTS)
def test_a_server_that_repeats_the_token_does_not_get_it_shown(canary_session, caplog, capfd, place):
    session, server, events = canary_session(*[SCRIPTS[place]] * 2)
    wait_until(lambda: server.accepted >= 3 and session.status().sources["live"].state == "connected")
    assert server.received[-1]["csrf_token"] == CANARY
    shown = everything(session, caplog, capfd) | {"events": repr(events)}
    assert_hidden(shown, CANARY)


def test_a_token_of_a_function_that_changes_is_hidden_old_and_new(canary_session, caplog, capfd):
    tokens = iter([CANARY, f"new-{CANARY[::-1]}", f"newest-{CANARY[::-1]}"])
    last = [""]

    def read() -> str:
        last[0] = next(tokens, last[0])
        return last[0]

    session, server, events = canary_session(echo_close, echo_error, csrf_token=read)
    wait_until(lambda: server.accepted >= 3 and session.status().sources["live"].state == "connected")
    assert_hidden(everything(session, caplog, capfd) | {"events": repr(events)}, CANARY, CANARY[::-1])


def test_a_function_that_fails_with_the_token_in_its_error_does_not_get_it_shown(canary_session, caplog, capfd):
    calls = [0]

    def read() -> str:
        calls[0] += 1
        if calls[0] > 1:
            raise RuntimeError(f"cannot renew {CANARY}")
        return CANARY

    session, _, events = canary_session(echo_close, csrf_token=read)
    wait_until(lambda: session.status().sources["live"].counters.get("lost.token", 0) >= 1)
    assert_hidden(everything(session, caplog, capfd) | {"events": repr(events)}, CANARY)


def test_a_token_in_a_file_is_hidden(canary_session, caplog, capfd, tmp_path):
    (tmp_path / "token").write_text(f"{CANARY}\n")
    session, server, events = canary_session(
        echo_while_streaming, csrf_token="", csrf_token_file=str(tmp_path / "token")
    )
    wait_until(lambda: server.accepted >= 2 and session.status().sources["live"].state == "connected")
    assert server.received[0]["csrf_token"] == CANARY
    assert_hidden(everything(session, caplog, capfd) | {"events": repr(events)}, CANARY)


def test_the_password_of_a_proxy_is_hidden(canary_session, caplog, capfd):
    session, _, events = canary_session(proxy=f"socks5://user:{PASSWORD}@127.0.0.1:9", allow_insecure=True)
    wait_until(lambda: session.status().sources["live"].last_error)
    assert_hidden(everything(session, caplog, capfd) | {"events": repr(events)}, CANARY, PASSWORD)


def test_a_query_of_the_endpoint_is_hidden(canary_session, caplog, capfd):
    session, _, events = canary_session(endpoint="ws://127.0.0.1:9/market_data?key=k3y-0f-th3-quErY")
    wait_until(lambda: session.status().sources["live"].last_error)
    shown = everything(session, caplog, capfd) | {"events": repr(events)}
    for place in ("repr of the session", "repr of the source", "the options as JSON", "the options as a mapping"):
        del shown[place]  # the options say what they were given; only csrf_token and proxy are secret there
    assert_hidden(shown, "k3y-0f-th3-quErY")


@pytest.mark.parametrize(
    "options",
    [
        {"endpoint": "ws://203.0.113.1/", "csrf_token": CANARY},  # in the clear to another machine
        {"csrf_token": CANARY, "csrf_token_file": "x"},
        {"csrf_token": CANARY, "symbols": []},
        {"csrf_token": CANARY, "unknown": 1},
        {"csrf_token": [CANARY]},
        {"csrf_token": CANARY, "proxy": f"ftp://user:{PASSWORD}@h:1"},
        {"csrf_token": CANARY, "endpoint": f"ws://user:{PASSWORD}@127.0.0.1/"},
    ],
)
def test_a_mistake_in_the_configuration_is_told_without_the_secret(options):
    base = {"symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    sources = [{"name": "live", "plugin": "websocket", "options": {**base, **options}}]
    with pytest.raises(wealthsources.ConfigError) as caught:
        wealthsources.open({"sources": sources}).start()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__)
    assert_hidden({"the error": shown}, CANARY, PASSWORD)


def test_options_are_not_pickled_with_a_readable_token_in_their_repr():
    options = WebSocketOptions(symbols=["X"], resolutions=["1h"], csrf_token=CANARY, proxy="none")
    again = pickle.loads(pickle.dumps(options))
    assert again == options
    assert_hidden({"repr": repr(again) + str(again)}, CANARY)
