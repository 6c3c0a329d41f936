"""The part of a file source's `options` that says how its files are laid out."""

from __future__ import annotations

import dataclasses
import functools
import re
import zoneinfo
from typing import Annotated, Any, Final, Literal

import pydantic

from wealthsources_file.layout import COLUMNS, NEEDED, UNITS, Label, Layout, Order
from wealthsources_file.presets import PRESETS

Format = Literal["wealthsources", "binance", "freqtrade", "yfinance", "cryptodatadownload", "kraken"]
Separator = Literal[",", ";", "\t", "|"]

_TIMES: Final = f"{', '.join(UNITS)}, iso, or a pattern as in %d/%m/%Y %H:%M"
#: What a pattern may have: numbers alone, so that it means the same in every country.
_DIRECTIVES: Final = frozenset("YymdHMSf")
_DATE: Final = (("Y", "y"), ("m",), ("d",))


def _column(place: str | int) -> str | int:
    if isinstance(place, int) and place < 1:
        raise ValueError(f"is {place}, but places count from 1")
    if place == "":
        raise ValueError("should be a name, or a place as a number")
    return place


def _column_name(name: str) -> str:
    if name not in COLUMNS:
        raise ValueError(f"there is no column {name}; known: {', '.join(COLUMNS)}")
    return name


def _times(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _check_time(text: str) -> str:
    if text in UNITS or text == "iso":
        return text
    if "%" not in text:
        raise ValueError(f"{text!r} is no way to write times; known: {_TIMES}")
    given = re.findall("%(.)", text)
    if strange := [f"%{letter}" for letter in given if letter not in _DIRECTIVES]:
        raise ValueError(f"{text!r} has {strange[0]}; known: {', '.join(f'%{letter}' for letter in 'YymdHMSf')}")
    if not all(set(letters) & set(given) for letters in _DATE):
        raise ValueError(f"{text!r} says no date; that takes %Y or %y, %m and %d")
    return text


def _check_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # what is not found is a KeyError
        raise ValueError(f"{name!r} is no time zone; one is Europe/Berlin, or UTC") from None
    return name


_Place = Annotated[
    Annotated[int, pydantic.Strict()] | Annotated[str, pydantic.Strict()], pydantic.AfterValidator(_column)
]
_Name = Annotated[str, pydantic.AfterValidator(_column_name)]
_Time = Annotated[str, pydantic.AfterValidator(_check_time)]
#: For editors: one is as good as a list.
_TIMES_OR_ONE: Final = pydantic.WithJsonSchema(
    {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}
)


class LayoutOptions(pydantic.BaseModel, extra="forbid", frozen=True):
    r"""How the files are laid out: as those of somebody whose files people have, and what is different.

    format     whose files they are: one of PRESETS; what is said beside it comes before what it says
    columns    for ours (open_time, open, high, low, close, volume, close_time, and symbol where a file has the rows of
               many) the name in the file, or, of lines without a header, the place: 1 is the first
    header     whether the first line names the columns
    separator  , ; | or "\t"
    decimal    what stands before the decimals: . or ,
    time       how times are written: ms, s, us or ns since 1970, a list of some of these, which are told apart by their
               size, iso for 2024-01-31 09:30:00, or a pattern as in %d/%m/%Y %H:%M
    zone       the time zone of written times that name none, as in Europe/Berlin
    label      which time of a bar its column open_time has: open, or end where that is the end
    order      oldest_first or newest_first: which row of a file comes first
    """

    format: Format = "wealthsources"
    columns: dict[_Name, _Place] = pydantic.Field(default_factory=dict)
    header: bool | None = None
    separator: Separator | None = None
    decimal: Literal[".", ","] | None = None
    time: Annotated[tuple[_Time, ...], pydantic.BeforeValidator(_times), _TIMES_OR_ONE] = ()
    zone: Annotated[str, pydantic.AfterValidator(_check_zone)] | None = None
    label: Label | None = None
    order: Order | None = None

    @functools.cached_property
    def layout(self) -> Layout:
        """What all of it comes to."""
        preset = PRESETS[self.format]
        said: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("header", "separator", "decimal", "zone", "label", "order")
            if getattr(self, name) is not None
        }
        if self.time:
            said["time"] = self.time
        if self.columns:
            said["columns"] = {**preset.columns, **{name: (place,) for name, place in self.columns.items()}}
            if self.header is None and any(isinstance(place, int) for place in self.columns.values()):
                said["header"] = None
        return dataclasses.replace(preset, **said)

    @pydantic.field_validator("time")
    @classmethod
    def _one_kind(cls, time: tuple[str, ...]) -> tuple[str, ...]:
        if len(time) > 1 and not set(time) <= set(UNITS):
            raise ValueError(f"a list may have units alone: {', '.join(UNITS)}")
        return time

    @pydantic.field_validator("zone")
    @classmethod
    def _of_written_times(cls, zone: str | None, info: pydantic.ValidationInfo) -> str | None:
        time = info.data.get("time")
        if zone and time and set(time) <= set(UNITS):
            raise ValueError(f"is for written times; times in {' or '.join(time)} since 1970 are UTC")
        return zone

    @pydantic.model_validator(mode="after")
    def _make_sense(self) -> LayoutOptions:
        layout = self.layout
        if layout.separator == layout.decimal:
            raise ValueError("separator and decimal are both a comma; say which other separator the lines have")
        if layout.header is False and (lost := [name for name in NEEDED if layout.place(name) is None]):
            raise ValueError(f"header: false needs the place of each column; columns has none of {', '.join(lost)}")
        return self
