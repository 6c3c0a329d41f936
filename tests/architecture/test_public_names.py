"""What `import wealthsources` and `import wealthdata` promise."""

from __future__ import annotations

import subprocess
import sys

import pytest

import wealthdata
import wealthsources

WANTED = """Bar Bars Hole Finality Timeframe Source Host Capabilities HistoryRequest SourceStatus Attempt SeriesBuffer
BarStore Clock DataAdapter ContextDataAdapter Session open current_session hookimpl WealthSourcesError ConfigError
NotHere SourceError AllSourcesFailed StaleDataError HoleError"""


@pytest.mark.parametrize("name", WANTED.split())
def test_the_name_is_public(name):
    assert name in wealthsources.__all__
    assert getattr(wealthsources, name) is not None


def test_every_public_name_exists_and_the_list_is_sorted():
    assert wealthsources.__all__ == sorted(wealthsources.__all__)
    assert all(hasattr(wealthsources, name) for name in wealthsources.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Candle'"):
        _ = wealthsources.Candle


@pytest.mark.parametrize(
    "name",
    ["configure", "set_context", "get_context", "clear_context", "get_price", "get_bars", "bars_to_dataframe"],
)
def test_the_strategies_names_are_there(name):
    assert callable(getattr(wealthdata, name))


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_the_core_loads_nothing_heavy():
    assert not loaded_by("import wealthsources") & {"pandas", "numpy", "pydantic", "yaml", "pluggy"}


def test_importing_wealthdata_loads_no_plugin_and_no_pydantic():
    loaded = loaded_by("import wealthdata")
    assert not {name for name in loaded if name.startswith("wealthsources_")}
    assert "pydantic" not in loaded


def test_every_error_is_a_wealthsources_error():
    errors = [getattr(wealthsources, name) for name in wealthsources.__all__]
    errors = [each for each in errors if isinstance(each, type) and issubclass(each, BaseException)]
    assert len(errors) == 9
    assert all(issubclass(each, wealthsources.WealthSourcesError) for each in errors)
