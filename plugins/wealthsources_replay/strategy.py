"""A strategy's file, called bar by bar."""

from __future__ import annotations

import importlib.util
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from wealthsources import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from wealthsources import Bar

_MODULE: Final = "_replayed_strategy"


class Strategy:
    """Has any of `initialize(context)`, `handle_bar(context, bar)` and `handle_data(context, data)`.

    `context.current_bar` is the bar that was closed, and `data` has the newest one of each symbol. What the file
    raises, loaded or called, is raised here. `context` is one for all calls.
    """

    def __init__(self, path: Path) -> None:
        """Raises ConfigError if there is no such file."""
        if not path.is_file():
            raise ConfigError(f"there is no file {path}")
        self._path = path
        self._module: Any = None
        self._data: dict[str, Bar] = {}
        self.context = SimpleNamespace(current_bar=None)

    def load(self) -> None:
        """Execute the file."""
        self._module = _load(self._path)

    def check(self) -> None:
        """Raise ConfigError if it has no function that could be called."""
        if self._function("handle_bar") is None and self._function("handle_data") is None:
            raise ConfigError(f"{self._path} has neither handle_bar(context, bar) nor handle_data(context, data)")

    def initialize(self) -> None:
        """Call it before the first bar."""
        function = self._function("initialize")
        if function is not None:
            function(self.context)

    def handle(self, bar: Bar) -> None:
        """Call it with a bar that was closed."""
        self.context.current_bar = self._data[bar.symbol] = bar
        for name, handed in (("handle_data", self._data), ("handle_bar", bar)):
            function = self._function(name)
            if function is not None:
                function(self.context, handed)

    def _function(self, name: str) -> Any:
        function = getattr(self._module, name, None)
        return function if callable(function) else None


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(_MODULE, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is no Python file")
    folder = str(path.absolute().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # a strategy may be of several files
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module
    spec.loader.exec_module(module)
    return module
