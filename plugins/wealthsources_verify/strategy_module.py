"""A strategy's file as a module: loaded afresh for every run, so that nothing of one run is left for the next."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import CodeType, FrameType, ModuleType, TracebackType

#: The name of the strategy's module while it runs.
MODULE: Final = "_verified_strategy"

#: What a strategy writes, for functions that it calls by other means than their names.
_CALLED: Final = {"ChainHistory.__call__": "context.history", "CurrentData.__getitem__": "get_current_data"}


class Strategy:
    """A context manager around one run: on entry the file's folder can be imported from, on exit all of it is undone.

    No compiled files are written beside the strategy's own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.module: ModuleType | None = None
        self._folder = str(self.path.parent)
        self._before: frozenset[str] = frozenset()
        self._wrote = sys.dont_write_bytecode

    def __enter__(self) -> Strategy:
        self._before = frozenset(map(_root, sys.modules))
        self._wrote, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        sys.path.insert(0, self._folder)
        importlib.invalidate_caches()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, module in list(sys.modules.items()):
            if _root(name) not in self._before and self._holds(str(getattr(module, "__file__", None))):
                del sys.modules[name]
        sys.modules.pop(MODULE, None)
        if self._folder in sys.path:
            sys.path.remove(self._folder)
        sys.dont_write_bytecode = self._wrote

    def load(self) -> None:
        """Execute the file. Whatever that raises is raised here."""
        loader = importlib.machinery.SourceFileLoader(MODULE, str(self.path))
        spec = importlib.util.spec_from_loader(MODULE, loader)
        if spec is None:
            raise ImportError(f"{self.path} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        sys.modules[MODULE] = module
        loader.exec_module(module)
        self.module = module

    def handler(self, name: str) -> Any:
        """The strategy's function of that name, None if it has none."""
        function = getattr(self.module, name, None)
        return function if callable(function) else None

    def values(self) -> dict[str, object]:
        """What its module holds, but for what begins with two underscores."""
        return {name: value for name, value in vars(self.module).items() if name[:2] != "__"} if self.module else {}

    # places ----------------------------------------------------------------------------------------------------

    def caller(self, frame: FrameType | None) -> tuple[str, str]:
        """Of the stack from `frame` outwards: the function that the strategy called, and where, as "strategy.py:9"."""
        called = known = ""
        while frame is not None:
            code = frame.f_code
            if self._is_own(frame.f_globals):
                return known or called, _place(code, frame.f_lineno)
            known = _CALLED.get(code.co_qualname, known)
            if code.co_name[0] != "_" or not called:
                called = code.co_name
            frame = frame.f_back
        return known or called, ""

    def place(self, error: BaseException) -> str:
        """Where in the strategy's own code an error arose; what has no such place is placed at the file."""
        if isinstance(error, SyntaxError) and error.filename:
            return f"{Path(error.filename).name}:{error.lineno}"
        frames = [
            (frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if self._is_own(frame.f_globals)
        ]
        if not frames:
            return self.path.name
        frame, line = frames[-1]
        return _place(frame.f_code, line)

    def _is_own(self, names: dict[str, Any]) -> bool:
        name = str(names.get("__name__", ""))
        if name == MODULE:
            return True
        # By the name first: it is looked up at every call, and nearly all are not the strategy's.
        return _root(name) not in self._before and self._holds(str(names.get("__file__")))

    def _holds(self, file: str) -> bool:
        """Whether a file is one of the strategy's, and not of something that is installed beneath its folder."""
        inside = self._folder + os.sep
        return file.startswith(inside) and "site-packages" not in file[len(inside) :]


def _place(code: CodeType, line: int) -> str:
    return f"{Path(code.co_filename).name}:{line}"


def _root(module: str) -> str:
    return module.partition(".")[0]
