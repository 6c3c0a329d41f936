"""Line: one line of the doctor's, about whom it is and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wealthsources.model.diagnosis import Diagnosis
from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from wealthsources.model.diagnosis import Level


class Line(NamedTuple):
    """`about` is a part of the machine or of the deployment, such as `versions` or the name of a source."""

    about: str
    diagnosis: Diagnosis

    @property
    def level(self) -> Level:
        """How it is."""
        return self.diagnosis.level

    @property
    def text(self) -> str:
        """What was found, and after it what to do, as one line."""
        _, text, remedy = self.diagnosis
        return one_line(f"{text} · {remedy}" if remedy else text)

    def as_dict(self) -> dict[str, str]:
        """As plain text."""
        return {"about": self.about, **self.diagnosis._asdict()}


def ok(about: str, text: str) -> Line:
    """All is well."""
    return Line(about, Diagnosis("ok", text))


def warning(about: str, text: str, remedy: str) -> Line:
    """It works, and somebody should know."""
    return Line(about, Diagnosis("warning", text, remedy))


def error(about: str, text: str, remedy: str) -> Line:
    """It will not work."""
    return Line(about, Diagnosis("error", text, remedy))
