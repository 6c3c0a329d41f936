"""What the fields of a model are called, and which of them are secret."""

from __future__ import annotations

import dataclasses
from typing import Annotated, NamedTuple, NewType, NotRequired

import pydantic
import pytest
from typing_extensions import TypedDict

from wealthsources.config.model_fields import fields_at, models_in, secret_names


def test_an_unknown_option_names_the_nearest(bad_options):
    assert bad_options("endpont: x") == [
        "config.yaml:6: sources[1].options.endpont: unknown key; did you mean 'endpoint'?"
    ]


def test_an_option_of_a_plugin_without_options_is_told_that_there_are_none(bad_options):
    class NoOptions(pydantic.BaseModel, extra="forbid"): ...

    assert bad_options("x: 1", NoOptions) == ["config.yaml:6: sources[1].options.x: unknown key; none is known here"]


def test_nested_models_aliases_and_unions_are_found(bad_options):
    class Part(pydantic.BaseModel, extra="forbid"):
        size: int = pydantic.Field(1, alias="partSize")

    class Whole(pydantic.BaseModel, extra="forbid"):
        parts: dict[str, list[Part] | None] = {}
        either: int | list[int] = 0

    lines = bad_options("parts: {a: [{partsize: 1}, {partSize: x}]}\neither: y", Whole)
    assert lines == [
        "config.yaml:6: sources[1].options.parts.a[0].partsize: unknown key; did you mean 'partSize'?",
        "config.yaml:6: sources[1].options.parts.a[1].partSize: should be a whole number, received 'x'",
        "config.yaml:7: sources[1].options.either: should be a whole number, received 'y'",
        "config.yaml:7: sources[1].options.either: should be a list, received 'y'",
    ]


def test_every_alias_is_followed(bad_options):
    class Part(pydantic.BaseModel, extra="forbid"):
        size: int = 1

    class Whole(pydantic.BaseModel):
        part: Part = pydantic.Field(Part(), validation_alias=pydantic.AliasChoices("first", "second"))

    assert bad_options("second: {sise: 1}", Whole) == [
        "config.yaml:6: sources[1].options.second.sise: unknown key; did you mean 'size'?"
    ]


class Tree(pydantic.BaseModel, extra="forbid"):
    children: list[Tree] = []
    size: int = 1


def test_a_model_may_hold_itself(bad_options):
    assert bad_options("children: [{children: [{sise: 1}]}]", Tree) == [
        "config.yaml:6: sources[1].options.children[0].children[0].sise: unknown key; did you mean 'size'?"
    ]


def test_secrets_in_nested_models_root_models_and_dataclasses_are_secrets(bad_options):
    class Key(pydantic.RootModel[pydantic.SecretStr]): ...

    class Inner(pydantic.BaseModel):
        key: Key | None = None
        secret: pydantic.Secret[int] | None = None

    class Outer(pydantic.BaseModel):
        inner: list[Inner] = []

    lines = bad_options("inner: [{key: 77123}, {secret: hunter2}]", Outer)
    assert len(lines) == 2
    assert all("hunter2" not in line and "77123" not in line for line in lines)


def test_secrets_are_found_under_every_alias_and_in_every_kind_of_record(bad_options):
    @dataclasses.dataclass
    class Login:
        password: pydantic.SecretStr

    class Pair(TypedDict):
        second: NotRequired[pydantic.SecretStr]

    class Outer(pydantic.BaseModel):
        login: Login | None = None
        pair: Pair | None = None
        key: pydantic.SecretStr = pydantic.Field(
            pydantic.SecretStr(""), validation_alias=pydantic.AliasChoices("apiKey", pydantic.AliasPath("keys", 0))
        )

    lines = bad_options("login: {password: 77123}\npair: {second: 77123}\napiKey: 77123", Outer)
    assert [line.split(": ", 1)[1] for line in lines] == [
        "sources[1].options.login.password: should be text; write it in quotes",
        "sources[1].options.pair.second: should be text; write it in quotes",
        "sources[1].options.apiKey: should be text; write it in quotes",
    ]
    assert "77123" not in "".join(bad_options("keys: [77123]", Outer))


def test_a_record_whose_types_cannot_be_told_is_all_secret(bad_options):
    Token = pydantic.SecretStr

    @dataclasses.dataclass
    class Login:
        password: Token

    class Outer(pydantic.BaseModel):
        login: Login

    assert bad_options("login: {password: 77123}", Outer) == [
        "config.yaml:6: sources[1].options.login.password: should be text; write it in quotes"
    ]


# without a configuration


class Login(pydantic.BaseModel):
    user: str = ""
    password: pydantic.SecretStr = pydantic.SecretStr("")


class Pair(NamedTuple):
    first: str
    second: pydantic.SecretBytes


Named = NewType("Named", Login)


class Whole(pydantic.BaseModel):
    login: Login | None = None
    logins: dict[str, list[Login]] = {}
    pair: Pair | None = None
    noted: Annotated[Named, "a note"] | None = None
    key: str = pydantic.Field("", validation_alias=pydantic.AliasChoices("apiKey", pydantic.AliasPath("keys", 0)))
    plain: int = 0


def test_the_keys_at_the_top_are_the_accepted_names_of_the_fields():
    assert fields_at(Whole, ()) == ["login", "logins", "pair", "noted", "apiKey", "plain"]


@pytest.mark.parametrize(
    ("place", "keys"),
    [
        (("login",), ["user", "password"]),
        (("logins", "any", 3), ["user", "password"]),
        (("pair",), ["first", "second"]),
        (("noted",), ["user", "password"]),
        (("plain",), []),
        (("apiKey",), []),
    ],
)
def test_below_it_they_are_those_of_what_stands_there(place, keys):
    assert fields_at(Whole, place) == keys


def test_what_is_no_field_is_an_index_or_a_key_of_a_mapping():
    assert fields_at(Whole, ("nothing",)) == fields_at(Whole, ())


def test_the_secret_names_are_those_of_secret_fields_wherever_they_stand():
    assert secret_names(Whole) == {"password", "second"}
    assert secret_names(Login) == {"password"}


@pytest.mark.parametrize(
    "secret",
    [
        pydantic.SecretStr,
        pydantic.SecretBytes,
        pydantic.Secret[int],
        pydantic.SecretStr | None,
        list[pydantic.SecretStr],
        dict[str, tuple[pydantic.SecretStr, ...]],
        Annotated[pydantic.SecretStr, "a note"],
        NewType("Token", pydantic.SecretStr),
    ],
    ids=str,
)
def test_a_secret_is_one_however_it_is_wrapped(secret):
    model = pydantic.create_model("Model", token=(secret, ...), other=(str, ""))
    assert secret_names(model) == {"token"}


def test_every_alias_of_a_secret_is_a_secret():
    alias = pydantic.AliasChoices("one", pydantic.AliasPath("two", 0))
    model = pydantic.create_model("Model", token=(pydantic.SecretStr, pydantic.Field(validation_alias=alias)))
    assert secret_names(model) == {"token", "one", "two"}


def test_a_model_without_a_secret_has_none():
    assert secret_names(Tree) == frozenset()


def test_the_models_that_a_model_holds_are_found_each_once():
    class Leaf(pydantic.BaseModel):
        again: list[Leaf] = []

    class Tree(pydantic.BaseModel):
        first: Leaf | None = None
        others: dict[str, tuple[Leaf, ...]] = {}

    assert list(models_in(Tree)) == [Tree, Leaf]
