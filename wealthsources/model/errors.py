"""Every error this project raises on purpose.

WealthSourcesError
├── ConfigError         the deployment: config.yaml, a plugin, an option
├── RequestError        the question: an unknown timeframe, a count of 0 (also a ValueError)
├── ClockError          no clock can tell what "now" is
├── NotHere             a source has nothing of the request, and says why
├── SourceError         a source failed
│   ├── NotAsked        it was not even asked, being left alone after failures
│   └── InvalidAnswer   what it answered cannot be used
├── AllSourcesFailed    no source of the chain had a bar
├── StaleDataError      the newest bars are missing and the policy is to raise
└── HoleError           bars in between are missing and the policy is to raise
"""

from __future__ import annotations

from typing import Final

#: What each line of a file that is quoted begins with; no other line of a message does.
MARGIN: Final = "  | "


class WealthSourcesError(Exception):
    """The base of all errors of this project."""

    @property
    def brief(self) -> str:
        """The message without what it quotes of a file."""
        return "\n".join(line for line in str(self).splitlines() if not line.startswith(MARGIN))


class ConfigError(WealthSourcesError):
    """The deployment cannot work as configured; the message names the place and the remedy.

    It has a line for each mistake, and below it, behind MARGIN, what that quotes of the file.
    """

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Each mistake: the line that says it, and below it what it quotes."""
        mistakes: list[str] = []
        for line in str(self).splitlines():
            if line.startswith(MARGIN) and mistakes:
                mistakes[-1] += f"\n{line}"
            else:
                mistakes.append(line)
        return tuple(mistakes)


class RequestError(WealthSourcesError, ValueError):
    """The request itself makes no sense; no source was asked."""


class ClockError(WealthSourcesError):
    """There is no clock to tell what may be seen. Another clock is never taken instead."""


class NotHere(WealthSourcesError):  # noqa: N818 - an outcome, not a fault: the next source is asked
    """Raise it from `Source.get_history` when there is nothing of the request, with the reason."""


class SourceError(WealthSourcesError):
    """Raise it from `Source.get_history` when the source failed: bad data, no connection, no permission.

    retry_after  seconds for which a server asked to be left alone (`Retry-After`); 0: it did not
    """

    def __init__(self, *args: object, retry_after: float = 0.0) -> None:
        super().__init__(*args)
        self.retry_after = retry_after


class NotAsked(SourceError):  # noqa: N818 - it is the source that was not asked
    """The source was not asked, which says nothing about it."""


class InvalidAnswer(SourceError):  # noqa: N818 - it is the answer that is not valid
    """What a source answered cannot be used."""
