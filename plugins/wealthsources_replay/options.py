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
    field_validator,
    model_validator,
)

from wealthsources import check_time

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


Time = Annotated[int, AfterValidator(check_time), BeforeValidator(read_time), BeforeValidator(_no_bool)]
Speed = Annotated[Literal["max", "step"] | Annotated[float, Field(gt=0, le=_FASTEST)], BeforeValidator(_no_bool)]


class ReplayOptions(BaseModel):
    """What is played, and how.

    recording  the folder of one recorded source; a relative one starts at the configuration's folder
    speed      so many times as fast as it was recorded · max: as fast as it can be · step: by `ReplaySource.step`
    start, end  `from` and `to` in the configuration: what was recorded from then on, and before then
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)

    recording: Path
    speed: Speed = 1.0
    start: Time | None = Field(None, alias="from")
    end: Time | None = Field(None, alias="to")

    @classmethod
    def of_command(cls, recording: Path, said: dict[str, str | None]) -> ReplayOptions:
        """As they are typed, None for one that is not said. Raises pydantic.ValidationError."""
        given = {name: value for name, value in said.items() if value is not None}
        return cls.model_validate({"recording": recording.absolute()} | given)

    def as_source(self, name: str = "replay") -> dict[str, Any]:
        """A source of a configuration that plays this by steps."""
        said = {"recording": str(self.recording), "speed": "step", "from": self.start, "to": self.end}
        options = {each: value for each, value in said.items() if value is not None}
        return {"name": name, "plugin": "replay", "options": options}

    @field_validator("recording")
    @classmethod
    def _from_the_configuration_on(cls, recording: Path, info: ValidationInfo) -> Path:
        return Path((info.context or {}).get("folder", ".")) / recording

    @model_validator(mode="after")
    def _something_is_between(self) -> ReplayOptions:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("from must be before to")
        return self
