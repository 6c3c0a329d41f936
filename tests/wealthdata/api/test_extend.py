from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

import wealthdata


@pytest.fixture
def extend():
    """wealthdata.extend, taken away again at the end."""
    taken = []

    def made(**names):
        taken.append(wealthdata.extend(**names))
        return taken[-1]

    yield made
    for take_away in taken:
        take_away()


def star_import():
    found: dict[str, object] = {}
    exec("from wealthdata import *", found)
    return found


def test_added_names_are_found(extend):
    log, g = object(), object()
    extend(log=log, g=g)
    assert (wealthdata.log, wealthdata.g) == (log, g)
    found = star_import()
    assert (found["log"], found["g"]) == (log, g)
    assert "get_price" in found


def test_the_public_names_grow_and_shrink_and_stay_sorted(extend):
    before = list(wealthdata.__all__)
    take_away = extend(zzz=1, Aaa=2, mmm=3)
    assert wealthdata.__all__ == sorted([*before, "zzz", "Aaa", "mmm"])
    take_away()
    assert wealthdata.__all__ == before


def test_taken_away_they_are_gone(extend):
    take_away = extend(log=1)
    take_away()
    assert not hasattr(wealthdata, "log")
    assert "log" not in star_import()


def test_taking_away_twice_is_harmless(extend):
    first = extend(log=1)
    first()
    extend(log=2)
    first()
    assert wealthdata.log == 2


def test_the_newest_of_a_name_holds_and_then_the_one_before(extend):
    extend(log=1, g=1)
    take_away = extend(log=2)
    assert (wealthdata.log, wealthdata.g) == (2, 1)
    take_away()
    assert (wealthdata.log, wealthdata.g) == (1, 1)


def test_they_may_be_taken_away_in_any_order(extend):
    first, second = extend(log=1, g=1), extend(log=2)
    first()
    assert (wealthdata.log, hasattr(wealthdata, "g")) == (2, False)
    second()
    assert not hasattr(wealthdata, "log")


def test_values_that_cannot_be_compared_may_be_added(extend):
    import numpy as np

    first, second = extend(g=np.zeros(3)), extend(g=np.ones(3))
    second()
    assert wealthdata.g.tolist() == [0.0, 0.0, 0.0]
    first()


def test_a_name_that_is_not_supported_here_may_be_given(extend):
    stand_in = wealthdata.get_industry
    before = list(wealthdata.__all__)
    take_away = extend(get_industry=lambda code: {code: "money"})
    assert wealthdata.get_industry("X") == star_import()["get_industry"]("X") == {"X": "money"}
    assert wealthdata.__all__ == before
    take_away()
    assert wealthdata.get_industry is stand_in
    assert wealthdata.__all__ == before


@pytest.mark.parametrize("name", ["get_price", "extend", "ParamsError", "history", "binding", "errors", "sys"])
def test_a_name_of_ours_is_refused(name):
    own = getattr(wealthdata, name)
    with pytest.raises(wealthdata.ParamsError, match=f"'{name}' is wealthdata's own"):
        wealthdata.extend(**{name: 1})
    assert getattr(wealthdata, name) is own


@pytest.mark.parametrize("name", ["_log", "__all__", "__getattr__", "_"])
def test_a_name_with_an_underscore_is_refused(name):
    with pytest.raises(wealthdata.ParamsError, match=f"{name!r} begins with an underscore"):
        wealthdata.extend(**{name: 1})


def test_no_names_are_refused():
    with pytest.raises(wealthdata.ParamsError, match="extend needs names"):
        wealthdata.extend()


def test_if_one_name_is_refused_none_is_added():
    with pytest.raises(wealthdata.ParamsError):
        wealthdata.extend(log=1, get_price=2)
    assert not hasattr(wealthdata, "log")
    assert "log" not in wealthdata.__all__


def test_threads_may_extend_at_once(extend):
    import threading

    before = list(wealthdata.__all__)

    def work(number):
        for _ in range(100):
            take_away = wealthdata.extend(log=number, **{f"own{number}": number})
            assert getattr(wealthdata, f"own{number}") == number
            take_away()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wealthdata.__all__ == before
    assert not hasattr(wealthdata, "log")


# names that are not there ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["log", "g", "run_daily", "order_target", "OrderCost", "get_scheduled_functions"])
def test_a_name_of_the_engines_is_missed_with_a_remedy(name):
    with pytest.raises(AttributeError, match=rf"strategy engine's.*wealthdata\.extend\({name}=\.\.\.\)"):
        getattr(wealthdata, name)
    assert not hasattr(wealthdata, name)
    assert getattr(wealthdata, name, None) is None


def test_any_other_name_is_missed_as_in_any_module():
    with pytest.raises(AttributeError, match=r"^module 'wealthdata' has no attribute 'get_prices'$"):
        _ = wealthdata.get_prices


def test_a_slip_of_the_pen_is_explained_by_python_itself():
    code = "import wealthdata; wealthdata.get_prise"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Did you mean: 'get_price'?" in done.stderr


def test_what_is_of_the_module_can_be_copied_and_pickled():
    assert pickle.loads(pickle.dumps(wealthdata.get_price)) is wealthdata.get_price
    assert pickle.loads(pickle.dumps(wealthdata.history)) is wealthdata.history
    assert copy.deepcopy(wealthdata.get_industry) is wealthdata.get_industry
    error = pickle.loads(pickle.dumps(wealthdata.NotSupported("no")))
    assert (type(error), str(error)) == (wealthdata.NotSupported, "no")
