"""The tests are the same tree as the source: who changes a module finds its tests without looking for them.

    wealthsources/model/rows.py            tests/model/test_rows.py
    wealthsources/source.py                tests/test_source.py
    wealthdata/api/get_price.py            tests/wealthdata/api/test_get_price.py
    plugins/wealthsources_file/cache.py    tests/plugins/file/test_cache.py

More files may stand beside them. `python tests/architecture/test_mirror.py` prints all that is missing or too long.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = ("wealthsources", "wealthdata", "plugins")
#: Modules without a test file of their own: they hold names and doors, and everything else goes through them.
DOORS: Final = ("__init__.py", "__main__.py", "plugin.py")
LONGEST: Final = 700


def mirrored(module: str) -> str:
    """The path of the test file of a module, both from the root of the repository."""
    path = PurePosixPath(module)
    root, *folders = path.parent.parts
    if root == "plugins":
        folders = ["plugins", folders[0].removeprefix("wealthsources_"), *folders[1:]]
    elif root == "wealthdata":
        folders = ["wealthdata", *folders]
    return str(PurePosixPath("tests", *folders, f"test_{path.name}"))


def modules() -> list[str]:
    """All modules of the source that have something to test, from the root of the repository."""
    paths = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    return sorted(
        path.relative_to(ROOT).as_posix()
        for path in paths
        if path.name not in DOORS and not only_types(path.read_text(encoding="utf-8"))
    )


def only_types(source: str) -> bool:
    """Whether a module does nothing: it says what others must be like, in Protocols and other names for types."""
    return all(_is_for_types(node) for node in ast.parse(source).body)


def _is_for_types(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)
    if isinstance(node, ast.Assign):
        return isinstance(node.value, ast.BinOp | ast.Subscript)
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.Import | ast.ImportFrom) or _is_docstring(node)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def missing() -> list[str]:
    """`module -> test file` for every module whose test file is not there."""
    return [f"{module} -> {mirrored(module)}" for module in modules() if not (ROOT / mirrored(module)).exists()]


def too_long() -> list[str]:
    """Test files, and what stands beside them, that nobody reads to the end any more."""
    lengths = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines())
        for path in sorted((ROOT / "tests").rglob("*.py"))
    }
    return [f"{path}: {length} lines; {LONGEST} are enough" for path, length in lengths.items() if length > LONGEST]


def test_every_module_has_a_test_file_at_its_place():
    assert not missing(), "\n" + "\n".join(missing())


def test_no_test_file_is_too_long():
    assert not too_long(), "\n" + "\n".join(too_long())


def test_the_place_of_a_test_file():
    assert mirrored("wealthsources/model/rows.py") == "tests/model/test_rows.py"
    assert mirrored("wealthsources/source.py") == "tests/test_source.py"
    assert mirrored("wealthdata/errors.py") == "tests/wealthdata/test_errors.py"
    assert mirrored("wealthdata/api/get_price.py") == "tests/wealthdata/api/test_get_price.py"
    assert mirrored("plugins/wealthsources_file/cache.py") == "tests/plugins/file/test_cache.py"
    assert (
        mirrored("plugins/wealthsources_websocket/protocols/base.py")
        == "tests/plugins/websocket/protocols/test_base.py"
    )


def test_a_module_that_only_says_what_others_must_be_like_needs_no_test():
    types = '''"""Doc."""\nfrom typing import Protocol\nLog = int | str\nclass A(Protocol):\n    x: int\n'''
    assert only_types(types)
    assert not only_types(types + "LIMIT = 5\n")
    assert not only_types(types + "def work(): ...\n")
    assert not only_types(types + "class B:\n    x: int\n")


if __name__ == "__main__":
    problems = [*missing(), *too_long()]
    print("\n".join(problems))  # noqa: T201
    sys.exit(bool(problems))
