"""What a failure of these tests tells, and what several of them need."""

from __future__ import annotations

import concurrent.futures
import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
import websocket

PATIENCE = 5.0  # for what has to happen
PROMPT = 1.0  # for what has to happen at once, on a busy machine
MOMENT = 0.1  # how long to look whether something is still stuck
PAYLOAD = b"x" * 200
NORMAL = struct.pack("!H", 1000)


# what a failure tells ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def quirk(row: str, fact: str, way_around: str) -> Iterator[None]:
    """The library still does what we work around."""
    with _or_else(
        f"{row} changed: with websocket-client {websocket.__version__} it is no longer so that {fact}. Good news, "
        f"perhaps: {way_around} in transport/ is there because of it, and may go when no allowed version needs it. "
        f"See row {row} in the docs on websocket-client."
    ):
        yield


@contextlib.contextmanager
def relied_on(row: str, fact: str, user: str) -> Iterator[None]:
    """The library still does what our way around needs."""
    with _or_else(
        f"{row} changed: with websocket-client {websocket.__version__} it is no longer so that {fact}. {user} in "
        f"transport/ relies on it: keep pyproject.toml from allowing this version until transport/ does without. "
        f"See row {row} in the docs on websocket-client."
    ):
        yield


@contextlib.contextmanager
def _or_else(message: str) -> Iterator[None]:
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        raise AssertionError(message) from error


def frames_of(ws: websocket.WebSocket, count: int) -> list[tuple[int, bytes]]:
    """Opcode and payload of the next frames, read as transport/ reads them."""
    return [(got.opcode, got.data) for got in (ws.frame_buffer.recv_frame() for _ in range(count))]


def stuck(task: concurrent.futures.Future[Any]) -> bool:
    """Whether it is not done after a moment."""
    return not concurrent.futures.wait([task], MOMENT).done


def failure_at_once(task: concurrent.futures.Future[Any]) -> BaseException | None:
    start = time.monotonic()
    error = task.exception(PATIENCE)
    assert time.monotonic() - start < PROMPT, "it took its time"
    return error


def shut_down(sock: socket.socket) -> None:
    """As `Connection.abort` does it."""
    socket.socket.shutdown(sock, socket.SHUT_RDWR)
