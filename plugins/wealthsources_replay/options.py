"""The options of a replay."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from wealthsources import Timeframe, check_time

_FASTEST: Final = 1_000_000


def read_time(given: Any) -> Any:
    """Milliseconds since 1970 of a date or a time, UTC unless it says otherwise. Raises ValueError for what is none."""
    if isinstance(given, str):
        given = int(given) if given.isdecimal() else dt.datetime.fromisoformat(given)
    if isinstance(given, dt.date) and not isinstance(given, dt.datetime):  # YAML makes them of what looks so
        given = dt.datetime.combine(given, dt.time())
    if isinstance(given, dt.datetime):
        aware = given if given.tzinfo is not None else given.replace(tzinfo=dt.UTC)
        return round(aware.timestamp() * 1000)
    return given


def _no_bool(given: Any) -> Any:
    if isinstance(given, bool):  # pydantic takes `yes` for 1
        raise ValueError(f"should be a number, received {str(given).lower()}")
    return given


#: For editors: what the validators below take.
_LIST_OR_TEXT: Final = WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]})
_TIME_OR_TEXT: Final = WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}]})

Time = Annotated[int, AfterValidator(check_time), BeforeValidator(read_time), BeforeValidator(_no_bool), _TIME_OR_TEXT]
Speed = Annotated[Literal["max", "step"] | Annotated[float, Field(gt=0, le=_FASTEST)], BeforeValidator(_no_bool)]


def _check_timeframe(name: str) -> str:
    return Timeframe(name).name


def _split(given: Any) -> Any:
    """A comma list is as good as a list of YAML's."""
    return [word.strip() for word in given.split(",") if word.strip()] if isinstance(given, str) else given


def _each_once(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(given))


Words = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_split), AfterValidator(_each_once), _LIST_OR_TEXT
]
Timeframes = Annotated[
    tuple[Annotated[str, AfterValidator(_check_timeframe)], ...],
    BeforeValidator(_split),
    AfterValidator(_each_once),
    _LIST_OR_TEXT,
]


class ReplayOptions(BaseModel):
    """What is played, and how: either a recording, or the bars of another source.

    recording   the folder of one recorded source; a relative one starts at the configuration's folder
    bars        the name of another source of the configuration, whose closed bars of these `symbols` and `timeframes`
                are played
    symbols     of `bars`: those that are played
    timeframes  of `bars`: those that are played, each by itself
    speed       so many times as fast as it was · max: as fast as it can be · step: by `ReplaySource.step`
    start, end  `from` and `to` in the configuration: what was recorded from then on, and before then; bars that open
                then or later, and end then or earlier (by default all that are over)
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)

    recording: Path | None = None
    bars: str | None = None
    symbols: Words = ()
    timeframes: Timeframes = ()
    speed: Speed = 1.0
    start: Time | None = Field(None, alias="from")
    end: Time | None = Field(None, alias="to")

    @classmethod
    def of_command(cls, said: dict[str, str | None]) -> ReplayOptions:
        """As they are typed, None for one that is not said. Raises pydantic.ValidationError."""
        return cls.model_validate({name: value for name, value in said.items() if value is not None})

    def as_source(self, name: str = "replay") -> dict[str, Any]:
        """A source of a configuration that plays this by steps."""
        options = self.model_dump(mode="json", by_alias=True, exclude_unset=True) | {"speed": "step"}
        return {"name": name, "plugin": "replay", "options": options}

    @field_validator("recording")
    @classmethod
    def _from_the_configuration_on(cls, recording: Path | None, info: ValidationInfo) -> Path | None:
        return None if recording is None else Path((info.context or {}).get("folder", ".")) / recording

    @model_validator(mode="after")
    def _something_is_between(self) -> ReplayOptions:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("from must be before to")
        return self

    @model_validator(mode="after")
    def _one_of_both(self) -> ReplayOptions:
        if (self.recording is None) == (self.bars is None):
            raise ValueError("say either recording, a folder, or bars, the name of another source")
        if self.recording is not None and (self.symbols or self.timeframes):
            raise ValueError("symbols and timeframes go with bars; of a recording all series are played")
        if self.bars is not None and not (self.symbols and self.timeframes and self.start is not None):
            raise ValueError("bars needs symbols, timeframes and from")
        return self
