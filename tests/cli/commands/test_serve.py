"""`wealthsources serve`, in a process of its own: real signals, real sockets."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import signal
import socket
import threading
import time

import pytest

from wealthsources.cli.commands.serve import _signals, read_address
from wealthsources.model.errors import RequestError

from ...support.waiting import wait_until
from ..conftest import TOKEN

STUBBORN = """
import time
from wealthsources import Capabilities, NotHere, Source, hookimpl
class Stubborn(Source):
    capabilities = Capabilities(live=True, blocking=False)
    def get_history(self, request): raise NotHere("nothing")
    def stop(self): time.sleep(60)
@hookimpl
def wealthsources_register(register): register("zstubborn", Stubborn)
"""


def stopped_in(log):
    """Seconds from the signal to the end, by the log's own times: those of a process that starts and ends are its."""
    (began,) = [line for line in log.splitlines() if line.endswith(": stopping")]
    began, ended = (dt.datetime.fromisoformat(line.split()[0]) for line in (began, log.splitlines()[-1]))
    return (ended - began).total_seconds()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_stops_within_3_s_with_0(started, serve, live_config, number):
    live_config(serve().url)
    served = started()
    wait_until(served.is_ready)
    assert served.ask("/healthz") == (200, "ok\n")
    assert 'wealthsources_source_up{source="live"} 1.0' in served.ask("/metrics")[1]
    code, log = served.end(number)
    assert (code, stopped_in(log) < 3) == (0, True), log
    lines = log.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z (INFO|WARNING) \w+: ", line) for line in lines), log
    assert f"INFO serve: serving {served.url}: sources live; nobody records" in log
    assert f"INFO serve: {number.name}: stopping" in log
    assert lines[-1].endswith("INFO serve: stopped")
    assert TOKEN not in log


def test_a_source_that_does_not_stop_and_a_second_signal_change_nothing_of_that(started, distribution, config):
    site = distribution("zstubborn", sources="[wealthsources]\nzstubborn = zstubborn_module", zstubborn_module=STUBBORN)
    config("sources: [{plugin: zstubborn}]\n")
    served = started(path=[site])
    served.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    code, log = served.end(signal.SIGINT)
    assert (code, stopped_in(log) < 4) == (0, True), log  # 3.1, on a machine with nothing else to do
    assert "Traceback" not in log


def test_while_hostile_clients_are_at_it_bars_come_and_it_is_answered(started, serve, live_config):
    server = serve()
    live_config(server.url)
    served = started()
    wait_until(served.is_ready)
    host, port = served.url.removeprefix("http://").split(":")
    with contextlib.ExitStack() as stack:
        for number in range(100):
            connection = stack.enter_context(socket.create_connection((host, int(port)), timeout=20))
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /" + b"x" * number * 1_000)
        server.market.play(50)
        bars = re.compile(r'wealthsources_bars_total\{kind="new",source="live"\} (\d+)')
        wait_until(lambda: int(bars.search(served.ask("/metrics")[1])[1]) >= 50)
        assert served.ask("/healthz")[0] == 200
        code, log = served.end(signal.SIGTERM)
    assert (code, stopped_in(log) < 3) == (0, True)


def test_sighup_does_not_end_it(started, config):
    config("sources: [{plugin: context}]\nlogging: {format: json}\n")
    served = started()
    served.process.send_signal(signal.SIGHUP)
    wait_until(lambda: served.ask("/healthz")[0] == 200)
    code, log = served.end(signal.SIGTERM)
    told = [json.loads(line)["message"] for line in log.splitlines()]
    assert code == 0
    assert told[told.index("SIGHUP: reading config.yaml again") + 1].startswith(
        "the configuration was read again; nothing"
    )
    assert told[-1] == "stopped"


def test_sighup_with_a_change_that_needs_a_restart_changes_nothing(started, config):
    config("sources: [{plugin: context}]\nlogging: {format: json}\n")
    served = started()
    config("sources: [{plugin: context}]\non_stale: raise\nlogging: {format: json}\n")
    served.process.send_signal(signal.SIGHUP)
    wait_until(lambda: served.ask("/healthz")[0] == 200)
    _, log = served.end(signal.SIGTERM)
    (told,) = [line for line in map(json.loads, log.splitlines()) if line["message"].startswith("not reloaded: ")]
    assert "on_stale" in told["message"]
    assert "restart" in told["message"]


def test_a_port_that_is_taken_is_told_and_nothing_is_started(cli, config):
    config("sources: [{plugin: context}]\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = cli("serve", "--listen", f"127.0.0.1:{port}")
    assert result.code == 2
    assert result.error.startswith(f"--listen 127.0.0.1:{port}: Address already in use; name another address")


def test_a_configuration_that_is_wrong_is_told_as_everywhere(cli, config):
    config("sources: [{plugin: nowhere}]\n")
    result = cli("serve", "--listen", "127.0.0.1:0")
    assert result.code == 2
    assert "config.yaml:1" in result.err


def test_beyond_this_machine_it_warns(started, config):
    config("sources: [{plugin: context}]\n")
    served = started("--listen", "0.0.0.0:0")
    _, log = served.end(signal.SIGTERM)
    assert "WARNING serve: listening on 0.0.0.0, beyond this machine" in log


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("[::1]:0", ("::1", 0)),
        (":80", ("127.0.0.1", 80)),
        ("localhost:1", ("localhost", 1)),
    ],
)
def test_an_address_is_host_and_port(text, address):
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["9464", "host:", "host:x", "host:70000", "host:-1"])
def test_what_is_no_address_is_told(text):
    with pytest.raises(RequestError, match=r"is no address; give one such as 127\.0\.0\.1:9464"):
        read_address(text)


def test_signals_come_in_their_order_whichever_thread_receives_them_and_are_as_before_afterwards():
    def receive(number):
        signal.pthread_kill(threading.get_ident(), number)

    before = signal.getsignal(signal.SIGTERM)
    with _signals() as next_signal:
        for number in (signal.SIGHUP, signal.SIGTERM):
            thread = threading.Thread(target=receive, args=(number,))
            thread.start()
            assert next_signal() == number
            thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
