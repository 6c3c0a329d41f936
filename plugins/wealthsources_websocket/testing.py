"""What every protocol has to do, as tests that the author of one inherits. Needs pytest.

    from wealthsources_websocket.testing import ProtocolContract, frames_in, meanings_in

    class TestAcme(ProtocolContract):
        @pytest.fixture
        def protocol(self):
            return Acme()

        @pytest.fixture
        def frames(self):
            return frames_in("frames/acme.jsonl")  # as they were captured: a line for each text frame

        @pytest.fixture
        def meant(self):
            return meanings_in("frames/acme.meant.jsonl")  # what they mean

What frames mean is written as `wealthsources decode --protocol acme frames/acme.jsonl` prints it: have it print that
once, compare it with the exchange's page, and keep it. Every case has a number, which is in front of what it says.
"""

from __future__ import annotations

import functools
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec
import pytest

from wealthsources import Timeframe, exact_texts
from wealthsources_websocket.decoding import frame_of, meaning
from wealthsources_websocket.protocols.base import (
    Acknowledged,
    BarMessage,
    Protocol,
    ProtocolEvent,
    Refused,
    Reply,
    Series,
)
from wealthsources_websocket.spoiling import NO_MESSAGES, cut, impure_calls, spoiled

Frame = str | bytes
_MOST: Final = 1 << 20
_PRICES: Final = 4
_NUMBER: Final = re.compile(r"-?[0-9.]+(?:[eE][-+]?[0-9]+)?")


def frames_in(path: Path | str) -> list[Frame]:
    """The frames of a file, a line each: a text as it is, a binary one, as bytes, of `{"base64": "…"}`."""
    return [frame_of(line) for line in Path(path).read_bytes().splitlines() if line]


def meanings_in(path: Path | str) -> list[dict[str, Any]]:
    """What `wealthsources decode` printed."""
    return [json.loads(line) for line in Path(path).read_bytes().splitlines() if line]


class ProtocolContract:
    """Inherit it in a class whose name begins with Test, and write the fixtures `protocol`, `frames` and `meant`."""

    #: Whether prices stand in a text frame as their bar has them; not where the server packs or scales them.
    prices_as_sent: ClassVar[bool] = True

    @pytest.fixture
    def protocol(self) -> Protocol:
        """The protocol, made as a deployment makes it."""
        raise NotImplementedError(f"{type(self).__name__} has no fixture `protocol`; it returns one")

    @pytest.fixture
    def frames(self) -> Sequence[Frame]:
        """Captured frames, in their order, a bar and what was acknowledged or refused among them; bytes if binary."""
        raise NotImplementedError(f"{type(self).__name__} has no fixture `frames`; it returns captured frames")

    @pytest.fixture
    def meant(self) -> Sequence[dict[str, Any]]:
        """What they mean, all in one list, as `wealthsources decode` prints it."""
        raise NotImplementedError(f"{type(self).__name__} has no fixture `meant`; it returns what `frames` mean")

    # what frames mean --------------------------------------------------------------------------------------------

    def test_p01_frames_mean_what_they_mean(
        self, protocol: Protocol, frames: Sequence[Frame], meant: Sequence[dict[str, Any]]
    ) -> None:
        """P01: symbol, timeframe, time, flag, and every value to its last digit, as the server wrote it."""
        said = [meaning(event) for frame in frames for event in read(protocol, frame)]
        for place, (one, other) in enumerate(zip(said, meant, strict=False)):
            assert one == other, f"P01: event {place} of the frames is {one}, and should be {other}"
        assert len(said) == len(meant), f"P01: the frames have {len(said)} events, and should have {len(meant)}"
        assert any(event["event"] == "bar" for event in said), "P01: no frame has a bar; add one to `frames`"

    def test_p02_prices_are_those_of_the_frame(self, protocol: Protocol, frames: Sequence[Frame]) -> None:
        """P02: a float drops digits: parse numbers as text (`parse_json`), and give `texts` or `decimals`."""
        if not self.prices_as_sent:
            pytest.skip("P02: prices_as_sent is False")
        for frame in frames:
            numbers = set(_NUMBER.findall(frame)) if isinstance(frame, str) else set()
            for bar in _bars(read(protocol, frame)) if numbers else ():
                lost = [price for price in _texts(bar)[:_PRICES] if price not in numbers]
                assert not lost, f"P02: {lost} is not in the frame that it is of; keep the server's own digits"

    def test_p03_a_bar_says_whether_it_is_closed_if_the_server_does(
        self, protocol: Protocol, frames: Sequence[Frame]
    ) -> None:
        """P03: with `closes_by = "flag"` nothing else closes a bar soon; None is for servers that do not say it."""
        if protocol.closes_by != "flag":
            pytest.skip(f'P03: closes_by is "{protocol.closes_by}"')
        unsaid = [bar for frame in frames for bar in _bars(read(protocol, frame)) if bar.closed is None]
        assert not unsaid, f'P03: closes_by is "flag", and of {_key(unsaid[0])} nothing is said; set BarMessage.closed'

    def test_p04_answers_name_what_was_asked_for(self, protocol: Protocol, frames: Sequence[Frame]) -> None:
        """P04: of series in our timeframes, or of a request by its text; a refusal has the server's reason."""
        answers = [event for event in _all(protocol, frames) if isinstance(event, Acknowledged | Refused | Reply)]
        if not answers:
            pytest.skip("P04: the frames have no acknowledgement, refusal or heartbeat to answer")
        for event in answers:
            if isinstance(event, Reply):
                assert event.text, "P04: a Reply sends its text; where none is wanted, that is Alive()"
                continue
            strange = [timeframe for _, timeframe in event.series if timeframe and timeframe not in protocol.timeframes]
            assert not strange, f"P04: {event}: {strange} must be one of ours: {', '.join(protocol.timeframes)}"
            assert event.request_id is None or isinstance(event.request_id, str), f"P04: {event}: request_id is text"
            assert not isinstance(event, Refused) or event.reason, "P04: Refused needs a reason, the server's words"

    # what is wrong -----------------------------------------------------------------------------------------------

    def test_p05_what_is_no_message_is_no_bar(self, protocol: Protocol, frames: Sequence[Frame]) -> None:
        """P05: `read` and `read_binary` never raise: what they cannot read is a Malformed that says why."""
        for frame in frames:
            data = frame.encode() if isinstance(frame, str) else frame
            for part in (*cut(data), *NO_MESSAGES, gzip.compress(data), _bomb()):
                for text in (True, False):
                    events = self._read("P05", protocol, part, text=text)
                    bars = [_key(bar) for bar in _bars(events) if bar not in _bars(read(protocol, frame))]
                    assert not bars, f"P05: {part[:80]!r} is no message, and means bars of {bars[0]}"

    def test_p06_one_wrong_value_makes_no_other_bar(self, protocol: Protocol, frames: Sequence[Frame]) -> None:
        """P06: a wrong bar that looks right costs most: convert every field strictly, and let it raise ValueError."""
        for frame in frames:
            right = _bars(read(protocol, frame))
            known = [meaning(one) for bar in right for one in (bar, _unflagged(bar))]
            series = {(bar.symbol, bar.timeframe) for bar in right}
            for data in spoiled(frame.encode()) if right and isinstance(frame, str) else ():
                for bar in _bars(self._read("P06", protocol, data)):
                    other = meaning(bar)  # what can be no bar no source takes
                    same_series = (bar.symbol, bar.timeframe) in series
                    wrong = other["event"] == "bar" and other not in known and same_series
                    assert not wrong, f"P06: {data.decode()} is not what came, and means {bar}"

    def test_p07_what_it_does_not_know_is_told(self, protocol: Protocol) -> None:
        """P07: as Ignored or Malformed. Servers add messages, and one may be the reason that no bar comes."""
        for data in (b'{"surprise":"party"}', b'{"event":"surprise","channel":"party"}'):
            events = self._read("P07", protocol, data)
            assert events, f"P07: {data.decode()} means nothing at all; make it an Ignored(what it is)"
            strange = [event for event in events if isinstance(event, BarMessage | Acknowledged | Refused)]
            assert not strange, f"P07: {data.decode()} is unknown, and means {strange[0]}"

    # pure --------------------------------------------------------------------------------------------------------

    def test_p08_nothing_is_kept_from_one_frame_to_the_next(self, protocol: Protocol, frames: Sequence[Frame]) -> None:
        """P08: connections share a protocol, and recorded frames are read again: a frame says all by itself."""
        first = [read(protocol, frame) for frame in frames]
        again = [read(protocol, frame) for frame in reversed(frames)][::-1]
        for frame, one, other in zip(frames, first, again, strict=True):
            assert list(one) == list(other), f"P08: read after others, {frame[:80]!r} means {other}, not {one}"

    def test_p09_it_reads_no_clock_and_opens_nothing(self, protocol: Protocol, frames: Sequence[Frame]) -> None:
        """P09: the client knows what time it is and sends what is to be sent: bytes in, events out."""
        _all(protocol, frames)
        called = impure_calls(lambda: (_all(protocol, frames), *self._subscriptions(protocol, frames)))
        assert not called, f"P09: it calls {', '.join(called)}; a protocol has neither clock nor connection"

    # subscribing -------------------------------------------------------------------------------------------------

    def test_p10_names_of_timeframes_lead_both_ways(self, protocol: Protocol) -> None:
        """P10: ours are known, and no two of them are one of the server's."""
        strange = sorted(set(protocol.timeframes) - set(Timeframe.known()))
        assert not strange, f"P10: timeframes has {strange}; ours are {', '.join(Timeframe.known())}"
        theirs = list(protocol.timeframes.values())
        twice = sorted({name for name in theirs if theirs.count(name) > 1})
        assert not twice, f"P10: timeframes says {twice} of two of ours; bars of one would be taken for the other's"

    def test_p11_the_servers_spelling_is_kept(self, protocol: Protocol, frames: Sequence[Frame]) -> None:
        """P11: `spell` of a symbol as the server spells it is that: deployments may write either."""
        for symbol in dict.fromkeys(symbol for symbol, _ in _series(protocol, frames)):
            spelled = protocol.spell(symbol)
            assert spelled == symbol, f"P11: bars come of {symbol!r}, and spell makes {spelled!r} of it"

    def test_p12_every_series_is_subscribed_to_once(self, protocol: Protocol, frames: Sequence[Frame]) -> None:
        """P12: by `batches`, in their order, no more in a text than the server takes."""
        series = self._wanted(protocol, frames)
        batches = [list(batch) for batch in protocol.batches(series)]
        asked = [one for batch in batches for one in batch]
        assert sorted(asked) == sorted(series), f"P12: batches of {series} has {asked}; each series once"
        most = protocol.limits.series_per_text
        assert most is None or max(map(len, batches)) <= most, f"P12: more than limits.series_per_text ({most}) in one"

    def test_p13_a_subscription_names_its_series(self, protocol: Protocol, frames: Sequence[Frame]) -> None:
        """P13: the symbol, and the server's timeframe if it has several, in the text, or in the address without one."""
        several = len(protocol.timeframes) > 1
        for batch, said in zip(self._batches(protocol, frames), self._subscriptions(protocol, frames), strict=True):
            for symbol, timeframe in batch:
                names = (symbol, protocol.timeframes[timeframe]) if several else (symbol,)
                missing = [name for name in names if name.lower() not in said.lower()]
                assert not missing, f"P13: to subscribe to {symbol} {timeframe}, {missing} must be in {said}"

    def test_p14_what_it_states_fits_together(self, protocol: Protocol) -> None:
        """P14: an address at least; a heartbeat as text if it says so; and words that the client knows."""
        endpoints = protocol.endpoints()
        assert endpoints, "P14: endpoints() is empty; it raises ValueError where it cannot tell"
        strange = [url for url in endpoints if not url.startswith(("wss://", "ws://", "https://", "http://"))]
        assert not strange, f"P14: endpoints() has {strange}; an address begins with wss://"
        assert protocol.closes_by in ("flag", "successor"), f'P14: closes_by is "{protocol.closes_by}"'
        if protocol.heartbeat == "text":
            assert isinstance(protocol.heartbeat_text(1), str), 'P14: heartbeat is "text": write heartbeat_text'

    def _read(self, number: str, protocol: Protocol, data: bytes, *, text: bool = True) -> Sequence[ProtocolEvent]:
        method = "read" if text else "read_binary"
        try:
            events = protocol.read(data) if text else protocol.read_binary(data, _MOST)
        except Exception as error:  # noqa: BLE001 - a stranger's code
            pytest.fail(f"{number}: {method}({data[:80]!r}) raised {error!r}; make a Malformed of it")
        return events or ()

    def _wanted(self, protocol: Protocol, frames: Sequence[Frame]) -> list[Series]:
        """Every symbol of the frames in every timeframe."""
        symbols = dict.fromkeys(symbol for symbol, _ in _series(protocol, frames))
        assert symbols, "the frames have no bar; add one to `frames`"
        return [(symbol, timeframe) for symbol in symbols for timeframe in protocol.timeframes]

    def _batches(self, protocol: Protocol, frames: Sequence[Frame]) -> list[Sequence[Series]]:
        """One batch for each series, as two of them on one connection may exclude each other."""
        return [[series] for series in self._wanted(protocol, frames)]

    def _subscriptions(self, protocol: Protocol, frames: Sequence[Frame]) -> list[str]:
        """The text that subscribes to each, or the address that does."""
        said = []
        for batch in self._batches(protocol, frames):
            text = protocol.subscription(batch, "1", "a-credential")
            if not text and not protocol.asks_first:
                text = protocol.address(protocol.endpoints()[0], batch, b"")
            said.append(text)
        return said


@functools.cache
def _bomb() -> bytes:
    """A frame that unpacks to more than anybody takes."""
    return gzip.compress(bytes(4 * _MOST))


def read(protocol: Protocol, frame: Frame) -> Sequence[ProtocolEvent]:
    """What a frame means; a binary one that the protocol does not read means nothing."""
    if isinstance(frame, str):
        return protocol.read(frame.encode())
    return protocol.read_binary(frame, _MOST) or ()


def _all(protocol: Protocol, frames: Sequence[Frame]) -> list[ProtocolEvent]:
    return [event for frame in frames for event in read(protocol, frame)]


def _bars(events: Sequence[ProtocolEvent]) -> list[BarMessage]:
    return [event for event in events if isinstance(event, BarMessage)]


def _series(protocol: Protocol, frames: Sequence[Frame]) -> Iterator[Series]:
    return ((bar.symbol, bar.timeframe) for bar in _bars(_all(protocol, frames)))


def _unflagged(bar: BarMessage) -> BarMessage:
    """The bar without its flag: nothing false is said of it then."""
    return msgspec.structs.replace(bar, closed=None)


def _key(bar: BarMessage) -> str:
    return f"{bar.symbol} {bar.timeframe} {bar.open_time}"


def _texts(bar: BarMessage) -> Sequence[str]:
    return exact_texts(bar.values, bar.decimals, bar.texts)
