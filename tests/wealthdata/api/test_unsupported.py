from __future__ import annotations

import pytest

import wealthdata
from wealthdata.api.unsupported import STAND_INS

NAMES = "get_index_stocks get_index_weights get_industry get_fundamentals get_trades get_current_tick"


def test_they_are_those_of_joinquants_that_belong_to_others():
    assert set(STAND_INS) == set(NAMES.split())
    assert set(STAND_INS) <= set(wealthdata.__all__)


@pytest.mark.parametrize("name", NAMES.split())
@pytest.mark.parametrize(
    ("arguments", "named"), [((), {}), (("000300.XSHG", None), {"date": "2024-01-01", "df": True})]
)
def test_whatever_the_arguments_the_error_says_whose_it_is_and_the_remedy(name, arguments, named):
    with pytest.raises(
        wealthdata.NotSupported, match=rf"; an? .*|.* can offer {name} with wealthdata\.extend\({name}=\.\.\.\)$"
    ):
        getattr(wealthdata, name)(*arguments, **named)


@pytest.mark.parametrize("name", NAMES.split())
def test_it_says_what_it_would_be(name):
    assert "Raises NotSupported" in getattr(wealthdata, name).__doc__


def test_it_can_be_caught_as_what_python_calls_it():
    with pytest.raises(NotImplementedError):
        wealthdata.get_trades()
