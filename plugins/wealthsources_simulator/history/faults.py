"""The ways in which an exchange's REST answers go wrong. A fault changes the rows of one page, or its answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it goes out.

    cut   only so many bytes of the body are sent
    wait  seconds before it is sent; drip: seconds after each byte of the body
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: int | None = None
    wait: float = 0.0
    drip: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class HistoryFault:
    """What becomes of the bars of a page, and of the answer made of them."""

    name: str
    bars: Callable[[list[PlayedBar]], list[PlayedBar]] = list
    reply: Callable[[Reply], Reply] = lambda reply: reply


def status(number: int, body: bytes = b"{}", **headers: str) -> HistoryFault:
    """Another status, with these header lines (`Retry_After` is Retry-After)."""
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    return HistoryFault(
        f"status {number}",
        reply=lambda reply: dataclasses.replace(reply, status=number, headers={**reply.headers, **lines}, body=body),
    )


def too_many(seconds: int, number: int = 429) -> HistoryFault:
    """Asks to be left alone for so many seconds; 418 is a ban."""
    return status(number, b'{"code":-1003,"msg":"Too many requests."}', Retry_After=str(seconds))


def html() -> HistoryFault:
    """A page for people, with status 200, as a proxy or a login sends it."""
    lines = {"Content-Type": "text/html"}
    return HistoryFault(
        "html",
        reply=lambda reply: dataclasses.replace(
            reply, headers={**reply.headers, **lines}, body=b"<html><body>Please log in.</body></html>"
        ),
    )


def nothing() -> HistoryFault:
    """No bar at all, with status 200."""
    return HistoryFault("nothing", bars=lambda bars: bars[:0])


def half_body() -> HistoryFault:
    """The connection is closed in the middle of the answer."""
    return HistoryFault("half body", reply=lambda reply: dataclasses.replace(reply, cut=len(reply.body) // 2))


def slow(seconds: float) -> HistoryFault:
    """The answer comes so many seconds late."""
    return HistoryFault("slow", reply=lambda reply: dataclasses.replace(reply, wait=seconds))


def dripping(seconds: float) -> HistoryFault:
    """The answer comes byte by byte, so many seconds apart: no time limit of a single read ends it."""
    return HistoryFault("dripping", reply=lambda reply: dataclasses.replace(reply, drip=seconds))


def repeated(place: int) -> HistoryFault:
    """The row at `place` comes twice."""
    return HistoryFault("repeated", bars=lambda bars: [*bars[: place + 1], *bars[place:]])


def shifted(place: int, milliseconds: int) -> HistoryFault:
    """The row at `place` opens so much later, off the grid."""

    def shift(bars: list[PlayedBar]) -> list[PlayedBar]:
        late = dataclasses.replace(bars[place], open_time=bars[place].open_time + milliseconds)
        return [*bars[:place], late, *bars[place + 1 :]]

    return HistoryFault("shifted", bars=shift)


def without(place: int) -> HistoryFault:
    """The row at `place` is left out, as at the seam of two pages; of what comes newest first -1 is the oldest."""
    return HistoryFault("without", bars=lambda bars: [bar for bar in bars if bar is not bars[place]])


def changed(place: int, **values: Any) -> HistoryFault:
    """The row at `place` has other values: `changed(0, volume="-1")`."""

    def change(bars: list[PlayedBar]) -> list[PlayedBar]:
        other = dataclasses.replace(bars[place], **values)
        return [other if bar is bars[place] else bar for bar in bars]

    return HistoryFault("changed", bars=change)
