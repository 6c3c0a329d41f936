"""Values as short text for people."""

from __future__ import annotations

import re
import reprlib
from typing import Final

import numpy as np
import pandas as pd

from wealthsources import one_line

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]+")
_LONGEST_VALUE: Final = 80


def value_text(value: object) -> str:
    """A value as one short line."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.DataFrame | pd.Series | np.ndarray) and value.size > 1:
        shape = " by ".join(map(str, value.shape))
        return f"{type(value).__name__} of {shape}"
    return short_line(_repr.repr(value), _LONGEST_VALUE)


def short_line(text: str, longest: int = 300) -> str:
    """The text on one line of that length at most, without addresses in memory."""
    line = _ADDRESS.sub("0x…", one_line(text))
    return line if len(line) <= longest else line[: longest - 1] + "…"


class _Repr(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60
        self.maxlist = self.maxtuple = self.maxset = self.maxdict = 4


_repr: Final = _Repr()
