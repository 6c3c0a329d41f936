"""pyarrow, which reads Parquet and Feather, and what an opened file of either kind must tell."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from wealthsources import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What the names of the files end in that are read by pyarrow.
FEATHER: Final = (".feather", ".arrow")
SUFFIXES: Final = (".parquet", ".pq", *FEATHER)
_NEEDED: Final = "Parquet and Feather files need pyarrow, which is not installed: pip install 'wealthsources[file]'"
#: Rows that are read at once.
BATCH: Final = 1 << 16


class Limits(NamedTuple):
    """Whole numbers, of timestamps in that `unit` (else None), or bytes of texts."""

    least: Any
    most: Any
    unit: str | None


class ColumnFile(Protocol):
    """An opened file. Its rows are in groups, each of which can be read without the others.

    schema    pyarrow's, of its columns
    rows      how many each group has
    metadata  what need not be read again of a file in the same state
    """

    @property
    def schema(self) -> Any:
        """As above."""

    @property
    def rows(self) -> Sequence[int]:
        """As above."""

    @property
    def metadata(self) -> Any:
        """As above."""

    def limits(self, group: int, name: str) -> Limits | None:
        """The least and the largest value of a column in a group; None if the file does not say."""

    def batches(self, group: int, names: Sequence[str]) -> Iterator[Any]:
        """Some columns of a group, as RecordBatches of BATCH rows at most."""


def check_installed(path: str) -> None:
    """Raises ValueError if a file of that name needs what is not installed."""
    if path.endswith(SUFFIXES) and importlib.util.find_spec("pyarrow") is None:
        raise ValueError(_NEEDED)


def load(module: str = "pyarrow") -> Any:
    """Raises ConfigError that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ConfigError(_NEEDED) from None
