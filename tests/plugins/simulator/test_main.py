"""`wealthsources simulate`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import websocket
from typer.testing import CliRunner

from wealthsources_simulator import FAULTS
from wealthsources_simulator.main import app

from ...support.markets import SAMPLE
from .clients import CLOSE, TEXT
from .listening import CONNECT, TOKEN, address, connect, join, receive, receive_all, start, subscribe

SIMULATE = [sys.executable, "-c", "from wealthsources_simulator.main import app; app()"]
OPTIONS = {"--data": str(SAMPLE), "--symbol": "BTCUSDT", "--timeframe": "1h", "--token": TOKEN}


def command(**changes: str) -> list[str]:
    options = OPTIONS | {"--" + name.replace("_", "-"): value for name, value in changes.items()}
    return [*SIMULATE, *(word for option in options.items() for word in option)]


@contextmanager
def simulate(**changes: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command(**changes), stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline(), process
        finally:
            process.kill()


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_its_address_and_nothing_more(name: signal.Signals) -> None:
    with simulate(rate="0", updates="0", limit="3") as (line, process):
        assert line.startswith("ws://127.0.0.1:")
        assert line.endswith("/market_data\n")
        with join(line.strip()) as client:
            assert [receive(client)["type"] for _ in range(3)] == ["BAR"] * 3
        process.send_signal(name)
        assert process.communicate(timeout=10) == ("", "")
        assert process.returncode == 0


def test_the_command_takes_every_option() -> None:
    changes = {"updates": "1", "closed_flag": "x", "skip": "5", "limit": "9", "snapshot": "2", "rate": "0"}
    with simulate(**changes, host="127.0.0.1", port="0", drop_at="8.5", drop_for="0.5") as (line, _):
        with connect(line.strip()) as client:
            subscribe(client)
            messages = receive_all(client)
        assert [message["x"] for message in messages] == [True, True, *[False, True] * 8, False]


def test_the_command_speaks_as_an_exchange_does() -> None:
    with simulate(protocol="binance", market="usdm", rate="0", updates="0", limit="2") as (line, _):
        assert line.endswith("/market/ws\n")
        with connect(line.strip()) as client:
            client.send(json.dumps({"method": "SUBSCRIBE", "params": ["btcusdt@kline_1h"], "id": 1}))
            assert receive(client) == {"result": None, "id": 1}
            assert [receive(client)["k"]["x"] for _ in range(2)] == [True, True]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"data": "no-such.csv"}, "no-such.csv: No such file or directory"),
        ({"timeframe": "5x"}, "'5x' is not a timeframe"),
        ({"protocol": "x"}, "there is no protocol 'x'; there are wealthai, binance, okx, kraken, kucoin,"),
        ({"protocol": "gate", "market": "x"}, "gate has spot, perps; not 'x'"),
        ({"protocol": "coinbase"}, "coinbase has no bars of 1h"),
        ({"protocol": "okx", "closed_flag": "x"}, "closed-flag is for wealthai; an exchange has its own, or none"),
        ({"timeframe": "4h"}, ".csv:3: open_time 1564621200000 is not on the 4h grid"),
        ({"drop_at": "-1"}, "drop-at -1 is not a number of bars, 0 or more"),
        ({"drop_at": "99999"}, "drop-at 99999 is beyond the 1464 bars"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(changes: dict[str, str], problem: str) -> None:
    done = CliRunner().invoke(app, command(**changes)[len(SIMULATE) :])
    assert problem in done.stderr
    assert (done.stderr.count("\n"), done.stdout, done.exit_code) == (1, "", 2)


def test_a_taken_port_ends_the_command_with_one_line() -> None:
    with start() as server:
        port = str(address(server)[1])
        done = subprocess.run(command(port=port), capture_output=True, text=True, check=False, timeout=30)
    remedy = "choose another with --port, or 0 for a free one"
    assert done.stderr == f"port {port} on 127.0.0.1 is already in use; {remedy}\n"
    assert (done.stdout, done.returncode) == ("", 2)


def test_the_list_of_commands_loads_no_server() -> None:
    code = "import sys, wealthsources_simulator.main; print({'asyncio', 'websockets'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "set()\n"


def test_the_command_needs_no_extra() -> None:
    extras = "('websockets', 'websocket', 'msgspec', 'python_socks')"
    code = f"import sys; sys.modules |= dict.fromkeys({extras}); {SIMULATE[-1]}"
    words = [sys.executable, "-c", code, *command()[3:]]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with join(process.stdout.readline().strip()):
            process.terminate()
        assert process.wait(10) == 0


def misbehaving(*words: str) -> list[str]:
    data = ["--data", str(SAMPLE), "--symbol", "BTCUSDT", "--timeframe", "1h"]
    return [sys.executable, "-m", "wealthsources.cli", "simulate", *data, *words]


def test_the_command_lists_the_faults_without_a_file():
    words = [sys.executable, "-m", "wealthsources.cli", "simulate", "--list-faults"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30)
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["fault", "row", "layer"]
    assert len(lines) == len(FAULTS) + 1
    assert lines[1].startswith("silent-upgrade ")
    assert "One of: 401, 403." in done.stdout


def test_the_command_misbehaves_as_told_and_then_plays_the_file():
    words = misbehaving("--fault", "unauthorized:403", "--fault", "close:1012", "--rate", "0", "--seed", "3")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.WebSocket().connect(url, timeout=10)
        for expected in (CLOSE, TEXT):
            ws = websocket.WebSocket()
            ws.connect(url, timeout=10)
            ws.send(json.dumps(CONNECT))
            assert json.loads(ws.recv())["type"] == "CONNECTED"
            while (opcode := ws.recv_data(control_frame=True)[0]) not in (CLOSE, TEXT):
                pass
            assert opcode in (expected, TEXT)
            ws.shutdown()
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--fault", "rest"), "there is no fault 'rest'; the nearest is 'reset'"),
        (("--fault", "reset", "--drop-at", "3"), "--drop-at cannot be used with --fault"),
        (("--fault", "reset", "--skip", "3", "--limit", "4"), "--skip and --limit cannot be used with --fault"),
        (("--fault", "reset", "--rate", "-1"), "rate is -1.0"),
    ],
)
def test_the_command_says_what_cannot_be_played(words, message):
    done = CliRunner().invoke(app, misbehaving(*words)[4:])
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_neither_the_command_nor_the_faults_need_asyncio_or_websockets():
    code = (
        "import sys; import wealthsources_simulator.main; before = set(sys.modules);"
        "from wealthsources_simulator import FAULTS, MarketServer, Market, Peer;"
        "print([name for name in ('websockets', 'asyncio') if name in sys.modules],"
        " bool({'wealthsources_simulator.server', 'wealthsources_simulator.faults'} & before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[] False"
