"""One connection: DNS, TCP, TLS and upgrade under one deadline, then frames in and out.

websocket-client is used through its low-level class, on a socket opened here; never through `run_forever`. What is
worked around, by the numbers of the list of its quirks: no connect deadline (W6, W19, W20), redirects followed with
their headers (W15), shared cookies (W16), proxies from the environment (W17), exceptions that hold bodies (W21), no
size limit (W14), the slow UTF-8 check (W23), TLS options ignored beside a context (W30).
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from http.cookies import CookieError
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import websocket
from websocket._abnf import continuous_frame, frame_buffer

from wealthsources_websocket.reconnect import Lost, status_kind

_T = TypeVar("_T")

_SLICE: Final = 0.2
_SEND_TIMEOUT: Final = 1.0
_MOST_HANDSHAKE_BYTES: Final = 65_536
_MOST_FRAGMENTS: Final = 10_000
_COOKIES: Final = re.compile(rb"\n(?:(?:set-)?cookie:[^\n]*\n)+", re.IGNORECASE)
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\b")
_REDIRECTS: Final = (300, 301, 302, 303, 305, 307, 308)
_PORTS: Final = {"ws": 80, "wss": 443}

TEXT: Final = websocket.ABNF.OPCODE_TEXT
BINARY: Final = websocket.ABNF.OPCODE_BINARY
PING: Final = websocket.ABNF.OPCODE_PING
PONG: Final = websocket.ABNF.OPCODE_PONG
CLOSE: Final = websocket.ABNF.OPCODE_CLOSE


class Frame(NamedTuple):
    """A whole message, or a control frame."""

    opcode: int
    data: bytes


class Connection:
    """An upgraded connection. One thread reads and writes; `abort` may be called from any other."""

    def __init__(self, ws: websocket.WebSocket, sock: socket.socket) -> None:
        self._ws = ws
        self._frames: Any = ws.frame_buffer  # those of `_upgrade`, with their limits
        self._sock = sock

    def receive(self) -> Frame | None:
        """The next message or control frame; None if none is complete after a moment. Raises Lost."""
        ws, frames = self._ws, self._frames
        frames.until = time.monotonic() + _SLICE
        try:
            while True:
                frame = frames.recv_frame()
                opcode = frame.opcode
                if opcode >= 8:
                    _check_control(frame)
                    return Frame(opcode, frame.data)
                ws.cont_frame.validate(frame)
                ws.cont_frame.add(frame)
                if frame.fin:
                    opcode, whole = ws.cont_frame.extract(frame)
                    return Frame(opcode, _checked(opcode, whole.data))
        except websocket.WebSocketTimeoutException:
            return None
        except Lost:
            raise
        except websocket.WebSocketConnectionClosedException:
            raise Lost("cut", "the server closed the connection without a Close frame") from None
        except websocket.WebSocketProtocolException as error:
            raise Lost("protocol", str(error)[:120], close_code=1002) from None
        except ssl.SSLError as error:
            raise Lost("tls_eof", f"TLS: {error.reason or 'ended'}") from None
        except ConnectionResetError:
            raise Lost("reset", "the server reset the connection") from None
        except (OSError, websocket.WebSocketException, struct.error) as error:
            raise Lost("cut", type(error).__name__) from None

    def send_text(self, text: str, timeout: float = _SEND_TIMEOUT) -> None:
        """Send one text message. Raises Lost, also when the server takes nothing of it for `timeout` seconds."""
        self._send(text.encode(), TEXT, timeout)

    def ping(self, payload: bytes) -> None:
        """Send a ping."""
        self._send(payload, PING)

    def pong(self, payload: bytes) -> None:
        """Answer a ping."""
        self._send(payload, PONG)

    def _send(self, payload: bytes, opcode: int, timeout: float = _SEND_TIMEOUT) -> None:
        try:
            self._sock.settimeout(timeout)
            try:
                self._ws.send(payload, opcode)
            finally:
                self._sock.settimeout(_SLICE)
        except (OSError, websocket.WebSocketException) as error:
            # A frame that went out in part cannot be taken back: the connection is of no use any more.
            raise Lost("send_failed", type(error).__name__) from None

    def close(self, code: int = 1000, timeout: float = 1.0) -> None:
        """Say goodbye, wait at most `timeout` seconds for the answer, and let go of the socket."""
        deadline = time.monotonic() + timeout
        with contextlib.suppress(Lost):
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


def connect(
    url: str,
    timeout: float,
    stop: threading.Event,
    max_message: int,
    tls: ssl.SSLContext | None,
    proxy: str | None = None,
) -> Connection:
    """Open a connection within `timeout` seconds, or raise Lost. `stop` ends the attempt within a fifth of a second.

    With `proxy`, an address like socks5://host:1080 or http://user:password@host:3128, only through that.
    """
    deadline = _Deadline(time.monotonic() + timeout, stop)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    sock = _open(host, port, deadline) if proxy is None else _open_through(proxy, host, port, deadline)
    try:
        if parts.scheme == "wss":
            sock = _wrap(sock, host, deadline, tls or ssl.create_default_context())
        ws = _upgrade(sock, url, host, deadline, max_message)
    except BaseException:
        sock.close()
        raise
    sock.settimeout(_SLICE)
    ws.sock = sock
    return Connection(ws, sock)


class _Deadline:
    """One moment by which everything must be done."""

    def __init__(self, at: float, stop: threading.Event) -> None:
        self._at = at
        self._stop = stop

    def slice(self, what: str) -> float:
        """Seconds to wait now, at most a moment. Raises Lost when the time is over or a stop was asked for."""
        if self._stop.is_set():
            raise Lost("stopped")
        left = self._at - time.monotonic()
        if left <= 0:
            raise Lost(f"{what}_timeout")
        return min(_SLICE, left)

    def left(self) -> float:
        return max(0.0, self._at - time.monotonic())


def _resolve(host: str, port: int, deadline: _Deadline) -> list[tuple[Any, ...]]:
    """Ask for the addresses on a thread that may be left behind: getaddrinfo cannot be given a time limit."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:  # UnicodeError: no name of a host at all
            found.append(error)

    thread = threading.Thread(target=ask, name="wealthsources-resolver", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(deadline.slice("dns"))
    if isinstance(found[0], Exception):
        raise Lost("dns", f"{host} does not resolve: {getattr(found[0], 'strerror', None) or found[0]}")
    addresses: list[tuple[Any, ...]] = found[0]
    return addresses


def _open(host: str, port: int, deadline: _Deadline) -> socket.socket:
    """Connect to the first address that answers; each gets a fair share of the time that is left."""
    addresses = _resolve(host, port, deadline)
    failure = Lost("dns", f"{host} has no address")
    for place, (family, kind, proto, _, address) in enumerate(addresses):
        share = time.monotonic() + deadline.left() / (len(addresses) - place)
        try:
            sock = socket.socket(family, kind, proto)  # fails for a family that this machine does not have
            try:
                _connect_tcp(sock, address, share, deadline)
            except BaseException:
                sock.close()
                raise
        except ConnectionRefusedError as error:
            failure = Lost("refused", f"{host}:{port}: {error.strerror}")
        except TimeoutError as error:
            failure = Lost("connect_timeout", f"{host}:{port}: {error.strerror or error}")
        except OSError as error:
            failure = Lost("unreachable", f"{host}:{port}: {error.strerror or error}")
        else:
            return sock
    raise failure


def _open_through(proxy: str, host: str, port: int, deadline: _Deadline) -> socket.socket:
    """Ask a proxy for a connection. Its own address is dialled as any other; the proxy looks up the name of `host`."""
    from python_socks import ProxyError, ProxyType, parse_proxy_url  # noqa: PLC0415 - only who has a proxy needs it
    from python_socks.sync import Proxy  # noqa: PLC0415

    kind, proxy_host, proxy_port, user, password = parse_proxy_url(proxy)
    where = f"{proxy_host}:{proxy_port}"
    http = kind is ProxyType.HTTP
    dial = _ProxyDial(deadline, _HttpProxySocket if http else _DeadlineSocket)
    try:
        # `forward` is the proxy before this one, or here: whoever brings a socket to it.
        Proxy(kind, proxy_host, proxy_port, user, password, rdns=True, forward=dial).connect(host, port)  # type: ignore[arg-type]
    except ProxyError as error:
        dial.close()
        # Of an HTTP proxy's own words none are shown: they may hold the password. Those of SOCKS are the library's.
        code, said = error.error_code, str(error)
        if code == 407 if http else "auth" in said.lower():
            raise Lost("proxy_auth", f"the proxy at {where}: wants a user and password, or others") from None
        said = (f"HTTP {code} instead of a connection" if code else "no proper answer") if http else said[:120]
        raise Lost("proxy_error", f"the proxy at {where}: {said}") from None
    except Lost as lost:
        dial.close()
        reason = "proxy_timeout" if lost.reason.endswith("_timeout") else f"proxy_{lost.reason}"
        raise lost if lost.reason == "stopped" else Lost(reason, f"the proxy at {where}: {lost.detail}") from None
    except (OSError, ValueError) as error:
        dial.close()
        raise Lost("proxy_error", f"the proxy at {where}: {type(error).__name__}") from None
    except BaseException:
        dial.close()
        raise
    return dial.release()


class _ProxyDial:
    """What python-socks takes for a proxy before the proxy: it brings the socket, which knows the deadline."""

    def __init__(self, deadline: _Deadline, face: type[_DeadlineSocket]) -> None:
        self._deadline = deadline
        self._face = face
        self._sock: socket.socket | None = None

    def connect(self, dest_host: str, dest_port: int, timeout: float) -> _DeadlineSocket:  # noqa: ARG002 - ours decides
        self._sock = _open(dest_host, dest_port, self._deadline)
        return self._face(self._sock, self._deadline, "proxy")

    def release(self) -> socket.socket:
        """The socket, which is the caller's from now on."""
        if self._sock is None:
            raise Lost("proxy_error", "no connection")
        sock, self._sock = self._sock, None
        return sock

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()


def _connect_tcp(sock: socket.socket, address: Any, share: float, deadline: _Deadline) -> None:
    sock.setblocking(False)
    deadline.slice("connect")  # when it is over, nobody is knocked at any more
    with contextlib.suppress(BlockingIOError):
        sock.connect(address)
    while not _wait(sock, selectors.EVENT_WRITE, min(deadline.slice("connect"), share - time.monotonic())):
        if time.monotonic() >= share:
            raise TimeoutError("no answer")
    problem = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if problem:
        raise OSError(problem, os.strerror(problem))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _wait(sock: socket.socket, what: int, seconds: float) -> bool:
    """Whether the socket became ready. Unlike `select.select`, for any number of open files."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, what)
        return bool(selector.select(seconds))


def _wrap(sock: socket.socket, host: str, deadline: _Deadline, context: ssl.SSLContext) -> ssl.SSLSocket:
    sock.setblocking(False)
    try:
        # A ragged end is told from a proper one: what was cut off may have been the last message of a bar.
        wrapped = context.wrap_socket(
            sock, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        try:
            _shake_hands(wrapped, deadline)
        except BaseException:
            wrapped.close()
            raise
    except ssl.SSLCertVerificationError as error:
        raise Lost("tls_error", f"the certificate of {host} is not trusted: {error.verify_message}") from None
    except OSError as error:
        raise Lost("tls_error", getattr(error, "reason", None) or error.strerror or type(error).__name__) from None
    return wrapped


def _shake_hands(wrapped: ssl.SSLSocket, deadline: _Deadline) -> None:
    while True:
        try:
            wrapped.do_handshake()
            return
        except ssl.SSLWantReadError:
            _wait(wrapped, selectors.EVENT_READ, deadline.slice("tls"))
        except ssl.SSLWantWriteError:
            _wait(wrapped, selectors.EVENT_WRITE, deadline.slice("tls"))


class _DeadlineSocket:
    """The face of a socket for a handshake: every call gets only the time that is left, and few bytes are enough."""

    def __init__(self, sock: socket.socket, deadline: _Deadline, what: str = "handshake") -> None:
        self._sock = sock
        self._deadline = deadline
        self._what = what

    def recv(self, size: int) -> bytes:
        return self._patiently(lambda: self._sock.recv(size))

    def send(self, data: bytes) -> int:
        return self._patiently(lambda: self._sock.send(data))

    def sendall(self, data: bytes) -> None:
        while data:
            data = data[self.send(data) :]

    def _patiently(self, work: Callable[[], _T]) -> _T:
        while True:
            self._sock.settimeout(self._deadline.slice(self._what))
            try:
                return work()
            except TimeoutError:
                continue

    def gettimeout(self) -> float | None:
        return self._sock.gettimeout()

    def settimeout(self, _timeout: float | None) -> None:
        """The deadline decides, not the library."""

    def close(self) -> None:
        self._sock.close()

    def fileno(self) -> int:
        return self._sock.fileno()


class _HttpProxySocket(_DeadlineSocket):
    """Towards an HTTP proxy, whose answer is read whole, however it is cut into segments."""

    def recv(self, size: int) -> bytes:
        data = more = super().recv(size)
        while more and b"HTTP/".startswith(data[:5]) and b"\r\n\r\n" not in data and len(data) < _MOST_HANDSHAKE_BYTES:
            more = super().recv(size)
            data += more
        return data


class _UpgradeSocket(_DeadlineSocket):
    """Towards the server. Whatever is no upgrade ends it as soon as the headers are there; no body is read (W20).

    The library's cookies are the whole process's (W16): none goes out, and none that the server sets reaches it.
    """

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        super().__init__(sock, deadline)
        self._head: bytes | None = None

    def send(self, data: bytes) -> int:
        self.sendall(_COOKIES.sub(b"\n", data))
        return len(data)

    def sendall(self, data: bytes) -> None:
        while data:
            data = data[super().send(data) :]

    def recv(self, size: int) -> bytes:
        if self._head is None:
            self._head = self._read_head()
        if not self._head:
            return super().recv(size)
        data, self._head = self._head[:size], self._head[size:]
        return data

    def _read_head(self) -> bytes:
        """The headers, byte by byte: what follows them is the first frame."""
        head = bytearray()
        while not head.endswith((b"\n\r\n", b"\n\n")):
            byte = super().recv(1)
            if not byte:
                return bytes(head)
            head += byte
            if byte == b"\n" and not _STATUS_LINE.match(head):
                raise Lost("handshake_protocol", "no proper answer to the upgrade")
            if len(head) > _MOST_HANDSHAKE_BYTES:
                raise Lost("handshake_protocol", f"more than {_MOST_HANDSHAKE_BYTES} bytes instead of an upgrade")
        _refuse_other_status(bytes(head))
        return _COOKIES.sub(b"\n", bytes(head))


def _refuse_other_status(head: bytes) -> None:
    """Raise Lost for the headers of anything but an upgrade. Nothing that the server wrote is in it."""
    found = _STATUS_LINE.match(head)
    status = int(found[1]) if found else 0
    if status in _REDIRECTS:
        raise Lost("redirect_refused", f"HTTP {status}: redirects are not followed")
    if status != 101:
        raise Lost(
            "bad_status",
            f"HTTP {status} instead of an upgrade",
            kind=status_kind(status),
            retry_after=_retry_after(head),
        )


def _retry_after(head: bytes) -> float:
    """Seconds for which the server wants to be left alone: a number, or a date that is compared with its own clock."""
    asked, said = _header(head, b"retry-after"), _header(head, b"date")
    if asked.isdecimal():
        return float(asked)  # any number of digits; too many are infinity
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        now = parsedate_to_datetime(said).timestamp() if said else time.time()
        return max(0.0, parsedate_to_datetime(asked).timestamp() - now)
    return 0.0


def _header(head: bytes, name: bytes) -> str:
    found = re.search(rb"\n" + name + rb":([^\r\n]*)", head, re.IGNORECASE)
    return found[1].decode("ascii", "replace").strip() if found else ""


def _upgrade(sock: socket.socket, url: str, host: str, deadline: _Deadline, max_message: int) -> websocket.WebSocket:
    ws = websocket.WebSocket(skip_utf8_validation=True, enable_multithread=True)
    try:
        ws.connect(url, socket=_UpgradeSocket(sock, deadline), redirect_limit=0, suppress_origin=True)  # type: ignore[no-untyped-call]
    except websocket.WebSocketConnectionClosedException:
        raise Lost("handshake_closed", f"{host} closed the connection during the upgrade") from None
    except websocket.WebSocketException:
        raise Lost("handshake_protocol", "no proper answer to the upgrade") from None
    except (OSError, ValueError, CookieError) as error:
        raise Lost("handshake_protocol", f"no proper answer to the upgrade ({type(error).__name__})") from None
    if {"sec-websocket-extensions", "sec-websocket-protocol"} & (ws.getheaders() or {}).keys():
        raise Lost("handshake_protocol", "the server chose an extension or a subprotocol that nobody asked for")
    ws.frame_buffer = _LimitedFrames(ws._recv, max_message)
    ws.cont_frame = _LimitedFragments(max_message)
    return ws


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
            raise Lost("protocol", "a frame of the server is masked", close_code=1002)
        if self.length is not None and self.length > self._limit:
            raise Lost("too_big", f"a frame announces {self.length} bytes; {self._limit} are allowed", close_code=1009)


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
            text = f"a message has more than {self._limit} bytes or {_MOST_FRAGMENTS} fragments"
            raise Lost("too_big", text, close_code=1009)
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
            raise Lost("invalid_utf8", f"a text message is not UTF-8 at byte {error.start}", close_code=1007) from None
    return data


def _check_control(frame: Any) -> None:
    if not frame.fin:
        raise Lost("protocol", "a control frame is fragmented", close_code=1002)
    if len(frame.data) > 125:
        raise Lost("protocol", "a control frame has more than 125 bytes", close_code=1002)
