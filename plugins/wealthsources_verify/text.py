"""Values as short text for people."""

from __future__ import annotations

import re
import reprlib
from typing import Final

import numpy as np
import pandas as pd

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]+")
_LONGEST_VALUE: Final = 80


def value_text(value: object) -> str:
    """A value as one short line."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.DataFrame | pd.Series | np.ndarray) and value.size > 1:
        shape = " by ".join(map(str, value.shape))
        return f"{type(value).__name__} of {shape}"
    return one_line(_repr.repr(value), _LONGEST_VALUE)


def one_line(text: str, longest: int = 300) -> str:
    """The text on one line, without anything that could steer a terminal and without addresses in memory."""
    line = _ADDRESS.sub("0x…", " ".join(text.split()))
    line = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)
    return line if len(line) <= longest else line[: longest - 1] + "…"


class _Repr(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60
        self.maxlist = self.maxtuple = self.maxset = self.maxdict = 4


_repr: Final = _Repr()
