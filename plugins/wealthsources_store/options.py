"""The `options` of a store in config.yaml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pydantic
import sqlalchemy as sa
from pydantic import SecretStr

from wealthsources import Redactor

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = "postgresql+psycopg"
_KNOWN: Final = f"a store is {_SQLITE}path/to/file.db or {_POSTGRESQL}://user:password@host/database"


def _folder(info: pydantic.ValidationInfo) -> Path:
    return Path((info.context or {}).get("folder", ".")).absolute()


def _file(url: str, folder: Path) -> str:
    """The address of the file with its whole path."""
    path = url.removeprefix(_SQLITE)
    if not path or path == ":memory:":
        raise ValueError("names no file, and what is in memory no other process can read; try sqlite:///data/bars.db")
    if "?" in path:
        raise ValueError(f"may have no options behind the path; {_KNOWN}")
    return f"{_SQLITE}{folder / path}"


def _server(url: str) -> str:
    """The address as it is, if it is one and its driver is there."""
    try:
        sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise ValueError(f"cannot be read (is a character of the password to be written as %40?); {_KNOWN}") from None
    try:
        import psycopg  # noqa: F401, PLC0415 - only for who has a server
    except ImportError:
        raise ValueError("needs the driver of PostgreSQL: pip install 'wealthsources[postgresql]'") from None
    return url


class StoreOptions(pydantic.BaseModel, extra="forbid", frozen=True, hide_input_in_errors=True):
    """`url` is where the store is: `sqlite:///data/bars.db`, a file, or `postgresql+psycopg://user:password@host/name`.

    A relative path starts at the folder of config.yaml. The url is never shown, since it may have a password in it:
    `place` is what to show.
    """

    url: SecretStr = pydantic.Field(SecretStr("sqlite:///data/bars.db"), validate_default=True)

    @pydantic.field_validator("url")
    @classmethod
    def _of_a_known_kind(cls, secret: SecretStr, info: pydantic.ValidationInfo) -> SecretStr:
        url = secret.get_secret_value()
        if url.startswith(_SQLITE):
            return SecretStr(_file(url, _folder(info)))
        if url.startswith(f"{_POSTGRESQL}://"):
            return SecretStr(_server(url))
        kind = re.match(r"[a-z][a-z0-9+]*(?=:)", url)
        raise ValueError(f"is of the kind {kind[0]!r}; {_KNOWN}" if kind else f"is no address; {_KNOWN}")

    @property
    def path(self) -> Path | None:
        """The file of a SQLite store; None if a server has it."""
        url = self.url.get_secret_value()
        return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None

    @property
    def address(self) -> sa.URL:
        """Of the server, with the password."""
        return sa.make_url(self.url.get_secret_value())

    @property
    def place(self) -> str:
        """Where the store is, for people: the file, or the server's address without a password."""
        if self.path:
            return str(self.path)
        shown = sa.URL.create("postgresql", self.address.username, None, self.address.host, self.address.port)
        return shown.set(database=self.address.database).render_as_string()

    def redactor(self) -> Redactor:
        """Takes the password out of what a driver says, as it is and as it is written in an address."""
        if self.path:
            return Redactor()
        address, raw = self.address, self.url.get_secret_value()
        written = re.match(r"[^:]+://[^:@/]*:([^@]*)@", raw)
        asked = [value for key, value in address.query.items() if "pass" in key]
        secrets = [address.password, written and written[1], *asked]
        return Redactor(*(str(secret) for secret in secrets if secret))
