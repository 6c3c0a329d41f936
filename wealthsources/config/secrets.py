"""The secrets in settings that were checked, so that they can be taken out of what others read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import pydantic

from wealthsources.model.redact import Redactor

_SECRETS: Final = (pydantic.SecretStr, pydantic.SecretBytes, pydantic.Secret)


def secret_texts(value: object) -> Iterator[str]:
    """The texts that stand in fields of a secret type, in a model and whatever its fields hold.

    Of an address only the password and what is asked for in it; and none that is shorter than a Redactor finds within
    other text: words such as `none` stand in such fields too.
    """
    for text in _texts(value, secret=False):
        for part in _parts(text) if "://" in text else (text,):
            if len(part) >= Redactor.SHORTEST:
                yield part


def _texts(value: Any, *, secret: bool) -> Iterator[str]:
    if isinstance(value, _SECRETS):
        yield from _texts(value.get_secret_value(), secret=True)
    elif isinstance(value, pydantic.BaseModel):
        for name in type(value).model_fields:
            yield from _texts(getattr(value, name), secret=secret)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each, secret=secret)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _texts(each, secret=secret)
    elif secret and isinstance(value, str | bytes):
        yield value if isinstance(value, str) else value.decode("utf-8", "replace")


def _parts(address: str) -> Iterator[str]:
    """What is secret in an address, as it is written there and as it is meant."""
    try:
        parts = urlsplit(address)
        written = [parts.password or "", *(value for _, value in parse_qsl(parts.query))]
    except ValueError:
        written = [address]
    for text in written:
        yield text
        yield unquote(text)
