"""The cases for protocols: each finds the protocol that breaks its rule, and no other case does."""

from __future__ import annotations

import base64
import json
import time
from typing import ClassVar

import pytest

from wealthsources.testing.running import cases_of, run_cases
from wealthsources_websocket.protocols.base import Acknowledged, BarMessage, Ignored, Limits, Refused
from wealthsources_websocket.protocols.json_text import JsonProtocol
from wealthsources_websocket.testing import ProtocolContract, frames_in, meanings_in

TIME = 1_800_000_000_000
VALUES = ["91000.10", "91010.00", "90990.50", "91004.00", "12.50000"]
CASES = cases_of(ProtocolContract)


def bar(**changes: object) -> dict[str, object]:
    return {"topic": "BTC-USDT@60", "time": TIME, "bar": VALUES, "final": True} | changes


FRAMES = [json.dumps({"ok": "BTC-USDT@60"}), json.dumps({"bad": "NO-USDT@60"}), json.dumps(bar()), '{"news":1}']


class Right(JsonProtocol):
    """Breaks no rule."""

    name = "right"
    timeframes: ClassVar = {"1m": "60", "1h": "3600"}
    closes_by = "flag"
    limits = Limits(series_per_text=2)

    def endpoints(self):
        return ("wss://bars.acme.example",)

    def spell(self, symbol):
        return symbol.replace("USDT", "-USDT") if "-" not in symbol else symbol

    def subscription(self, series, request_id, credential):
        return json.dumps({"subscribe": [f"{symbol}@{self.timeframes[name]}" for symbol, name in series]})

    def understand(self, message):
        if "bar" in message:
            yield from self.bars(message)
        elif "ok" in message:
            yield Acknowledged(None, (self.series(message["ok"]),))
        elif "bad" in message:
            yield Refused("no such symbol", series=(self.series(message["bad"]),))
        else:
            yield Ignored(", ".join(message))

    def series(self, topic):
        symbol, _, seconds = topic.partition("@")
        return symbol, self.names[seconds]

    def bars(self, message):
        symbol, _, seconds = message["topic"].partition("@")
        yield self.bar(symbol, seconds, self.time(message["time"]), self.values(message), self.closed(message))

    def time(self, time):
        if type(time) is not int:
            raise ValueError("time")
        return time

    def values(self, message):
        if not isinstance(message["bar"], list):
            raise ValueError("bar")
        return message["bar"]

    def closed(self, message):
        if type(message["final"]) is not bool:
            raise ValueError("final")
        return message["final"]


MEANT = [
    {"event": "ack", "series": [{"symbol": "BTC-USDT", "timeframe": "1m"}]},
    {"event": "refused", "reason": "no such symbol", "series": [{"symbol": "NO-USDT", "timeframe": "1m"}]},
    {"event": "bar", "symbol": "BTC-USDT", "timeframe": "1m", "open_time": TIME}
    | dict(zip(("open", "high", "low", "close", "volume"), VALUES, strict=True))
    | {"closed": True},
    {"event": "ignored", "kind": "news"},
]


class TakesTheHighForTheOpen(Right):
    def values(self, message):
        _, second, *rest = super().values(message)
        return [second, second, *rest]


class DropsDigits(Right):
    also = ("P01", "P06")

    def values(self, message):
        return [str(float(value)) for value in super().values(message)]


class DoesNotSayWhatIsClosed(Right):
    also = ("P01",)

    def closed(self, message):
        super().closed(message)


class AcknowledgesInItsOwnWords(Right):
    also = ("P01",)

    def series(self, topic):
        return tuple(topic.split("@"))


class RefusesWithoutAReason(Right):
    also = ("P01",)

    def understand(self, message):
        yield from (event._replace(reason="") if "bad" in message else event for event in super().understand(message))


class RaisesOnWhatIsCut(Right):
    def read(self, data):
        if not data.endswith((b"}", b"]")):
            raise EOFError(data)
        return super().read(data)


class UnpacksWithoutLooking(Right):
    def read_binary(self, data, most):
        return [json.loads(data)]


class TakesNothingForFalse(Right):
    def closed(self, message):
        return bool(message["final"])


class TakesNoTimeForZero(Right):
    def time(self, time):
        return time if type(time) is int else TIME + 60_000


class SaysNothingOfWhatItDoesNotKnow(Right):
    also = ("P01",)

    def understand(self, message):
        return (event for event in super().understand(message) if not isinstance(event, Ignored))


class AcknowledgesWhatItDoesNotKnow(Right):
    def understand(self, message):
        return [Acknowledged(None)] if "surprise" in str(message) else super().understand(message)


class KeepsWhatItRead(Right):
    seen = False

    def understand(self, message):
        if "ok" in message and self.seen:
            return [Ignored("late")]
        self.seen = self.seen or "bar" in message
        return super().understand(message)


class ReadsTheClock(Right):
    def time(self, when):
        time.time()
        return super().time(when)


class HasATimeframeThatIsNone(Right):
    also = ("P01",)
    timeframes: ClassVar = {"1m": "60", "60m": "3600"}


class HasOneNameForTwo(Right):
    timeframes: ClassVar = {"1h": "60", "1m": "60"}


class SpellsAgainAndAgain(Right):
    def spell(self, symbol):
        return symbol.replace("USDT", "-USDT")


class LeavesOneOut(Right):
    def batches(self, series):
        return [series[:1]]


class AsksForTooMany(Right):
    limits = Limits(series_per_text=1)

    def batches(self, series):
        return [series]


class ForgetsTheTimeframe(Right):
    def subscription(self, series, request_id, credential):
        return json.dumps({"subscribe": [symbol for symbol, _ in series]})


class HasNoAddress(Right):
    def endpoints(self):
        return ()


class HasAnAddressOfAnotherKind(Right):
    def endpoints(self):
        return ("bars.acme.example",)


class BeatsInWordsItDoesNotHave(Right):
    heartbeat = "text"


WRONG = [
    ("P01", TakesTheHighForTheOpen),
    ("P02", DropsDigits),
    ("P03", DoesNotSayWhatIsClosed),
    ("P04", AcknowledgesInItsOwnWords),
    ("P04", RefusesWithoutAReason),
    ("P05", RaisesOnWhatIsCut),
    ("P05", UnpacksWithoutLooking),
    ("P06", TakesNothingForFalse),
    ("P06", TakesNoTimeForZero),
    ("P07", SaysNothingOfWhatItDoesNotKnow),
    ("P07", AcknowledgesWhatItDoesNotKnow),
    ("P08", KeepsWhatItRead),
    ("P09", ReadsTheClock),
    ("P10", HasATimeframeThatIsNone),
    ("P10", HasOneNameForTwo),
    ("P11", SpellsAgainAndAgain),
    ("P12", LeavesOneOut),
    ("P12", AsksForTooMany),
    ("P13", ForgetsTheTimeframe),
    ("P14", HasNoAddress),
    ("P14", HasAnAddressOfAnotherKind),
    ("P14", BeatsInWordsItDoesNotHave),
]


def failures(kind: type[Right], frames: list[str] = FRAMES) -> dict[str, str]:
    makers = {"protocol": kind, "frames": lambda: frames, "meant": lambda: MEANT}
    return {one.number: one.said for one in run_cases(ProtocolContract(), makers) if one.result == "failed"}


@pytest.mark.parametrize(("number", "kind"), WRONG, ids=lambda value: getattr(value, "__name__", value))
def test_a_protocol_that_breaks_a_rule_fails_the_case_of_that_rule_and_no_other(number, kind):
    failed = failures(kind)
    assert {number} <= failed.keys() <= {number, *getattr(kind, "also", ())}, failed
    assert all(text.startswith(f"{number}: ") or "Error" in text for number, text in failed.items())


def test_every_case_has_a_number_and_a_protocol_that_fails_it():
    assert list(CASES) == [f"P{n:02}" for n in range(1, len(CASES) + 1)]
    assert sorted({number for number, _ in WRONG}) == list(CASES)
    assert all(getattr(ProtocolContract, name).__doc__.startswith(number) for number, name in CASES.items())


def test_a_protocol_that_breaks_no_rule_passes():
    assert failures(Right) == {}


def test_frames_without_a_bar_prove_nothing():
    assert "no frame has a bar" in failures(Right, FRAMES[:2])["P01"] or "events" in failures(Right, FRAMES[:2])["P01"]
    assert "add one to `frames`" in failures(Right, FRAMES[:2])["P13"]


def test_frames_are_read_from_files_texts_as_texts_and_the_others_as_bytes(tmp_path):
    packed = base64.b64encode(b"\x1f\x8b").decode()
    (tmp_path / "a.jsonl").write_text(f'{{"a": 1}}\n\n{{"base64": "{packed}"}}\n')
    assert frames_in(tmp_path / "a.jsonl") == ['{"a": 1}', b"\x1f\x8b"]
    (tmp_path / "a.meant.jsonl").write_text('{"event": "ack"}\n')
    assert meanings_in(tmp_path / "a.meant.jsonl") == [{"event": "ack"}]


def test_bars_are_what_a_message_says():
    (event,) = Right().read(FRAMES[2].encode())
    assert isinstance(event, BarMessage)
