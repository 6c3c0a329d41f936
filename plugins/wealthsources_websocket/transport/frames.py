"""Frames over an upgraded socket, with websocket-client: whole messages, bounded, and no call that does not end."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, Final

import websocket
from websocket._abnf import continuous_frame, frame_buffer

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.base import CLOSE, PING, PONG, SEND_TIMEOUT, SLICE, TEXT, Frame
from wealthsources_websocket.transport.foreign_errors import FRAME_ERRORS, lost_receiving, lost_sending

_MOST_FRAGMENTS: Final = 10_000


class FramedConnection:
    """An upgraded connection, as `base.Connection` describes it. `max_message` is in bytes.

    server_date  the `Date` of the answer to the upgrade, as the server wrote it; empty: it wrote none
    """

    def __init__(self, ws: websocket.WebSocket, sock: socket.socket, max_message: int) -> None:
        self.server_date: str = (ws.getheaders() or {}).get("date", "")
        self._ws = ws
        ws.frame_buffer = self._frames = _LimitedFrames(ws._recv, max_message)
        ws.cont_frame = self._fragments = _LimitedFragments(max_message)
        sock.settimeout(SLICE)
        ws.sock = sock
        self._sock = sock

    def receive(self) -> Frame | None:
        """The next message or control frame; None if none is complete after a moment. Raises ConnectionLost."""
        frames: Any = self._frames
        fragments = self._fragments
        frames.until = time.monotonic() + SLICE
        try:
            while True:
                frame = frames.recv_frame()
                opcode = frame.opcode
                if opcode >= 8:
                    _check_control(frame)
                    return Frame(opcode, frame.data)
                fragments.validate(frame)
                fragments.add(frame)
                if frame.fin:
                    opcode, whole = fragments.extract(frame)
                    return Frame(opcode, _checked(opcode, whole.data))
        except websocket.WebSocketTimeoutException:
            return None
        except FRAME_ERRORS as error:
            raise lost_receiving(error) from None

    def send_text(self, text: str, timeout: float = SEND_TIMEOUT) -> None:
        """Send one text message.

        Raises ConnectionLost, also when the server takes nothing of it for `timeout` seconds.
        """
        self._send(text.encode(), TEXT, timeout)

    def ping(self, payload: bytes) -> None:
        """Send a ping."""
        self._send(payload, PING)

    def pong(self, payload: bytes) -> None:
        """Answer a ping."""
        self._send(payload, PONG)

    def _send(self, payload: bytes, opcode: int, timeout: float = SEND_TIMEOUT) -> None:
        try:
            self._sock.settimeout(timeout)
            try:
                self._ws.send(payload, opcode)
            finally:
                self._sock.settimeout(SLICE)
        except FRAME_ERRORS as error:
            raise lost_sending(error) from None

    def close(self, code: int = 1000, timeout: float = 1.0) -> None:
        """Say goodbye, wait at most `timeout` seconds for the answer, and let go of the socket."""
        deadline = time.monotonic() + timeout
        with contextlib.suppress(ConnectionLost):
            self._send(struct.pack("!H", code), CLOSE)
            while time.monotonic() < deadline:
                frame = self.receive()
                if frame is not None and frame.opcode == CLOSE:
                    break
        self.drop()

    def drop(self) -> None:
        """Let go of the socket at once."""
        self.abort()
        self._sock.close()

    def abort(self) -> None:
        """Wake a thread that is reading or writing: both fail from now on."""
        with contextlib.suppress(OSError):
            # Not SSLSocket's own: it drops TLS first, and what the other thread writes just then goes out in the clear.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


class _LimitedFrames(frame_buffer):
    """Refuses a frame by what its header says, before a byte of its payload is read.

    Nothing is read after `until`, so a peer that drips does not keep the reader; what came so far is kept.
    """

    def __init__(self, receive: Callable[[int], bytes], limit: int) -> None:
        super().__init__(self._receive_in_time, skip_utf8_validation=True)
        self.until = 0.0
        self._receive = receive
        self._limit = limit

    def _receive_in_time(self, size: int) -> bytes:
        if time.monotonic() > self.until:
            raise websocket.WebSocketTimeoutException("the moment is over")
        return self._receive(size)

    def recv_length(self) -> None:
        super().recv_length()
        if self.has_mask():
            raise ConnectionLost("protocol", "a frame of the server is masked", close_code=1002)
        if self.length is not None and self.length > self._limit:
            raise ConnectionLost(
                "too_big",
                f"a frame announces {self.length} bytes; {self._limit} are taken (max_message)",
                close_code=1009,
            )


class _LimitedFragments(continuous_frame):
    """Joins fragments up to a limit, in time that grows with their number only."""

    def __init__(self, limit: int) -> None:
        super().__init__(fire_cont_frame=False, skip_utf8_validation=True)
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._opcode = 0

    def add(self, frame: Any) -> None:
        if not self._parts:
            self._opcode = frame.opcode
        self._parts.append(frame.data)
        self._size += len(frame.data)
        if self._size > self._limit or len(self._parts) > _MOST_FRAGMENTS:
            text = f"a message has more than {self._limit} bytes (max_message) or {_MOST_FRAGMENTS} fragments (fixed)"
            raise ConnectionLost("too_big", text, close_code=1009)
        self.recving_frames = None if frame.fin else self._opcode

    def extract(self, frame: Any) -> tuple[int, Any]:
        frame.data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts, self._size = [], 0
        return self._opcode, frame


def _checked(opcode: int, data: bytes) -> bytes:
    """The payload of a message, which must be UTF-8 if it is text. The library's own check is slow (W23)."""
    if opcode == TEXT and not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            raise ConnectionLost(
                "invalid_utf8", f"a text message is not UTF-8 at byte {error.start}", close_code=1007
            ) from None
    return data


def _check_control(frame: Any) -> None:
    if not frame.fin:
        raise ConnectionLost("protocol", "a control frame is fragmented", close_code=1002)
    if len(frame.data) > 125:
        raise ConnectionLost("protocol", "a control frame has more than 125 bytes", close_code=1002)
