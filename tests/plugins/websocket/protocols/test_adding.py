"""The protocol of docs/protocols/adding.md, as it stands there: installed, spoken to over a socket, and decoded."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from websockets.sync.server import Server, ServerConnection, serve

import wealthsources
from wealthsources_websocket.main import app

from ....support.live_source import use_policies
from ....support.waiting import wait_until

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "protocols" / "adding.md").read_text(encoding="utf-8")
TEMPLATE = Path(wealthsources.__file__).parent / "cli" / "templates" / "protocol"
MINUTE = 60


def block(language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return text


def bar(place: int, *, final: bool, symbol: str = "BTC-USDT") -> str:
    values = {"open": "1.50", "high": "2", "low": "1.0", "close": "1.75", "volume": "0.250"}
    said: dict[str, Any] = {"symbol": symbol, "length": "60", "time": 1_800_000_000 + place * MINUTE, "final": final}
    return json.dumps({"bar": said | values})


def test_it_is_the_one_of_a_new_project():
    module, project = (TEMPLATE / f"{name}.txt" for name in ("acme_protocol.py", "pyproject.toml"))
    assert block("python") == "# acme_protocol.py\n" + module.read_text(encoding="utf-8")
    assert block("toml").removeprefix("# its pyproject.toml\n") in project.read_text(encoding="utf-8")


@pytest.fixture
def acme(distribution) -> None:
    """The package of the page, installed."""
    module = block("python")
    lines = [line for line in module.splitlines() if line]
    assert len(lines) < 60
    (line,) = [line for line in block("toml").splitlines() if line.startswith("acme")]
    distribution(entry_points="[wealthsources.protocols]\n" + line.replace('"', ""), acme_protocol=module)


@pytest.fixture
def topics() -> list[str]:
    return []


@pytest.fixture
def server(topics) -> Iterator[Server]:
    """Acme's server: a bar and the next one to each client, and word of what it does not know."""

    def answer(connection: ServerConnection) -> None:
        for text in connection:
            asked = json.loads(text)
            topics.extend(asked["subscribe"])
            connection.send(json.dumps({"subscribed": asked["id"]}))
            for topic in asked["subscribe"]:
                symbol = topic.partition("@")[0]
                if symbol.startswith("FOO"):
                    connection.send(json.dumps({"unknown": topic}))
                    continue
                connection.send(bar(0, final=True, symbol=symbol))
                connection.send(bar(1, final=False, symbol=symbol))

    with serve(answer, "127.0.0.1", 0) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.mark.usefixtures("acme")
def test_the_protocol_of_the_page_brings_bars(server, topics, monkeypatch):
    use_policies(monkeypatch)
    options = {
        "protocol": "acme",
        "endpoint": f"ws://127.0.0.1:{server.socket.getsockname()[1]}/stream",
        "symbols": ["BTCUSDT", "ETHUSDT", "FOOUSDT"],
        "resolutions": ["1m"],
    }
    with wealthsources.open({"clock": "feed", "sources": [{"plugin": "websocket", "options": options}]}) as session:
        session.start_live()
        wait_until(lambda: sum(each.bars for each in session.status().sources["websocket"].streams) == 4)
        wait_until(lambda: "refused" in {each.state for each in session.status().sources["websocket"].streams})
        (held,) = session.adapter().get_history("BTCUSDT", 1, "1m", on_stale="mark")
        streams = {each.symbol: each for each in session.status().sources["websocket"].streams}
    assert [held.exact(field) for field in ("open", "close", "volume")] == ["1.50", "1.75", "0.250"]
    assert (held.open_time, held.finality) == (1_800_000_000_000, "flag")
    assert (streams["FOOUSDT"].state, streams["FOOUSDT"].reason) == ("refused", "there is no such symbol")
    assert sorted(topics) == ["BTC-USDT@60", "ETH-USDT@60", "FOO-USDT@60"]


@pytest.mark.usefixtures("acme")
def test_its_frames_are_decoded():
    frames = [bar(0, final=True), '{"subscribed": "1"}', '{"unknown": "FOO-BAR@60"}', '{"news": 1}', '{"bar": {}}']
    done = CliRunner().invoke(app, ["--protocol", "acme"], input="\n".join(frames))
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["event"] for each in told] == ["bar", "ack", "refused", "ignored", "bad"]
    assert told[0]["volume"] == "0.250"
    assert told[2]["series"] == [{"symbol": "FOO-BAR", "timeframe": "1m"}]
