from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import wealthdata


def test_the_public_names_are_complete_and_sorted():
    assert wealthdata.__all__ == sorted(wealthdata.__all__)
    assert all(hasattr(wealthdata, name) for name in wealthdata.__all__)
    ours = {name for name, value in vars(wealthdata).items() if getattr(value, "__module__", "").startswith("wealthd")}
    assert ours - {"__getattr__", "__dir__"} == set(wealthdata.__all__)


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


def test_a_type_checker_is_told_of_the_names_that_are_there_and_of_no_others():
    tree = ast.parse(Path(wealthdata.__file__).read_text())
    [block] = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    told = {name.asname: node.module for node in block.body for name in node.names}
    assert told == {name: f"wealthdata.{module}" for name, module in wealthdata._HOME.items()}
    assert sorted(told) == wealthdata.__all__


def test_importing_it_imports_what_is_asked_for_and_no_more():
    code = (
        "import sys, wealthdata; print('pandas' in sys.modules); wealthdata.get_price; print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\nTrue\n"


def test_a_list_of_its_names_has_those_that_were_not_asked_for_yet():
    code = "import wealthdata; print({'get_price', 'history', 'ParamsError'} <= set(dir(wealthdata)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
