"""Values as short text."""

from __future__ import annotations

import numpy as np
import pandas as pd

from wealthsources_verify.text import short_line, value_text


def test_texts_are_short_and_on_one_line():
    assert value_text("a\nb") == r"'a\nb'"
    assert len(value_text(list(range(1000)))) < 40
    assert value_text(np.float64(1.5)) == "1.5"
    assert value_text(pd.DataFrame({"a": range(20)})) == "DataFrame of 20 by 1"
    assert short_line(f"{object()} \x1b[1m") == "<object object at 0x…> \N{REPLACEMENT CHARACTER}[1m"
