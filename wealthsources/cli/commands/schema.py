"""`wealthsources schema`: what a config.yaml may say with everything that is installed, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wealthsources.cli.console import say_note
from wealthsources.cli.options import DebugOption, errors_as_codes
from wealthsources.model.errors import ConfigError, RequestError
from wealthsources.model.text import suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PluginOption = Annotated[
    str | None,
    typer.Option("--plugin", metavar="NAME", help="Only what the options of this plugin may be.", show_default=False),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write it there instead of printing it.", show_default=False),
]


def schema(plugin: PluginOption = None, output: OutputOption = None, debug: DebugOption = False) -> None:
    """Print the JSON schema of a configuration: all keys, and the options of every plugin and recorder installed.

    An editor completes and checks a config.yaml by it, whose first line names the file:
    `# yaml-language-server: $schema=config.schema.json`. A plugin that cannot be loaded is left out, and named on
    stderr.
    """
    with errors_as_codes(debug):
        text = json.dumps(_schema(plugin), indent=1, ensure_ascii=False)
        if output is None:
            typer.echo(text)
        else:
            write(output, text + "\n")


def write(path: Path, text: str) -> None:
    """Write a file that this command makes. Raises ConfigError."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}; check the path and its permissions") from error


def whole_schema() -> dict[str, Any]:
    """The schema of a configuration with all that is installed and works; the rest is named on stderr."""
    from wealthsources.config.schema import config_schema  # noqa: PLC0415 - pydantic
    from wealthsources.loading.discovery import installed  # noqa: PLC0415
    from wealthsources.loading.loader import Loader  # noqa: PLC0415 - pluggy
    from wealthsources.loading.recorders import RECORDERS, load_recorder  # noqa: PLC0415

    loader = Loader()
    plugins = _loaded({each.name for each in installed()}, lambda name: loader.load(name).options_model)
    recorders = _loaded({each.name for each in installed(RECORDERS)}, lambda name: _model_of(load_recorder(name, None)))
    return config_schema(plugins, recorders)


def _model_of(recorder: Any) -> Any:
    return recorder.options_model


def _loaded(names: Iterable[str], load: Callable[[str], Any]) -> dict[str, Any]:
    models = {}
    for name in sorted(names):
        try:
            models[name] = load(name)
        except ConfigError as error:
            say_note(f"{name} is left out: {error.brief}")
    return models


def _schema(plugin: str | None) -> dict[str, Any]:
    if plugin is None:
        return whole_schema()
    from wealthsources.config.schema import DRAFT, options_schema  # noqa: PLC0415 - pydantic
    from wealthsources.loading.discovery import installed  # noqa: PLC0415
    from wealthsources.loading.loader import Loader  # noqa: PLC0415 - pluggy

    names = sorted({each.name for each in installed()})
    if plugin not in names:
        raise RequestError(f"no plugin {plugin!r} is installed; {suggest(plugin, names)}")
    return {"$schema": DRAFT, **options_schema(Loader().load(plugin).options_model)}
