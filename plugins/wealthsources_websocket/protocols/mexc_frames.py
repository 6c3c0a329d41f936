"""MEXC's frames of spot klines, which are protobuf. Facts: the exchange's own proto files, as of 2026-11.

The messages are described here rather than generated, so that no compiler is needed; fields that are of no use to us
are left out, and are skipped where they come. Importing this takes the package `protobuf`.
"""

from __future__ import annotations

import importlib
from typing import Any, Final, NamedTuple

# The package has no types of its own.
_descriptor: Final[Any] = importlib.import_module("google.protobuf.descriptor_pb2")
_pool: Final[Any] = importlib.import_module("google.protobuf.descriptor_pool")
_factory: Final[Any] = importlib.import_module("google.protobuf.message_factory")
_DecodeError: Final[Any] = importlib.import_module("google.protobuf.message").DecodeError

_PACKAGE: Final = "wealthsources.mexc"
_KLINE: Final = "PublicSpotKlineV3Api"
_WRAPPER: Final = "PushDataV3ApiWrapper"
#: message → field → number and type; a type that is a message of these begins with a capital.
_MESSAGES: Final = {
    _KLINE: {
        "interval": (1, "string"),
        "windowStart": (2, "int64"),
        "openingPrice": (3, "string"),
        "closingPrice": (4, "string"),
        "highestPrice": (5, "string"),
        "lowestPrice": (6, "string"),
        "volume": (7, "string"),
        "amount": (8, "string"),
        "windowEnd": (9, "int64"),
    },
    _WRAPPER: {
        "channel": (1, "string"),
        "symbol": (3, "string"),
        "createTime": (5, "int64"),
        "publicSpotKline": (308, _KLINE),
    },
}


class SpotKline(NamedTuple):
    """What is said of one bar: `start` in seconds, volume in the base."""

    interval: str
    start: int
    open: str
    high: str
    low: str
    close: str
    volume: str


class SpotFrame(NamedTuple):
    """One frame; `kline` is None if it is about something else."""

    channel: str
    symbol: str
    kline: SpotKline | None


def _wrapper_class() -> Any:
    """The class of the outer message."""
    file = _descriptor.FileDescriptorProto(name="wealthsources_mexc.proto", package=_PACKAGE, syntax="proto3")
    field_type = _descriptor.FieldDescriptorProto
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            field = described.field.add(name=name, number=number, label=field_type.LABEL_OPTIONAL)
            if kind in _MESSAGES:
                field.type, field.type_name = field_type.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                field.type = getattr(field_type, f"TYPE_{kind.upper()}")
    pool = _pool.DescriptorPool()  # one of its own: another library may have registered MEXC's names
    pool.Add(file)
    return _factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{_WRAPPER}"))


Wrapper: Final = _wrapper_class()


def read_frame(data: bytes) -> SpotFrame:
    """What one frame says; a field that does not come is empty or 0. Raises ValueError if it is no such frame."""
    try:
        frame = Wrapper.FromString(data)
    except (_DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not protobuf: {error}") from None
    kline = None
    if frame.HasField("publicSpotKline"):
        body = frame.publicSpotKline
        prices = (body.openingPrice, body.highestPrice, body.lowestPrice, body.closingPrice)
        kline = SpotKline(body.interval, body.windowStart, *prices, body.volume)
    return SpotFrame(frame.channel, frame.symbol, kline)
