"""What captured frames mean. `frames/` has frames of each exchange and market, and beside them what each means."""

from __future__ import annotations

import base64
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from wealthsources import SeriesBuffer
from wealthsources_websocket.decoding import decode_line
from wealthsources_websocket.protocols import BUILT_IN, load_protocol
from wealthsources_websocket.protocols.base import (
    Authenticated,
    BarMessage,
    Greeting,
    Protocol,
    ServerError,
)

FOLDER = Path(__file__).parent / "frames"
FILES = sorted(path.name.removesuffix(".meant.jsonl") for path in FOLDER.glob("*.meant.jsonl"))
SIZES = {"BTC_USDT": Decimal("0.0001")}
MOST = 1 << 20
KLINE = {"t": 1_800_000_000_000, "T": 1_800_000_059_999, "s": "BTCUSDT", "i": "1m", "x": False}
VALUES = {"o": "2.0", "h": "3", "l": "1.50", "c": "2", "v": "0"}


def make(name: str, market: str | None = None, **options: Any) -> Protocol:
    return load_protocol(name)(market=market, **options)


def decode(text: str | bytes, protocol: Protocol | None = None, most: int = MOST) -> list[dict[str, Any]]:
    line = text.encode() if isinstance(text, str) else text
    return list(decode_line(line, protocol or make("binance"), most))


def kline(**changes: Any) -> str:
    return json.dumps({"e": "kline", "k": KLINE | VALUES | changes})


def wrapped(data: bytes) -> str:
    return json.dumps({"base64": base64.b64encode(data).decode()})


# frames of each exchange -------------------------------------------------------------------------------------------


def lines(name: str) -> list[bytes]:
    return (FOLDER / name).read_bytes().splitlines()


@pytest.mark.parametrize("name", FILES)
def test_every_frame_means_what_is_written_beside_it(name):
    exchange, _, market = name.partition("-")
    protocol = make(exchange, market, contract_sizes=SIZES if market == "perps" else {})
    meant = [said for line in lines(f"{name}.jsonl") for said in decode(line, protocol)]
    assert meant == [json.loads(line) for line in lines(f"{name}.meant.jsonl")]


def test_there_are_frames_of_every_exchange():
    assert {name.partition("-")[0] for name in FILES} == set(BUILT_IN) - {"wealthai"}
    assert sum(len(lines(f"{name}.jsonl")) for name in FILES) == 63


def test_what_is_forming_without_a_flag_is_closed_by_its_successor():
    """Kraken's snapshot: the first bar is closed by the second, and the minute between them had no trade."""
    buffer = SeriesBuffer("BTC/USD", "1m")
    for bar in make("kraken").read(lines("kraken-spot.jsonl")[0]):
        assert isinstance(bar, BarMessage)
        buffer.put(bar.open_time, bar.close_time, bar.values, decimals=bar.decimals, closed=bar.closed, texts=bar.texts)
    assert [(bar.exact("volume"), bar.closed) for bar in buffer.all()] == [("12.90000000", True), ("0.10000000", False)]


# a line ------------------------------------------------------------------------------------------------------------


def test_a_bar_says_its_texts_as_they_were_sent():
    (bar,) = decode(kline(o="91000.10", h="91010.00", l=".5", c="1e2", v="12.50012345678901234567"))
    assert list(bar)[:4] == ["event", "symbol", "timeframe", "open_time"]
    assert [bar[name] for name in ("open", "high", "low", "close", "volume")] == [
        "91000.10",
        "91010.00",
        ".5",
        "1e2",
        "12.50012345678901234567",
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"h": "1"}, "high 1.0 is below low 1.5"),
        ({"c": "4"}, "is above high 3.0"),
        ({"v": "-1"}, "volume: -1.0 is negative"),
        ({"l": "0"}, "low: 0.0 is not positive"),
        ({"t": 1_800_000_000_001}, "is not on the 1m grid"),
        ({"t": -(10**17)}, "open_time"),
    ],
)
def test_a_bar_that_no_source_would_take_is_bad(changes, why):
    (said,) = decode(kline(**changes))
    assert (said["event"], said["symbol"], said["timeframe"]) == ("bad", "BTCUSDT", "1m")
    assert why in said["why"]
    assert said["open_time"] == (KLINE | changes)["t"]


def test_a_timeframe_that_is_none_of_ours_is_bad():
    class Odd(load_protocol("binance")):  # type: ignore[misc]
        def read(self, data):
            return (BarMessage("X", "7x", 0, 0, (1, 1, 1, 1, 1), 0),)

    assert decode("x", Odd()) == [
        {"event": "bad", "why": "7x is no timeframe of ours", "symbol": "X", "timeframe": "7x", "open_time": 0}
    ]


def test_an_acknowledgement_says_its_request():
    assert decode('{"result":null,"id":7}') == [{"event": "ack", "request_id": "7"}]


def test_what_is_no_message_is_bad_and_what_is_not_known_is_ignored():
    assert decode("{")[0]["event"] == "bad"
    assert decode("hello")[0]["event"] == "bad"
    assert decode('{"e":"trade"}') == [{"event": "ignored", "kind": "trade"}]


@pytest.mark.parametrize("line", ["", "\n", "\r\n"])
def test_an_empty_line_means_nothing(line):
    assert decode(line) == []


def test_the_end_of_a_line_is_no_part_of_a_frame():
    assert decode("pong\r\n", make("okx")) == [{"event": "heartbeat", "answer": True}]


def test_a_flag_that_is_not_sent_is_set_where_only_finished_bars_are_pushed():
    (frame,) = lines("bitget-usdt-futures.jsonl")
    told = [decode(frame, make("bitget", "usdt-futures", push_closed=closed))[0] for closed in (False, True)]
    assert [bar["closed"] for bar in told] == [None, True]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Greeting(), {"kind": "greeting"}),
        (Authenticated(), {"kind": "authenticated"}),
        (ServerError("go away", "rate", 9.0), {"kind": "error", "message": "go away", "about": "rate", "rest": 9.0}),
        (ServerError("hm"), {"kind": "error", "message": "hm"}),
    ],
)
def test_what_concerns_the_connection_is_a_notice(event, said):
    class Says(load_protocol("binance")):  # type: ignore[misc]
        def read(self, data):
            return (event,)

    assert decode("x", Says()) == [{"event": "notice"} | said]


# binary frames -----------------------------------------------------------------------------------------------------


def test_a_binary_frame_is_wrapped_in_an_object_with_one_key():
    packed = wrapped(gzip.compress(b'{"ping":5}'))
    assert decode(packed, make("htx")) == [{"event": "reply", "text": '{"pong": 5}'}]


def test_an_object_with_more_than_that_key_is_a_text():
    assert decode('{"base64": "AA==", "e": "trade"}') == [{"event": "ignored", "kind": "trade"}]
    assert decode('["base64"]')[0]["event"] == "bad"
    assert decode('{"base64": "AA=="')[0]["event"] == "bad"


@pytest.mark.parametrize("text", ['{"base64": "A"}', '{"base64": "ü"}', '{"base64": null}', '{"base64": "A A="}'])
def test_what_is_not_base64_is_bad(text):
    (said,) = decode(text, make("htx"))
    assert (said["event"], said["why"][:8]) == ("bad", "base64: ")


def test_whoever_sends_no_binary_frames_sent_none():
    assert decode(wrapped(b"x")) == [{"event": "bad", "why": "binance spot sends no binary frames"}]


def test_a_text_that_is_no_utf_8_is_bad_and_says_how_a_binary_frame_is_written():
    (said,) = decode(b"\x1f\x8b\x08", make("htx"))
    assert said["event"] == "bad"
    assert '{"base64": "…"}' in said["why"]


def test_a_frame_that_no_connection_would_take_is_bad():
    assert "max_message" in decode("x" * 2000, most=1024)[0]["why"]
    assert "max_message" in decode(wrapped(b"x" * 2000), most=1024)[0]["why"]
    assert "max_message" in decode(wrapped(gzip.compress(b" " * 2000)), make("htx"), most=1024)[0]["why"]
