"""JSON whose numbers keep their digits."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from wealthsources_simulator.exchanges.json_text import Number, number, to_json


@pytest.mark.parametrize("text", ["12.90000000", "0", "-1.5", "1e-7", "2.5E+3", "12.50012345678901234567"])
def test_a_number_goes_out_as_it_is_written(text):
    assert to_json({"v": number(text)}) == f'{{"v":{text}}}'


@pytest.mark.parametrize("text", ["+1", ".5", "1.", "007", "-.5e-3"])
def test_a_spelling_that_json_does_not_know_is_written_anew(text):
    assert json.loads(to_json(number(text)), parse_float=Decimal, parse_int=Decimal) == Decimal(text)


@pytest.mark.parametrize("value", [{"a": [1, 'é"', None, True, {"b": {}}], "c": 0.5}, [], "x", [[{"1": []}]]])
@pytest.mark.parametrize(("spaced", "separators"), [(True, (", ", ": ")), (False, (",", ":"))])
def test_all_else_is_as_json_has_it(value, spaced, separators):
    assert to_json(value, spaced=spaced) == json.dumps(value, separators=separators)


def test_a_number_is_a_text_too():
    assert Number("1.50") == "1.50"
