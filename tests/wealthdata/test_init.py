from __future__ import annotations

import subprocess
import sys

import wealthdata


def test_the_public_names_are_complete_and_sorted():
    assert wealthdata.__all__ == sorted(wealthdata.__all__)
    assert all(hasattr(wealthdata, name) for name in wealthdata.__all__)
    ours = {name for name, value in vars(wealthdata).items() if getattr(value, "__module__", "").startswith("wealthd")}
    assert ours - {"__getattr__", "missing"} == set(wealthdata.__all__)


def test_a_star_import_brings_the_functions():
    found: dict[str, object] = {}
    exec("from wealthdata import *", found)
    assert {"get_price", "get_bars", "history", "get_current_data", "set_context", "extend"} <= set(found)
    assert callable(found["history"])


def test_importing_it_loads_no_plugin_and_reads_no_configuration():
    code = "import sys, wealthdata; print([name for name in sys.modules if name.startswith('wealthsources_')])"
    code += "; print([name for name in ('pydantic', 'pluggy', 'yaml') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"
