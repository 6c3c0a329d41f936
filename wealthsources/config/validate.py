"""Checks values against a pydantic model, and says what is wrong in our words, at our places, without any secret.

Secrets are what stands under a field of a secret type (`pydantic.SecretStr`) and every text that an environment
variable went into. pydantic's own errors hold the values, and so may the message of a validator; hence the rules in
`_Report._text`.
"""

from __future__ import annotations

import functools
import re
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pydantic

from wealthsources.config.model_fields import fields_at, secret_names
from wealthsources.model.text import suggest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from wealthsources.config.diagnostics import Diagnostic, Place
    from wealthsources.config.yaml_document import Document

Model = TypeVar("Model", bound=pydantic.BaseModel)

_MASK: Final = "***"
_MAX_SHOWN: Final = 60

_MAPPING: Final = "should be a mapping of keys to values"
_LIST: Final = "should be a list"
_WHOLE: Final = "should be a whole number"

#: pydantic's error types in our words. Nothing of the value is in them, so they are fit for a secret as well.
_WORDS: Final = {
    "missing": "is missing; it must be given",
    "string_type": "should be text",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": "should be a number",
    "float_parsing": "should be a number",
    "finite_number": "should be a finite number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dataclass_type": _MAPPING,
    "literal_error": "should be {expected}",
    "enum": "should be {expected}",
    "greater_than": "should be greater than {gt}",
    "greater_than_equal": "should be at least {ge}",
    "less_than": "should be less than {lt}",
    "less_than_equal": "should be at most {le}",
    "too_short": "should have at least {min_length}",
    "string_too_short": "is too short; the shortest has {min_length}",
    "string_too_long": "is too long; the longest has {max_length}",
}


def check(
    model: type[Model], value: Any, document: Document, at: Place = (), context: Mapping[str, Any] | None = None
) -> tuple[Model | None, list[Diagnostic]]:
    """The value as the model, or None and what is wrong. `at` is the place of the value in the document.

    No exception leaves this function, and none is kept: a ValidationError holds every value, secrets too.
    """
    try:
        return model.model_validate(value, context=context), []
    except pydantic.ValidationError as error:
        report = _Report(model, value, document, at, context)
        return None, [report.mistake(each) for each in _first_causes(error.errors(include_url=False))]
    except Exception as exc:  # noqa: BLE001 - a validator's own fault; its message might hold anything
        last = traceback.extract_tb(exc.__traceback__)[-1]
        text = f"could not be checked: {model.__name__} raised {type(exc).__name__} ({last.filename}:{last.lineno})"
        return None, [document.mistake(at, text, key=True)]


def public_places(model: type[pydantic.BaseModel]) -> Callable[[Place], bool]:
    """Whether a place in a value of the model is a field of it, in fields of it, and none of them is secret."""
    secret = secret_names(model)

    @functools.cache
    def is_public(place: Place) -> bool:
        return all(
            isinstance(part, int) or (part not in secret and part in fields_at(model, place[:index]))
            for index, part in enumerate(place)
        )

    return is_public


def _first_causes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without the errors that a list is too short only because its items are wrong."""
    return [
        each
        for each in errors
        if each["type"] != "too_short"
        or not any(
            len(other["loc"]) > len(each["loc"]) and other["loc"][: len(each["loc"])] == each["loc"] for other in errors
        )
    ]


class _Report:
    """What there is to say about the errors of one value."""

    def __init__(
        self, model: type[pydantic.BaseModel], value: Any, document: Document, at: Place, context: Any
    ) -> None:
        self._model = model
        self._value = value
        self._document = document
        self._at = at
        self._secret = secret_names(model)
        self._hidden: list[str] = []
        masked = self._mask(value, ())
        self._words = {word for text in self._hidden for word in re.split(r"\W+", text.casefold()) if word}
        self._masked_texts = self._texts(masked, context) if self._hidden else {}
        self._is_public = public_places(model)

    def mistake(self, error: ErrorDetails) -> Diagnostic:
        below = self._place(error)
        # A key under a secret may be one itself.
        cut = next((index + 1 for index, part in enumerate(below) if part in self._secret), len(below))
        place = (*self._at, *below[:cut])
        variables = self._document.variables.get(place, ())
        source = f"; it comes from {' and '.join(f'${{{name}}}' for name in variables)}" if variables else ""
        text = self._text(error, below)
        is_said, named = ", received " in text, self._document.named(place, text)
        there = value_at(self._document.value, named)
        return self._document.mistake(
            place,
            text + source,
            named,
            key=error["type"] == "extra_forbidden" or isinstance(there, Mapping | list | tuple),
            shows=lambda each, raw: (each == place and is_said) or self._shows(each, raw),
        )

    def _shows(self, place: Place, raw: str) -> bool:
        """Whether a value may be shown beside the one that is wrong."""
        if place[: len(self._at)] != self._at:
            return self._document.shows(place, raw)
        below = place[len(self._at) :]
        return self._is_public(below) and not any(word in raw.casefold() for word in self._words)

    def _text(self, error: ErrorDetails, below: Place) -> str:
        """What is wrong, without a secret.

        Our own words hold none. A validator's are safe if it says them of masked secrets too; else they are shown only
        for a value that is no secret, and if no word of a secret is in them.
        """
        kind, said = error["type"], _said(error)
        if kind == "extra_forbidden":
            return f"unknown key; {suggest(str(below[-1]), fields_at(self._model, error['loc'][:-1]))}"
        if kind in _WORDS:
            return said + self._received(kind, below)
        # By place and not by pydantic's `loc`: a validator may have made a list of a text with commas.
        of_masked = self._with_masks(said) & self._masked_texts.get(below, set())
        if of_masked:
            return min(of_masked)
        if self._is_hidden(below) or any(word in said.casefold() for word in self._words):
            return "is not accepted"
        return said

    def _received(self, kind: str, below: Place) -> str:
        """What stands there instead, if that is short, plain and no secret."""
        value = value_at(self._value, below)
        if kind == "missing" or isinstance(value, Mapping | list | tuple):
            return ""
        advice = "; write it in quotes" if kind == "string_type" else ""
        shown = repr(value)
        if (plain := self._document.plain.get((*self._at, *below))) is not None:
            shown = plain or "nothing"
        if self._is_hidden(below) or _WORDS[kind] is _MAPPING or len(shown) > _MAX_SHOWN:
            return advice
        return f", received {shown}{advice}"

    def _place(self, error: ErrorDetails) -> Place:
        """Where the error is in the value: pydantic's `loc` without the names of union members and the like."""
        place: Place = ()
        value = self._value
        for part in error["loc"]:
            inner = _inside(value, part)
            if inner is not _NOTHING:
                place, value = (*place, part), inner
        return (*place, error["loc"][-1]) if error["type"] == "missing" else place

    def _is_hidden(self, below: Place) -> bool:
        return any(part in self._secret for part in below) or (*self._at, *below) in self._document.variables

    def _mask(self, value: Any, below: Place) -> Any:
        """The value with a mask in place of every secret; these are added to `_hidden`."""
        if self._is_hidden(below):
            self._hidden.append(str(value))
            return _MASK
        if isinstance(value, Mapping):
            return {key: self._mask(inner, (*below, key)) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._mask(inner, (*below, index)) for index, inner in enumerate(value)]
        return value

    def _texts(self, masked: Any, context: Any) -> dict[Place, set[str]]:
        """What the model says of the masked value, by place."""
        texts: dict[Place, set[str]] = {}
        try:
            self._model.model_validate(masked, context=context)
        except pydantic.ValidationError as error:
            for each in error.errors(include_url=False):
                texts.setdefault(self._place(each), set()).add(_said(each))
        except Exception:  # noqa: BLE001 - then there is nothing to compare with, and less is shown
            return {}
        return texts

    def _with_masks(self, said: str) -> set[str]:
        """The message with each secret, or one item of a list in it, masked; and as it is."""
        items = {item for text in self._hidden for item in (text, *re.split(r"[,\s]+", text)) if item}
        return {said, *(said.replace(item, _MASK) for item in items)}


_NOTHING: Final = object()


def _inside(value: Any, part: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(part, _NOTHING)
    if isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
        return value[part]
    return _NOTHING


def value_at(value: Any, place: Place) -> Any:
    """What stands at a place in plain values."""
    return functools.reduce(_inside, place, value)


def _said(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    cause = context.get("error")
    if error["type"] in _WORDS:
        return _WORDS[error["type"]].format(**context)
    if isinstance(cause, Exception):
        return str(cause) or "is not accepted"
    return error["msg"].removeprefix("Input ")
