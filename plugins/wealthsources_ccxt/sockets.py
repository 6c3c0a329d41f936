"""The connections of one ccxt object: they can be cut from another thread, and what was last heard is remembered."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import weakref
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from collections.abc import Callable, MutableSet

#: Bytes; the longest list of markets has some 20 million.
MOST_BODY: Final = 200_000_000
_AT_ONCE: Final = 65_536


@dataclasses.dataclass(frozen=True, slots=True)
class Heard:
    """The last answer: its status, 0 if there was none, and its header lines."""

    status: int = 0
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Sockets(HTTPAdapter):
    """What a `requests.Session` sends through. `cut` ends all that is under way, at once."""

    def __init__(self) -> None:
        self.heard = Heard()
        self._open: MutableSet[Any] = weakref.WeakSet()
        self._is_cut = False  # for good
        self._is_over = False  # until the next request
        super().__init__(max_retries=0)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _tracking(HTTPConnectionPool, self._opened),
            "https": _tracking(HTTPSConnectionPool, self._opened),
        }

    def session(self) -> requests.Session:
        """A session that sends through these, whatever the environment says of proxies."""
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", self)
        session.mount("https://", self)
        return session

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """As the adapter does; what comes back is remembered."""
        self.heard = Heard()
        if self._is_cut:
            raise requests.ConnectionError("the source has been stopped")
        response = super().send(*args, **kwargs)
        self.heard = Heard(response.status_code, response.headers)
        if response.is_redirect:  # another server would be sent the key
            response.close()
            raise requests.ConnectionError("redirects are not followed")
        response._content = _read_whole(response)  # what `content` returns; it has no bound of its own
        response._content_consumed = True
        return response

    def cut(self) -> None:
        """End every connection, and let none begin any more."""
        self._is_cut = True
        self._shut()
        self.close()

    @contextlib.contextmanager
    def for_at_most(self, seconds: float) -> Iterator[None]:
        """End what is under way after so long: the time limit of `requests` is one of each single read."""
        self._is_over = False
        timer = threading.Timer(seconds, self._shut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _shut(self) -> None:
        self._is_over = True
        for connection in list(self._open):
            _shut_down(connection)

    def _opened(self, connection: Any) -> None:
        """It may come up just after everything was ended."""
        self._open.add(connection)
        if self._is_cut or self._is_over:
            _shut_down(connection)


def _read_whole(response: requests.Response) -> bytes:
    """The body, unpacked. Raises requests.ConnectionError for one that does not end."""
    body = bytearray()
    for part in response.iter_content(_AT_ONCE):
        body += part
        if len(body) > MOST_BODY:
            response.close()
            raise requests.ConnectionError(f"the answer has more than {MOST_BODY:,} bytes")
    return bytes(body)


def _shut_down(connection: Any) -> None:
    with contextlib.suppress(OSError, AttributeError):  # it is closed, or was not open yet
        connection.sock.shutdown(socket.SHUT_RDWR)


def _tracking(pool: type[Any], opened: Callable[[Any], None]) -> type[Any]:
    """The pool, whose connections are told to `opened` in the moment they are up."""
    base: Any = pool.ConnectionCls

    class Connection(base):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            opened(self)

    return type("Pool", (pool,), {"ConnectionCls": Connection})
