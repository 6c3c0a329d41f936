"""The secrets in settings that were checked."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

from wealthsources.config.secrets import secret_texts


class Inner(pydantic.BaseModel):
    key: pydantic.SecretStr
    name: str = "no secret at all"


class Options(pydantic.BaseModel):
    token: pydantic.SecretStr | None = None
    raw: pydantic.SecretBytes | None = None
    storage: pydantic.Secret[dict[str, Any]] = pydantic.Secret({})
    inner: tuple[Inner, ...] = ()
    by_name: dict[str, Inner] = {}
    plain: str = "nor is this one"


def test_what_stands_in_fields_of_a_secret_type_is_found_wherever_they_are():
    options = Options(
        token="the-first-one",
        raw=b"the-second-one",
        storage={"key": "the-third-one", "endpoint": {"deep": ["the-fourth-one"]}, "number": 5},
        inner=[{"key": "the-fifth-one"}],
        by_name={"a": {"key": "the-sixth-one"}},
    )
    assert {text.split("-")[1] for text in secret_texts(options)} == {
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
    }


def test_what_is_no_secret_or_too_short_to_be_told_from_other_text_is_not():
    assert list(secret_texts(Options(token="none"))) == []


@pytest.mark.parametrize(
    ("address", "secrets"),
    [
        ("socks5://user:a-pass%20word@host:1080", {"a-pass%20word", "a-pass word"}),
        ("https://a-long-host-name.example/?token=a-long-token", {"a-long-token"}),
        ("https://[a-broken-address", {"https://[a-broken-address"}),
        ("http://127.0.0.1:3128", set()),
    ],
)
def test_of_an_address_only_what_is_secret_in_it(address, secrets):
    assert set(secret_texts(Options(token=address))) == secrets
