"""Exchange: what the rest asks of one market's way to speak. Pure: messages in, messages out."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar, Series

#: The JSON object of one text.
Message = dict[str, Any]


class Refused(Exception):  # noqa: N818 - an outcome for the client, which is told the message
    """The client is sent this message and its connection is closed. Never holds what the client sent."""


class Exchange(ABC):
    """One market's way to speak. The client's messages come as parsed JSON, else as their text, or bytes if binary.

    path         what the upgrade has to ask for
    closed_flag  the field of a bar that says whether it is closed; None where only its successor does
    """

    path: str
    closed_flag: str | None

    @abstractmethod
    def subscribes(self, message: object) -> bool:
        """Whether a message wants to subscribe, rightly or wrongly."""

    @abstractmethod
    def check(self, message: object, token: str | None) -> None:
        """Raise Refused for anything but a subscription that is to be let in; with `token` None any token will do."""

    @abstractmethod
    def series(self, message: object) -> tuple[Series, ...]:
        """What a message subscribes to, sorted, whether it is let in or not; nothing if it is no subscription."""

    @abstractmethod
    def acknowledgement(self, message: object) -> Message:
        """The answer to a subscription that was let in."""

    @abstractmethod
    def error(self, text: str) -> Message:
        """What a client is told that was not let in."""

    @abstractmethod
    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        """One state of a bar."""

    def text(self, message: Message) -> str:
        """A message as it goes out."""
        return json.dumps(message, separators=(",", ":"))
