"""Loads the scripts of this folder, so that the tests can call their functions; lets go of what a page has bound."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ..support.unbinding import unbind_all

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _unbound() -> Iterator[None]:
    """What a page binds does not stay bound for the next test."""
    yield
    unbind_all()


@pytest.fixture(scope="session")
def script() -> Iterator[Callable[[str], ModuleType]]:
    """`script("compare_tests")` is that script as a module."""
    made: list[str] = []

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        made.append(name)
        spec.loader.exec_module(module)
        return module

    yield load
    for name in made:
        sys.modules.pop(name, None)
