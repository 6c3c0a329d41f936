"""The command line: `wealthsources --help`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line with these arguments, by default the process's own. Ends with SystemExit."""
    from wealthsources.cli.app import run  # noqa: PLC0415 - whoever imports this package need not have a terminal

    run(arguments)
