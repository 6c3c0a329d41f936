"""Small real proxies on this machine, HTTP CONNECT and SOCKS5, which can misbehave too; and the relay under them.

A relay has `stop` and `failures` like a fault server, so `case.servers` may hold it: it ends after the session.
"""

from __future__ import annotations

import base64
import contextlib
import selectors
import socket
import struct
import threading
from typing import Final, Literal, NoReturn
from urllib.parse import quote

Address = tuple[str, int]
Login = tuple[str, str]
Behaviour = Literal["good", "drip", "hang", "cut", "grant and hang"]

_CHUNK: Final = 65_536
_LIMIT: Final = 5.0
_DRIP: Final = 0.005  # seconds between two bytes


class Refused(Exception):
    """This client is led nowhere."""


class Relay:
    """A listener that leads each connection on to another end, and carries bytes between both until both are done.

    accepted  connections that came
    carried   connections that were led on
    sent      every byte that clients sent, to the relay itself or through it
    failures  what was raised beside Refused and OSError; a test asserts that it is empty
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.carried = 0
        self.sent = bytearray()
        self.failures: list[Exception] = []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))  # the port is ours from now on, and refuses until `start`
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._acceptor: threading.Thread | None = None
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Listen."""
        self._listener.listen(50)
        self._acceptor = threading.Thread(target=self._accept, name="relay", daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Close everything, at once. May be called again."""
        with self._lock:
            self._stopped.set()
            for sock in (self._listener, *self._sockets):
                _shut(sock, socket.SHUT_RDWR)
        if self._acceptor is not None:
            self._acceptor.join(_LIMIT)
        self._listener.close()
        for thread in self._threads:
            thread.join(_LIMIT)
            assert not thread.is_alive(), f"{thread.name} did not end"

    def lead(self, client: socket.socket) -> socket.socket:
        """The other end for a client. Raises Refused or OSError; then the client's connection ends."""
        raise NotImplementedError

    # For those who lead.

    def dial(self, address: Address) -> socket.socket:
        """A connection to an address of this machine."""
        return self._keep(socket.create_connection(address, _LIMIT))

    def receive(self, client: socket.socket, size: int = _CHUNK) -> bytes:
        """What the client sent, at most `size` bytes; it is never nothing. Raises Refused when the client has left."""
        data = client.recv(size)
        if not data:
            raise Refused
        self.sent += data
        return data

    def hold(self, client: socket.socket) -> NoReturn:
        """Answer nothing, until the client leaves."""
        while True:
            self.receive(client)

    def pause(self, seconds: float) -> None:
        """Wait. Raises Refused as soon as the relay stops."""
        if self._stopped.wait(seconds):
            raise Refused

    # The threads.

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.accepted += 1
                name = f"{type(self).__name__}, connection {self.accepted}"
                thread = threading.Thread(target=self._serve, args=(self._keep(sock),), name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def _keep(self, sock: socket.socket) -> socket.socket:
        """Remember a socket for `stop`."""
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            if self._stopped.is_set():
                sock.close()
                raise OSError("the relay stops")
            self._sockets.add(sock)
        return sock

    def _drop(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.discard(sock)
            sock.close()

    def _serve(self, client: socket.socket) -> None:
        other = None
        try:
            other = self.lead(client)
            self.carried += 1
            self._carry(client, other)
        except ConnectionResetError:
            for sock in (client, other):  # who resets one end resets the other
                if sock is not None:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except (Refused, OSError):
            pass
        except Exception as error:  # noqa: BLE001 - a fault of this file, for the test to see
            self.failures.append(error)
        finally:
            for sock in (client, other):
                if sock is not None:
                    self._drop(sock)

    def _carry(self, client: socket.socket, other: socket.socket) -> None:
        ways = {client: other, other: client}
        with selectors.DefaultSelector() as selector:
            for sock in ways:
                selector.register(sock, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select():
                    sock = key.fileobj
                    data = sock.recv(_CHUNK)
                    if sock is client:
                        self.sent += data
                    if data:
                        ways[sock].sendall(data)
                    else:
                        selector.unregister(sock)
                        _shut(ways[sock], socket.SHUT_WR)


def _shut(sock: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(how)


class Proxy(Relay):
    """A proxy. With `login` it lets in only who shows that user and password.

    behaviour  what it does from the next connection on: good · drip: answers byte by byte · hang: never answers what it
               is asked for · cut: ends the connection instead · grant and hang: says yes, and then nothing more
    refusal    if not empty, what it answers instead of leading anybody anywhere
    routes     where an address that is asked for ("host:port") really is; others are where they say
    asked      the addresses that were asked for, with a good login or none
    logins     user and password of each client, None for one that showed none
    """

    scheme: str
    granted: bytes

    def __init__(self, login: Login | None = None) -> None:
        super().__init__()
        self.login = login
        self.behaviour: Behaviour = "good"
        self.refusal = b""
        self.routes: dict[str, Address] = {}
        self.asked: list[str] = []
        self.logins: list[Login | None] = []

    def url(self, login: Login | None = None) -> str:
        """Where it is, for the option `proxy`; with a user and a password to show, if told so."""
        shown = "" if login is None else f"{quote(login[0], safe='')}:{quote(login[1], safe='')}@"
        return f"{self.scheme}://{shown}127.0.0.1:{self.port}"

    def lead(self, client: socket.socket) -> socket.socket:
        host, port = self.request(client)
        where = f"{host}:{port}"
        self.asked.append(where)
        if self.behaviour == "hang":
            self.hold(client)
        if self.behaviour == "cut":
            raise Refused
        if self.refusal:
            client.sendall(self.refusal)
            raise Refused
        if self.behaviour == "grant and hang":
            client.sendall(self.granted)
            self.hold(client)
        other = self.dial(self.routes.get(where, (host, port)))
        try:
            self.say(client, self.granted)
        except BaseException:
            self._drop(other)
            raise
        return other

    def request(self, client: socket.socket) -> Address:
        """What the client asks for. Raises Refused for one whose login is not good, which has been told so."""
        raise NotImplementedError

    def say(self, client: socket.socket, data: bytes) -> None:
        """Send an answer as the behaviour wants it."""
        if self.behaviour != "drip":
            client.sendall(data)
            return
        for place in range(len(data)):
            client.sendall(data[place : place + 1])
            self.pause(_DRIP)


class HttpProxy(Proxy):
    """A proxy that is asked by CONNECT, and wants logins as Basic."""

    scheme = "http"
    granted = b"HTTP/1.1 200 Connection established\r\nProxy-Agent: test\r\n\r\n"
    wants_login = (
        b"HTTP/1.1 407 Proxy Authentication Required\r\n"
        b'Proxy-Authenticate: Basic realm="test"\r\nContent-Length: 4\r\n\r\nno!\n'
    )
    refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!\n"
    unreachable = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"

    def request(self, client: socket.socket) -> Address:
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.receive(client)
        line, *headers = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        assert method == "CONNECT", line
        shown = [header[21:] for header in headers if header.lower().startswith("proxy-authorization: ")]
        self.logins.append(_read_basic(shown[0]) if shown else None)
        if self.login not in (None, self.logins[-1]):
            self.say(client, self.wants_login)
            raise Refused
        host, _, port = target.rpartition(":")
        return host, int(port)


class SocksProxy(Proxy):
    """A proxy that is asked by SOCKS5."""

    scheme = "socks5"
    granted = b"\5\0\0\1\x7f\0\0\1\x1f\x90"
    refused = b"\5\2\0\1\0\0\0\0\0\0"
    unreachable = b"\5\5\0\1\0\0\0\0\0\0"

    def request(self, client: socket.socket) -> Address:
        version, count = self._exactly(client, 2)
        assert version == 5, version
        self._let_in(client, self._exactly(client, count))
        _, command, _, kind = self._exactly(client, 4)
        assert command == 1, command
        if kind == 3:
            host = self._exactly(client, self._exactly(client, 1)[0]).decode()
        else:
            family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
            host = socket.inet_ntop(family, self._exactly(client, size))
        (port,) = struct.unpack("!H", self._exactly(client, 2))
        return host, port

    def _let_in(self, client: socket.socket, methods: bytes) -> None:
        if self.login is None:
            self.logins.append(None)
            self.say(client, b"\5\0")
            return
        if 2 not in methods:
            self.logins.append(None)
            self.say(client, b"\5\xff")
            raise Refused
        self.say(client, b"\5\2")
        self._exactly(client, 1)
        user, password = (self._exactly(client, self._exactly(client, 1)[0]).decode() for _ in range(2))
        self.logins.append((user, password))
        good = self.logins[-1] == self.login
        self.say(client, b"\1\0" if good else b"\1\1")
        if not good:
            raise Refused

    def _exactly(self, client: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self.receive(client, size - len(data))
        return data


def _read_basic(text: str) -> Login:
    kind, _, coded = text.partition(" ")
    assert kind == "Basic", kind
    user, _, password = base64.b64decode(coded).decode("latin-1").partition(":")
    return user, password
