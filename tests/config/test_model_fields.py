from __future__ import annotations

import dataclasses
from typing import NotRequired

import pydantic
from typing_extensions import TypedDict


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
