from __future__ import annotations

import pickle

import pytest

import wealthdata
import wealthsources
from wealthdata.errors import translate
from wealthsources import Attempt, Bars, Hole

ATTEMPT = Attempt("file", "failed", reason="disk on fire")
HOLE = Hole(0, 3_600_000, 1)
BARS = Bars.empty("BTCUSDT", "1h")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (wealthsources.AllSourcesFailed("5 bars", [ATTEMPT]), wealthdata.DataUnavailable),
        (wealthsources.StaleDataError("old", BARS, [ATTEMPT]), wealthdata.StaleDataError),
        (wealthsources.HoleError("has holes", BARS, [HOLE]), wealthdata.HoleError),
        (wealthsources.ClockError("no clock"), wealthdata.ClockError),
        (wealthsources.RequestError("count"), wealthdata.ParamsError),
    ],
)
def test_an_error_of_the_core_has_a_twin_that_says_the_same(error, kind):
    twin = translate(error)
    assert type(twin) is kind
    assert isinstance(twin, wealthdata.WealthDataError)
    assert str(twin) == str(error)
    assert {name: value for name, value in vars(error).items() if not name.startswith("__")} == vars(twin)


@pytest.mark.parametrize("name", ["StaleDataError", "HoleError", "ClockError"])
def test_a_twin_can_be_caught_as_the_cores_error(name):
    assert issubclass(getattr(wealthdata, name), getattr(wealthsources, name))


def test_an_error_without_a_twin_stays_as_it_is():
    error = wealthsources.ConfigError("config.yaml:1")
    assert translate(error) is error


def test_an_error_of_ours_stays_as_it_is():
    error = wealthdata.StaleDataError("old", BARS, [ATTEMPT])
    assert translate(error) is error


@pytest.mark.parametrize(
    ("kind", "bases"),
    [
        ("ParamsError", (ValueError,)),
        ("UnsupportedFrequency", (wealthdata.ParamsError, ValueError)),
        ("SecurityNotFound", (LookupError,)),
        ("NoContextError", (RuntimeError,)),
        ("FutureDataError", ()),
        ("NotSupported", (NotImplementedError, RuntimeError)),
        ("DataUnavailable", (wealthsources.AllSourcesFailed,)),
    ],
)
def test_errors_can_be_caught_by_their_usual_kind(kind, bases):
    assert issubclass(getattr(wealthdata, kind), (wealthdata.WealthDataError, *bases))
    assert all(issubclass(getattr(wealthdata, kind), base) for base in bases)


@pytest.mark.parametrize(
    "error",
    [
        wealthdata.DataUnavailable("5 bars", [ATTEMPT]),
        wealthdata.StaleDataError("old", BARS, [ATTEMPT]),
        wealthdata.HoleError("has holes", BARS, [HOLE]),
    ],
)
def test_an_error_survives_the_way_to_another_process(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
