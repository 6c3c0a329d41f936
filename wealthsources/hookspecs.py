"""The contract of a plugin: one entry point that names a module, and one hook in that module.

The entry point stands in the plugin's pyproject.toml; its name is what `plugin:` says in config.yaml. If the module
needs an extra of its distribution, the extra stands behind it in brackets: `mine = "mine.plugin [fast]"`.

    [project.entry-points.wealthsources]
    mine = "mine.plugin"

And this is `mine/plugin.py`:

    import pydantic
    from wealthsources import NotHere, Source, hookimpl

    class Options(pydantic.BaseModel, extra="forbid", frozen=True):
        url: str

    class MySource(Source):
        def __init__(self, options):
            self.url = options.url

        def get_history(self, request):
            raise NotHere(f"{self.url} has no {request.symbol}")

    @hookimpl
    def wealthsources_register(register):
        register("mine", MySource, Options)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import pluggy

if TYPE_CHECKING:
    from pydantic import BaseModel

    from wealthsources.source import Source

PROJECT: Final = "wealthsources"

hookspec = pluggy.HookspecMarker(PROJECT)
#: Marks a function of a plugin's module as the implementation of a hook.
hookimpl = pluggy.HookimplMarker(PROJECT)


class Register(Protocol):
    """What the hook is given."""

    def __call__(self, name: str, source_class: type[Source], options_model: type[BaseModel] | None = None) -> None:
        """Register a source under `name`, which is the entry point's name. To be called exactly once.

        source_class   a concrete subclass of `Source`. Each source of a deployment is `source_class(options)`, or
                       `source_class()` if there is no option to take.
        options_model  checks the `options` of config.yaml and makes `options` of them; declared with extra="forbid".
                       Its validators find the folder where relative paths start in `info.context["folder"]`.
                       None: takes no options.
        """


@hookspec
def wealthsources_register(register: Register) -> None:
    """Called once, when a configuration names this plugin and before any source is made.

    Do nothing but call `register`: connections, files and threads wait for `Source.start`. What is raised here, or
    while the module is imported, is reported as a ConfigError that names the plugin.
    """
