"""The hook of a plugin, and the groups of entry points through which packages are found."""

from __future__ import annotations

import inspect
from types import ModuleType

from tools.docs.docstrings import cell, markdown, signature, text_of
from wealthsources import hookspecs

#: Each group: what an entry point of it names, and whose interface says what that has to be.
GROUPS = {
    "wealthsources": ("a module with the hook below", "`wealthsources.Source`"),
    "wealthsources.commands": ("a `typer.Typer` or a click command: a command of `wealthsources`", ""),
    "wealthsources.markets": ("a function that tells the markets of an exchange, for commands that list them", ""),
    "wealthsources.protocols": (
        "the class of a protocol of the live source",
        "`wealthsources_websocket.protocols.base`",
    ),
    "wealthsources.recorders": (
        "the class of a recorder, which takes what live sources bring",
        "`wealthsources.Recorder`",
    ),
    "wealthsources.replays": ("what reads recorded frames of a kind of source again", "`wealthsources.ReplayFrames`"),
}


def hooks(module: ModuleType = hookspecs) -> dict[str, object]:
    """The hooks that are specified, by name."""
    marker = f"{module.PROJECT}_spec"
    return {name: thing for name, thing in vars(module).items() if inspect.isfunction(thing) and hasattr(thing, marker)}


def page() -> str:
    parts = ["# Hooks and entry points", markdown(text_of(hookspecs)), "## Groups of entry points"]
    lines = [f"| `{group}` | {cell(named)} | {interface} |" for group, (named, interface) in GROUPS.items()]
    parts.append("\n".join(["| Group | An entry point names | See |", "|---|---|---|", *lines]))
    for name, thing in hooks().items():
        parts += [f"## {name}", f"```python\n{signature(name, thing)}\n```", markdown(text_of(thing))]
    parts += ["### register", f"```python\n{signature('register', hookspecs.Register.__call__)}\n```"]
    parts.append(markdown(text_of(hookspecs.Register.__call__)))
    return "\n\n".join(parts) + "\n"
