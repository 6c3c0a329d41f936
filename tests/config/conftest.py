"""A config.yaml read from a text, and the options of its second source by a model."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated, Literal

import pydantic
import pytest

from wealthsources.config.settings import read_config
from wealthsources.config.yaml_document import parse
from wealthsources.model.errors import ConfigError
from wealthsources.model.timeframe import Timeframe

from ..support.mistakes import sentences, without_column


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read a text as the config.yaml of the current folder."""
    monkeypatch.chdir(tmp_path)

    def reading(text):
        Path("config.yaml").write_text(text, encoding="utf-8")
        return read_config("config.yaml")

    return reading


@pytest.fixture
def refused(read):
    """The lines of the ConfigError that a text ends in."""

    def reading(text):
        with pytest.raises(ConfigError) as caught:
            read(text)
        return sentences(caught.value)

    return reading


class Options(pydantic.BaseModel, extra="forbid", frozen=True):
    endpoint: str = "wss://example.org"
    csrf_token: pydantic.SecretStr = pydantic.SecretStr("")
    resolutions: tuple[Annotated[str, pydantic.AfterValidator(lambda name: Timeframe(name).name)], ...] = ()
    port: int = 1
    path: str = ""

    @pydantic.field_validator("endpoint")
    @classmethod
    def _websocket(cls, value: str) -> str:
        if not value.startswith("wss://"):
            raise ValueError(f"{value!r} is no wss:// address")
        return value

    @pydantic.field_validator("path")
    @classmethod
    def _in_the_folder(cls, value: str, info: pydantic.ValidationInfo) -> str:
        return str(info.context["folder"] / value)


LIVE = """\
sources:
  - plugin: context
  - name: live
    plugin: websocket
    options:
"""


@pytest.fixture
def options(read):
    """The options that LIVE followed by these lines has, by a model."""

    def reading(text, model=Options):
        return read(LIVE + "".join(f"      {line}\n" for line in text.splitlines())).options(1, model)

    return reading


@pytest.fixture
def bad_options(options):
    """The lines of the ConfigError that options end in. No part of what led to it is kept with it."""

    def reading(text, model=Options):
        with pytest.raises(ConfigError) as caught:
            options(text, model)
        assert caught.value.__context__ is None
        return sentences(caught.value)

    return reading


KNOWN = ", ".join(Timeframe.known())
SECRET = "hunter2"


@pytest.fixture
def secret(monkeypatch):
    monkeypatch.setenv("SECRET", SECRET)


class Leaky(pydantic.BaseModel, extra="forbid"):
    """Every message it can end in holds some form of the value."""

    upper: str = ""
    token: pydantic.SecretStr | None = None
    tokens: dict[str, pydantic.SecretStr] = {}
    choice: Literal["a"] = "a"
    rule: bool = False
    listed: list[str] = []

    @pydantic.field_validator("upper")
    @classmethod
    def _upper(cls, value: str) -> str:
        raise ValueError(f"{value.upper()} is bad")

    @pydantic.field_validator("token", mode="before")
    @classmethod
    def _digits(cls, value: object) -> object:
        if isinstance(value, str) and value != "***":
            raise ValueError(f"no token: {value[::-1]}")
        return value

    @pydantic.model_validator(mode="before")
    @classmethod
    def _all(cls, data: dict[str, object]) -> dict[str, object]:
        if data.get("rule"):
            raise ValueError(f"these do not fit together: {data}")
        return data


def value(text, **environ):
    document = parse(textwrap.dedent(text), "c.yaml", environ)
    assert document.mistakes == ()
    return document.value


def mistakes(text, **environ):
    return [without_column(each.report("c.yaml")) for each in parse(textwrap.dedent(text), "c.yaml", environ).mistakes]


def refusal(text, **environ):
    with pytest.raises(ConfigError) as caught:
        parse(textwrap.dedent(text), "c.yaml", environ)
    assert "\n" not in caught.value.brief
    return caught.value.brief
