"""A project for a source or a protocol, made of a template under another name.

The templates are whole projects for Acme, in `templates/`; each file has `.txt` behind its name. In all of them the
name is the one that was asked for: `acme`, `acme_…` in modules, `Acme` in classes, `ACME` in the environment.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import keyword
import re
import shlex
from typing import TYPE_CHECKING, Final, Literal

import typer

from wealthsources.model.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

Kind = Literal["source", "protocol"]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST: Final = 30
_SUFFIX: Final = ".txt"
_ACME: Final = re.compile(r"(?<=_)acme|acme(?=_)|acme|Acme|ACME")


def make_project(kind: Kind, name: str, into: Path) -> tuple[Path, list[str]]:
    """Make the project in a new folder of `into`; returns that folder, and the paths of the files in it.

    Raises RequestError, with the remedy, for a name that will not do and where something is in the way.
    """
    check_name(name)
    template = _template(kind)
    files = {_renamed(path, name): _renamed(text, name) for path, text in template.items()}
    _check_modules(name, template, files)
    folder = into / (name if name.endswith(f"-{kind}") else f"{name}-{kind}")
    try:
        folder.mkdir(parents=True)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except FileExistsError as error:
        there = error.filename or folder
        raise RequestError(
            f"{there} is there already, and nothing is overwritten; give another name, or --into another folder"
        ) from None
    except OSError as error:
        raise RequestError(f"{folder} cannot be written: {error.strerror}; give --into a folder of yours") from None
    return folder, sorted(files)


def check_name(name: str) -> None:
    """Raises RequestError for what can be no name of a plugin, a distribution, a module and a class with tests."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST].rstrip("-")
        meant = f"did you mean {near!r}? " if _NAME.fullmatch(near) else ""
        raise RequestError(
            f"{name[:60]!r} is no name for a project; {meant}it has small letters, digits and single dashes, "
            f"{_LONGEST} at most, and begins with a letter"
        )
    if name.startswith("test"):
        raise RequestError(f"{name!r} begins with test, so pytest would take its classes for tests; put a word before")


def say_made(folder: Path, files: list[str]) -> None:
    """Print what was made, and what comes next."""
    typer.echo(f"made {folder}:")
    for path in files:
        typer.echo(f"    {path}")
    typer.echo("\nNext, and then as its README.md says:")
    typer.echo(f"    cd {shlex.quote(str(folder))}\n    pip install -e '.[test]'\n    pytest")


def _template(kind: Kind) -> dict[str, str]:
    """The paths of the template's files, as in the project for Acme, with their text."""
    root = importlib.resources.files("wealthsources.cli") / "templates" / kind
    return {path.removesuffix(_SUFFIX): text for path, text in _files(root, "")}


def _files(folder: Traversable, before: str) -> Iterator[tuple[str, str]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _files(each, f"{before}{each.name}/")
        elif each.name.endswith(_SUFFIX):
            yield before + each.name, each.read_text(encoding="utf-8")


def _renamed(text: str, name: str) -> str:
    under, camel = name.replace("-", "_"), "".join(part.capitalize() for part in name.split("-"))
    words: dict[str, Callable[[re.Match[str]], str]] = {
        "Acme": lambda _: camel,
        "ACME": lambda _: under.upper(),
        "acme": lambda at: under if "_" in (text[at.start() - 1 : at.start()], text[at.end() : at.end() + 1]) else name,
    }
    return _ACME.sub(lambda at: words[at[0]](at), text)


def _check_modules(name: str, template: dict[str, str], files: dict[str, str]) -> None:
    """That no module is hidden by those of the project, and that none of its names is taken in its own code."""
    for path in files:
        module, dot, _ = path.partition(".py")
        if dot and "/" not in module and importlib.util.find_spec(module):
            raise RequestError(
                f"there is a module {module!r} here already; give the project another name than {name!r}"
            )
    text = "\n".join(text for path, text in template.items() if path.endswith(".py"))
    words = set(re.findall(r"\w+", text))
    for word in sorted(words):
        renamed = _renamed(word, name)
        if renamed not in (word, name) and (renamed in words or keyword.iskeyword(renamed)):
            raise RequestError(
                f"{name!r} would call something {renamed}, which is taken in the code; add a word: {name}-feed"
            )
