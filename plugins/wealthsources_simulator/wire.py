"""The few messages of docs/WIRE.md that are not bars: CONNECT in, CONNECTED and ERROR out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wealthsources_simulator.timeline import Series

_MISSING: Final = object()


class Refused(Exception):  # noqa: N818 - an outcome for the client, which is told the message
    """The client is sent this message and its connection is closed. Never holds what the client sent."""


@dataclass(frozen=True, slots=True)
class Connect:
    """An accepted CONNECT: the series it asks for and the answer to send."""

    series: frozenset[Series]
    answer: str


def read_connect(message: str | bytes, token: str | None) -> Connect:
    """Read a client's message. With `token` None any token will do. Raises Refused."""
    fields = _read_object(message)
    if fields.get("type") != "CONNECT":
        raise Refused("expected a CONNECT message")
    if token is not None and fields.get("csrf_token") != token:
        raise Refused("wrong or missing csrf_token")
    series = product(_read_names(fields, "symbols"), _read_names(fields, "resolutions"))
    return Connect(frozenset(series), _connected(fields.get("request_id", _MISSING)))


def error(message: str) -> str:
    """An ERROR message."""
    return json.dumps({"type": "ERROR", "message": message})


def _connected(request_id: object) -> str:
    return json.dumps({"type": "CONNECTED"} | ({} if request_id is _MISSING else {"request_id": request_id}))


def _read_object(message: str | bytes) -> dict[str, object]:
    if isinstance(message, bytes):
        raise Refused("expected a text message")
    try:
        fields = json.loads(message)
    except (ValueError, RecursionError):
        raise Refused("expected a JSON object") from None
    if not isinstance(fields, dict):
        raise Refused("expected a JSON object")
    return fields


def _read_names(fields: dict[str, object], key: str) -> list[str]:
    names = fields.get(key)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refused(f"{key} must be a list of text")
    return names
