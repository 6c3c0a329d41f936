"""The JSON schema of a whole configuration, for editors: what completes keys there, says what they mean and warns.

It lets through whatever `check` accepts, also values that come from `${NAME}`; `check` finds more than it does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import GenerateJsonSchema

from wealthsources.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pydantic

Schema = dict[str, Any]

#: The draft that editors know.
DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_VARIABLE: Final = {"type": "string", "pattern": r"\$\{"}
_NUMBER_OR_VARIABLE: Final = {"type": "string", "pattern": r"\$\{|^[-+]?[0-9.]+$"}
#: What one value may be, as opposed to a list or a mapping, and is no text anyway.
_NUMBERS: Final = ("integer", "number")
_SAID: Final = ("description", "default")


def config_schema(
    plugins: Mapping[str, type[pydantic.BaseModel]], recorders: Mapping[str, type[pydantic.BaseModel]]
) -> Schema:
    """The schema of a config.yaml in which these plugins and recorders may be named; each has the model of its options.

    Wherever it is built of the same models it is the same, key by key.
    """
    schema = _of_model(Settings, "")
    definitions: Schema = schema.pop("definitions")
    for kind, models in (("options", plugins), ("recorder", recorders)):
        for name, model in models.items():
            made = _of_model(model, f"{kind}.{name}.")
            definitions |= made.pop("definitions")
            definitions[f"{kind}.{name}"] = made
    source = definitions["SourceSettings"]
    source["properties"]["plugin"] = _as_is(source["properties"]["plugin"]) | _or_variable({"enum": sorted(plugins)})
    source["allOf"] = [_options_of(name, model) for name, model in sorted(plugins.items())]
    schema["properties"]["recorder"] |= {
        "properties": {name: _or_nothing(f"recorder.{name}") for name in sorted(recorders)},
        "additionalProperties": False,
    }
    schema["properties"]["plugins"] = _or_nothing("PluginSettings") | {
        "description": definitions["PluginSettings"]["description"]
    }
    schema["required"] = ["sources"]
    schema["properties"]["sources"] |= {"minItems": 1}
    return {"$schema": DRAFT, "title": "The configuration of wealthsources", **schema, "definitions": definitions}


def options_schema(model: type[pydantic.BaseModel]) -> Schema:
    """The schema of the options of one plugin."""
    return _of_model(model, "")


def _options_of(name: str, model: type[pydantic.BaseModel]) -> Schema:
    """If it is that plugin, then its options."""
    needed = any(field.is_required() for field in model.model_fields.values())
    then: Schema = {"properties": {"options": _or_nothing(f"options.{name}")}}
    return {
        "if": {"properties": {"plugin": {"const": name}}, "required": ["plugin"]},
        "then": then | ({"required": ["options"]} if needed else {}),
    }


def _or_nothing(name: str) -> Schema:
    # A section whose lines are all commented out.
    return {"anyOf": [{"$ref": f"#/definitions/{name}"}, {"type": "null"}]}


class _Generator(GenerateJsonSchema):
    """pydantic's, but for two things: what JSON cannot say may be anything, and names make no titles."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - as pydantic has it

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Schema:
        if schema["type"] == "callable":
            raise PydanticInvalidForJsonSchema(error_info)  # a function cannot stand in a file: no choice of a union
        return {}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - of no field
        return False


def _of_model(model: type[pydantic.BaseModel], prefix: str) -> Schema:
    """A model's schema, with what its docstrings say, and its definitions under names that begin with `prefix`."""
    made = model.model_json_schema(ref_template="#/definitions/" + prefix + "{model}", schema_generator=_Generator)
    definitions = made.pop("$defs", {})
    classes = {each.__name__: each for each in _models(model)}
    for name, each in ((None, made), *definitions.items()):
        kind = model if name is None else classes.get(name)
        each.pop("title", None)
        if kind is not None:
            _describe(each, kind)
        for key, value in each.get("properties", {}).items():
            each["properties"][key] = _let_variables(value)
    return {**made, "definitions": {prefix + name: each for name, each in definitions.items()}}


def _models(model: type[pydantic.BaseModel]) -> Iterator[type[pydantic.BaseModel]]:
    from wealthsources.config.model_fields import models_in  # noqa: PLC0415 - beside its use

    return models_in(model)


def _describe(schema: Schema, model: type[pydantic.BaseModel]) -> None:
    """Put what the docstrings say of keys where editors look for it."""
    said = described_fields(model)
    summary = (model.__doc__ or "").strip().partition("\n\n")[0]
    schema["description"] = " ".join(summary.split())
    for name, field in model.model_fields.items():
        key = field.alias or name
        value = schema.get("properties", {}).get(key)
        text = said.get(key) or said.get(name)
        if value is not None and text and "description" not in value:
            value["description"] = text


def described_fields(model: type[pydantic.BaseModel]) -> dict[str, str]:
    """What a model's docstrings, those of its bases too, say of its fields: `name  what it is`, two spaces between.

    Several names with commas between them may stand before one text; further lines of it are further to the right.
    """
    described: dict[str, str] = {}
    for each in reversed(model.__mro__):
        names: list[str] = []
        for line in (each.__dict__.get("__doc__") or "").splitlines():
            match = re.fullmatch(r"\s*(\w+(?:, \w+)*)\s{2,}(\S.*)", line)
            if match:
                names = match[1].split(", ")
                described |= dict.fromkeys(names, match[2])
            elif not re.match(r"\s{6,}\S", line):
                names = []
            else:
                described |= {name: f"{described[name]} {line.strip()}" for name in names}
    return described


def _let_variables(schema: Schema) -> Schema:
    """The same, but that a text with `${NAME}` may stand for each single value; and without the default of a secret."""
    if "items" in schema:
        schema = schema | {"items": _let_variables(schema["items"])}
    if isinstance(schema.get("additionalProperties"), dict):
        schema = schema | {"additionalProperties": _let_variables(schema["additionalProperties"])}
    if "prefixItems" in schema:
        schema = schema | {"prefixItems": [_let_variables(each) for each in schema["prefixItems"]]}
    choices = schema.get("anyOf", [schema])
    if any(each.get("writeOnly") for each in choices):
        schema = {key: value for key, value in schema.items() if key != "default"}
    if any(_is_scalar(each) for each in choices):
        return _or_variable(schema)
    return schema


def _is_scalar(schema: Schema) -> bool:
    return schema.get("type") in (*_NUMBERS, "boolean") or "enum" in schema or "const" in schema or "pattern" in schema


def _or_variable(schema: Schema) -> Schema:
    rest = {key: value for key, value in schema.items() if key not in _SAID}
    choices = rest["anyOf"] if set(rest) == {"anyOf"} else [rest]
    is_number = any(each.get("type") in _NUMBERS for each in choices)
    return {**_as_is(schema), "anyOf": [*choices, _NUMBER_OR_VARIABLE if is_number else _VARIABLE]}


def _as_is(schema: Schema) -> Schema:
    return {key: schema[key] for key in _SAID if key in schema}
