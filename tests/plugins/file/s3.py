"""A real S3 server on this machine, out of a wheel (moto's): buckets, objects, and whether it denies what is asked."""

from __future__ import annotations

import contextlib
import http.client
import importlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ...support.waiting import wait_until

KEY, SECRET = "AKIAEXAMPLEEXAMPLE", "correct-horse-battery-staple"


class S3:
    """What the tests do to it; `options` is how a source reaches it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.options: dict[str, Any] = {"endpoint_url": f"http://127.0.0.1:{port}", "key": KEY, "secret": SECRET}
        self._client = importlib.import_module("boto3").client(
            "s3",
            endpoint_url=self.options["endpoint_url"],
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )

    def close(self) -> None:
        self._client.close()

    def put(self, path: str, data: bytes = b"") -> None:
        """Write an object, or make a bucket of a path without a slash."""
        bucket, _, key = path.partition("/")
        if key:
            self._client.put_object(Bucket=bucket, Key=key, Body=data)
        else:
            self._client.create_bucket(Bucket=bucket)

    def delete(self, path: str) -> None:
        bucket, _, key = path.partition("/")
        self._client.delete_object(Bucket=bucket, Key=key)

    @contextlib.contextmanager
    def denying(self) -> Iterator[None]:
        """Nobody may do anything meanwhile."""
        self._tell(b"0")
        try:
            yield
        finally:
            self._tell(b"inf")

    def _tell(self, most: bytes) -> None:
        """How many more requests are answered whoever asks; from then on this server knows nobody."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)) as connection:
            connection.request("POST", "/moto-api/reset-auth", most)
            assert connection.getresponse().status == 200


@contextlib.contextmanager
def running() -> Iterator[S3]:
    """A server until the end of the block."""
    pytest.importorskip("moto.server", reason="needs an S3 server: pip install 'moto[s3]' flask flask-cors")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or _listens(port), timeout=60)
        assert process.poll() is None, "the server did not start"
        with contextlib.closing(S3(port)) as server:
            yield server
    finally:
        process.terminate()
        process.wait(30)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
