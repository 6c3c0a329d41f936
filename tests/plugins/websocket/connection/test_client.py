"""The client against servers that listen on this machine: coming back, being refused, leaving nothing behind."""

from __future__ import annotations

import json
import logging
import ssl
import struct
import threading
import time
import traceback

import psutil
import pytest
import trustme

from wealthsources import ConfigError
from wealthsources_simulator import MarketServer

from ....support.markets import SAMPLE
from ....support.waiting import wait_until
from ....support.wire import CLOSE
from ..conftest import TOKEN
from .scripts import stay

# Coming back.


def test_a_cut_is_followed_by_the_same_subscription_on_a_new_connection(serve, start_client, bar):
    def script(peer):
        peer.accept()
        peer.send(bar(peer.number))
        if peer.number > 1:
            peer.stay()

    server = serve(script)
    client, seen = start_client(server.url)
    wait_until(lambda: len(seen.bars) == 2)
    assert seen.epochs == [1, 2]
    assert server.received[0] == server.received[1]
    assert seen.states == ["connecting", "connected", "reconnecting", "connected"]
    assert client.counters["lost.cut"] == 1
    assert client.reconnects == 1
    assert "without a Close frame" in client.last_error


def test_the_simulator_is_left_and_found_again(start_client):
    with MarketServer.from_csv(SAMPLE, symbol="BTCUSDT", timeframe="1h", token=TOKEN, manual=True) as server:
        client, seen = start_client(server.url)
        for number in range(1, 6):
            wait_until(lambda wanted=number: client.state == "connected" and client.epoch == wanted)
            server.play_bars(1)
            wait_until(lambda wanted=number: len(seen.bars) == 5 * wanted)
            server.cut()
        wait_until(lambda: server.acknowledged == 6)
        client.stop()


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 4000])
def test_whatever_the_close_code_the_client_comes_back(serve, start_client, code):
    answers = []

    def script(peer):
        peer.accept()
        if peer.number == 1:
            peer.frame(CLOSE, struct.pack("!H", code) + b"see you")
            answers.append(peer.read())
        else:
            peer.stay()

    client, _ = start_client(serve(script).url)
    wait_until(lambda: client.epoch == 2)
    assert client.counters[f"lost.closed_{code}"] == 1
    assert "see you" in client.last_error
    wait_until(lambda: answers)  # its server reads it on another thread
    assert answers == [(CLOSE, struct.pack("!H", code))]


def test_a_close_without_a_code_is_one_too(serve, start_client):
    def script(peer):
        peer.accept()
        if peer.number == 1:
            peer.frame(CLOSE)
            peer.deaf()
        else:
            peer.stay()

    client, _ = start_client(serve(script).url)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.closed_1005"] == 1


def test_a_fallback_is_used_at_once_when_the_endpoint_refuses(serve, start_client, nowhere, delays):
    server = serve(stay)
    client, seen = start_client(nowhere, fallbacks=[server.url], backoff_base=60, backoff_cap=60)
    wait_until(lambda: client.state == "connected")
    assert client.endpoint == server.url
    assert client.counters["lost.refused"] == 1
    assert seen.states == ["connecting", "error", "connecting", "connected"]
    assert delays == []


def test_the_endpoints_go_round_and_only_the_first_round_is_without_delay(serve, start_client, delays):
    order = []

    def script_of(name):
        def script(peer):
            order.append(name)
            peer.request()
            peer.http("503 Service Unavailable")

        return script

    first, second, third = (serve(script_of(name)) for name in "abc")
    client, _ = start_client(first.url, fallbacks=[second.url, third.url], backoff_base=0.01, backoff_cap=0.01)
    wait_until(lambda: len(order) >= 7)
    client.stop()
    assert order[:7] == ["a", "b", "c", "a", "b", "c", "a"]
    assert len(delays) in (len(order) - 2, len(order) - 3)  # the last one may have been stopped before it was asked for


def test_when_a_fallback_was_up_for_primary_after_the_first_endpoint_comes_next(serve, start_client, delays):
    order = []

    def first(peer):
        order.append("first")
        if peer.number == 1:
            peer.request()
            peer.http("503 Service Unavailable")
        else:
            stay(peer)

    def second(peer):
        order.append("second")
        peer.accept()
        threading.Event().wait(1)  # it is up so long: several turns of the reader

    def third(peer):
        order.append("third")
        stay(peer)

    fallbacks = [serve(second).url, serve(third).url]
    client, _ = start_client(serve(first).url, fallbacks=fallbacks, primary_after=0.05)
    wait_until(lambda: client.epoch == 2)
    assert order == ["first", "second", "first"]


def test_the_delay_grows_and_a_connection_that_lived_briefly_does_not_reset_it(serve, start_client, bar, delays):
    def script(peer):
        peer.accept()
        peer.send(bar(peer.number))

    client, seen = start_client(serve(script).url, backoff_base=0.01, backoff_cap=0.08)
    wait_until(lambda: len(delays) >= 6)
    assert delays[:6] == pytest.approx([0.01, 0.02, 0.04, 0.08, 0.08, 0.08])
    assert len(seen.bars) >= 5
    client.stop()


def test_a_connection_that_lived_and_brought_a_bar_does_reset_it(serve, start_client, bar, delays):
    def script(peer):
        peer.accept()
        peer.send(bar(peer.number))
        peer.answer(*peer.read())
        peer.read()  # the second ping, which comes 0.2 s later at the earliest

    start_client(serve(script).url, backoff_base=0.01, reset_after=0.05, ping_interval=0.01)
    wait_until(lambda: len(delays) >= 3)
    assert delays[:3] == [0.01, 0.01, 0.01]


def test_a_connection_that_lived_without_a_bar_does_not_reset_it(serve, start_client, delays):
    def script(peer):
        peer.accept()
        peer.send({"type": "NEWS"}, {"type": "PONG"})
        peer.answer(*peer.read())
        peer.read()

    options = {"backoff_base": 0.01, "backoff_cap": 0.04, "reset_after": 0.05, "ping_interval": 0.01}
    start_client(serve(script).url, **options)
    wait_until(lambda: len(delays) >= 3)
    assert delays[:3] == [0.01, 0.02, 0.04]


def test_a_host_is_not_connected_to_more_often_than_allowed(serve, start_client):
    server = serve(lambda peer: None)
    client, _ = start_client(server.url, connects_per_minute=3, backoff_base=0.001, backoff_cap=0.001)
    wait_until(lambda: client.counters["budget_waits"])
    assert server.accepted == 3
    client.stop()
    assert server.accepted == 3


def test_a_handler_that_fails_costs_one_connection_and_not_the_thread(serve, make_client, bar, caplog):
    def script(peer):
        peer.accept()
        peer.send(bar(peer.number))
        peer.stay()

    def fail_once(message):
        if len(seen.bars) == 1:
            raise RuntimeError("a fault of ours")
        return True

    server = serve(script)
    caplog.set_level(logging.INFO)
    client, seen = make_client(server.url)
    seen.wanted = fail_once
    client.start()
    wait_until(lambda: len(seen.bars) == 2)
    assert client.counters["lost.internal"] == 1
    assert "a fault of ours" in caplog.text


# Being refused.


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_an_upgrade_that_is_not_authorized_is_a_state_of_its_own(serve, start_client, status, delays):
    def script(peer):
        peer.request()
        peer.http(status)

    client, seen = start_client(serve(script).url, backoff_base=0.001, backoff_cap=0.3)
    wait_until(lambda: client.state == "auth_failed")
    assert status[:3] in client.last_error
    assert client.counters["lost.bad_status"] == 2
    assert seen.states == ["connecting", "error", "connecting", "auth_failed"]


def test_a_refused_client_tries_again_slowly(serve, start_client, delays):
    def script(peer):
        peer.accept() if peer.number > 3 else peer.subscribed()
        if peer.number > 3:
            peer.stay()
        peer.send({"type": "ERROR", "message": "unauthorized"})
        peer.deaf()

    began = time.monotonic()
    client, _ = start_client(serve(script).url, backoff_base=0.001, backoff_cap=0.15)
    wait_until(lambda: client.state == "connected")
    assert time.monotonic() - began >= 0.3
    assert client.counters["lost.refused_by_server"] == 3


@pytest.mark.parametrize("text", ["wrong or missing csrf_token", "Unauthorized", "bad TOKEN", "auth failed"])
def test_an_error_about_the_credential_instead_of_connected(serve, start_client, text):
    def script(peer):
        peer.subscribed()
        peer.send({"type": "ERROR", "message": text})
        peer.deaf()

    client, _ = start_client(serve(script).url, backoff_base=0.001, backoff_cap=30)
    wait_until(lambda: client.state == "auth_failed")
    assert text in client.last_error
    assert client.epoch == 0


def test_another_error_instead_of_connected_is_tried_again(serve, start_client):
    def script(peer):
        if peer.number > 1:
            stay(peer)
        peer.subscribed()
        peer.send({"type": "ERROR", "message": "try later"})
        peer.deaf()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: client.state == "connected")
    assert seen.states == ["connecting", "error", "connecting", "connected"]
    assert "refused_by_server: try later" in client.last_error


def test_a_policy_violation_means_the_credential(serve, start_client):
    def script(peer):
        peer.accept()
        peer.frame(CLOSE, struct.pack("!H", 1008) + b"session expired")
        peer.deaf()

    client, _ = start_client(serve(script).url, backoff_base=0.001, backoff_cap=30)
    wait_until(lambda: client.state == "auth_failed")
    assert "closed_1008: session expired" in client.last_error


def test_a_redirect_is_not_followed(serve, start_client):
    elsewhere = serve(stay)

    def script(peer):
        peer.request()
        peer.http("302 Found", f"Location: {elsewhere.url}\r\nContent-Length: 0\r\n")

    client, _ = start_client(serve(script).url, backoff_cap=0.001)
    wait_until(lambda: client.counters["lost.redirect_refused"] + client.counters["lost.bad_status"] >= 3)
    assert elsewhere.accepted == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 99999999999\r\n\r\nabc",
        b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: eA==\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"",
    ],
    ids=["a web page", "an endless body", "a wrong key", "no HTTP", "nothing"],
)
def test_an_upgrade_that_goes_wrong_is_tried_again(serve, start_client, answer):
    def script(peer):
        if peer.number > 1:
            stay(peer)
        peer.request()
        peer.write(answer)

    client, _ = start_client(serve(script).url)
    wait_until(lambda: client.state == "connected")
    (counted,) = (name for name in client.counters if name.startswith("lost."))
    assert counted in ("lost.bad_status", "lost.handshake_protocol", "lost.handshake_closed")


def test_a_server_that_never_answers_the_upgrade(serve, start_client):
    client, _ = start_client(serve(lambda peer: peer.deaf()).url, connect_timeout=0.3)
    wait_until(lambda: client.counters["lost.handshake_timeout"])


# The token.


def test_a_missing_token_is_sent_empty_and_said_once(serve, start_client, caplog):
    def script(peer):
        peer.accept()
        if peer.number > 3:
            peer.stay()

    server = serve(script)
    client, _ = start_client(server.url, csrf_token="")
    wait_until(lambda: client.epoch == 4)
    assert [message["csrf_token"] for message in server.received] == [""] * 4
    assert caplog.text.count("no csrf_token is set") == 1


def test_a_token_that_is_there_needs_no_word(serve, start_client, caplog):
    client, _ = start_client(serve(stay).url)
    wait_until(lambda: client.state == "connected")
    assert "csrf_token" not in caplog.text


def test_a_short_token_is_told_of_and_leaves_the_log_readable(serve, start_client, caplog):
    caplog.set_level(logging.INFO)

    def script(peer):
        if peer.number > 1:
            peer.accept()
            peer.stay()
        peer.join()
        peer.send({"type": "ERROR", "message": "this token t is not the right one"})

    client, _ = start_client(serve(script).url, csrf_token="t")
    wait_until(lambda: client.epoch == 2)
    assert "csrf_token has fewer than 8 characters" in caplog.text
    assert "this token *** is not the right one" in caplog.text
    assert "next attempt in" in caplog.text


@pytest.mark.parametrize("text", ["", "one-line-of-it\nand-another\n", "short"])
def test_a_token_file_that_holds_no_token_is_named_at_the_start(make_client, tmp_path, text):
    (tmp_path / "token").write_text(text)
    client, _ = make_client(
        "wss://market.example/", csrf_token="", csrf_token_file=str(tmp_path / "token"), connect_timeout=0.1
    )
    with pytest.raises(ConfigError, match=r"csrf_token_file .*token (is empty|has 2 lines|has fewer than 8)") as caught:
        client.start()
    assert "one-line" not in str(caught.value)


def test_a_token_file_that_is_being_written_is_waited_for(serve, start_client, tmp_path):
    file = tmp_path / "token"
    file.write_text("the-first-token")

    def script(peer):
        if peer.number == 1:
            peer.accept()
            file.write_text("")
        else:
            stay(peer)

    server = serve(script)
    client, _ = start_client(server.url, csrf_token="", csrf_token_file=str(file))
    wait_until(lambda: client.counters["lost.token"] > 2)
    assert client.last_error.endswith("token is empty")
    assert len(server.received) == 1, "an empty one is not sent"
    file.write_text("the-second-token\n")
    wait_until(lambda: client.epoch == 2)
    assert [message["csrf_token"] for message in server.received] == ["the-first-token", "the-second-token"]


def echoes(token: str) -> list[str]:
    """Texts with the token in them, whole, twice, and where it is cut off when the text is shortened."""
    half = len(token) // 2
    return [
        token,
        f"{token} is not {token}",
        f"token  {token}  ",
        "x" * 110 + token + "y" * 50,
        *("x" * (length - half) + token for length in (95, 98, 117, 119, 120, 122)),
    ]


WAYS = {
    "ERROR": lambda peer, bar, text: peer.send({"type": "ERROR", "message": text}),
    "Close": lambda peer, bar, text: peer.frame(CLOSE, struct.pack("!H", 4000) + text.encode()[:120]),
    "nonsense": lambda peer, bar, text: peer.send(text, json.dumps(text), json.dumps({"csrf_token": text})[:-1]),
    "bad bar": lambda peer, bar, text: peer.send(bar(1, close=text), bar(1, timeframe=text), bar(1, x=text)),
    "bad type": lambda peer, bar, text: peer.send({"type": text}, bar(1, open_time=text), bar(1, symbol=[text])),
}


@pytest.mark.parametrize("token", ["s3cr3t-0123456789-abc", "q\"u\\o'te/0123456789-abc", "ümläut-0123456789-ß"])
@pytest.mark.parametrize("early", [True, False], ids=["instead of CONNECTED", "later"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_server_that_repeats_the_token_does_not_get_it_into_log_or_status(
    serve, start_client, bar, caplog, way, early, token
):
    texts = echoes(token)

    def script(peer):
        peer.subscribed() if early else peer.accept()
        if peer.number > len(texts):
            peer.stay()
        way(peer, bar, texts[peer.number - 1])
        peer.deaf() if way is WAYS["ERROR"] and early else None

    caplog.set_level(logging.DEBUG)
    server = serve(script)
    client, seen = start_client(server.url, csrf_token=token)
    wait_until(lambda: server.accepted > len(texts))
    told = [record.getMessage() for record in caplog.records if record.name.startswith(("wealthsources", "websocket."))]
    told += [*seen.reasons, client.last_error, repr(client), repr(vars(client)["_options"]), *client.counters]
    for form in (token, json.dumps(token)[1:-1], repr(token)[1:-1], repr(token.encode())[2:-1]):
        parts = [form[at : at + 8] for at in range(len(form) - 7)]
        assert [(part, text) for part in parts for text in told if part in text] == []
    assert "***" in caplog.text


# Leaving nothing behind.


def test_threads_and_descriptors_do_not_grow_with_reconnects(serve, start_client, bar):
    enough = threading.Event()

    def script(peer):
        peer.accept()
        peer.send(bar(peer.number))
        if peer.number in (2, 22) and not enough.is_set():
            enough.wait(10)
            enough.clear()

    process = psutil.Process()
    server = serve(script)
    client, _ = start_client(server.url, backoff_base=0.001, backoff_cap=0.001)

    def count():
        wait_until(lambda: sum(thread.name.startswith("connection ") for thread in threading.enumerate()) == 1)
        wait_until(lambda: "wealthsources-resolver" not in [thread.name for thread in threading.enumerate()])
        return threading.active_count(), process.num_fds()

    wait_until(lambda: client.epoch == 2)
    before = count()
    enough.set()
    wait_until(lambda: client.epoch == 22)
    # What ends by itself may be there at one of the two times: a leak would be one of each for each connection.
    wait_until(lambda: all(now < then + 10 for now, then in zip(count(), before, strict=True)))
    enough.set()


def test_descriptors_do_not_grow_with_attempts_that_fail(serve, start_client, nowhere):
    process = psutil.Process()

    def script(peer):
        peer.request()
        peer.http("503 Service Unavailable")

    server = serve(script)
    before = process.num_fds()
    options = {"fallbacks": [server.url], "backoff_base": 0.001, "backoff_cap": 0.001}
    client, _ = start_client(nowhere, **options)
    wait_until(lambda: client.counters["attempts"] >= 40)
    client.stop()
    wait_until(lambda: process.num_fds() <= before)


# TLS.


def test_tls_with_a_certificate_authority_of_ones_own(start_client, tmp_path):
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    options = {"symbol": "BTCUSDT", "timeframe": "1h", "token": TOKEN, "manual": True, "tls": context}
    with MarketServer.from_csv(SAMPLE, **options) as server:
        trusting, seen = start_client(server.url, ca_file=str(tmp_path / "ca.pem"))
        wait_until(lambda: trusting.state == "connected")
        server.play_bars(2)
        wait_until(lambda: len(seen.bars) == 10)
        trusting.stop()
        doubting, _ = start_client(server.url, backoff_cap=30, backoff_base=30)
        wait_until(lambda: doubting.counters["lost.tls_error"])
        assert "not trusted" in doubting.last_error
        assert server.acknowledged == 1
        doubting.stop()


def test_a_header_full_of_blanks_is_read_in_no_time(serve, start_client):
    def script(peer):
        peer.request()
        peer.http("503 Busy", f"Retry-After:{' ' * 30_000}\x01\r\nContent-Length: 0\r\n")

    began = time.process_time()
    client, _ = start_client(serve(script).url, backoff_base=30, backoff_cap=30)
    wait_until(lambda: client.counters["lost.bad_status"])
    assert time.process_time() - began < 5


def test_a_token_function_that_fails_at_the_start_does_not_show_what_it_said(nowhere, make_client):
    def read() -> str:
        raise RuntimeError("the token s3cr3t has expired")

    client, _ = make_client(nowhere, csrf_token=read)
    with pytest.raises(ConfigError) as caught:
        client.start()
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_a_token_file_that_is_not_there_is_named(nowhere, make_client):
    client, _ = make_client(nowhere, csrf_token="", csrf_token_file="/no/such/token")
    with pytest.raises(ConfigError, match="csrf_token_file /no/such/token: No such file"):
        client.start()


# what an outage says in the log


def of_the_source(caplog, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level and "source" in record.name]


def test_an_outage_says_each_cause_and_each_state_once(open_session, nowhere, caplog):
    caplog.set_level(logging.INFO)
    session = open_session(nowhere)
    live = session.source("live")
    session.adapter()
    wait_until(lambda: live.status().counters.get("attempts", 0) > 100)
    session.stop()
    (line,) = of_the_source(caplog, logging.WARNING)
    assert line.startswith(f"{nowhere}: refused: ")
    told = of_the_source(caplog, logging.INFO)
    assert told[0] == f"connecting ({nowhere})"
    assert [text.partition(" ")[0] for text in told] == ["connecting", "error:", "disconnected:"]


def test_the_end_of_an_outage_is_told_with_the_number_of_attempts(serve, open_session, caplog):
    caplog.set_level(logging.INFO)

    def script(peer):
        if peer.number > 5:
            peer.accept()
        if peer.number > 6:
            peer.stay()

    server = serve(script)
    session = open_session(server.url)
    live = session.source("live")
    session.adapter()
    wait_until(lambda: live.status().state == "connected" and live.status().epoch == 2)
    session.stop()
    address = f"({server.url})"
    assert f"connected {address} after 5 failed attempts" in of_the_source(caplog, logging.WARNING)
    told = [text for text in of_the_source(caplog, logging.INFO) if text.startswith("connected")]
    assert told == [f"connected {address}"], "the second one came at the first attempt"
