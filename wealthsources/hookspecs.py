"""The contract of a plugin: one entry point that names a module, and one hook in that module.

The entry point stands in the plugin's pyproject.toml; its name is what `plugin:` says in config.yaml. If the module
needs an extra of its distribution, the extra stands behind it in brackets: `mine = "mine.plugin [fast]"`.

    [project.entry-points.wealthsources]
    mine = "mine.plugin"

A package with several sources has an entry point for each. They may name one module, whose hook then calls `register`
once for each. `contract` is the version of this page that a source was written for: CONTRACT below, as a plain number.
One of another version is refused, one that says none is taken to be of this. WEALTHSOURCES_DEBUG_HOOKS=1 in the
environment shows on stderr which hooks are called, and what they register. This is `mine/plugin.py`:

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
        register("mine", MySource, Options, contract=1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import pluggy

if TYPE_CHECKING:
    from pydantic import BaseModel

    from wealthsources.source import Source

PROJECT: Final = "wealthsources"
#: The version of this contract. It changes when a source that was written for it would no longer do.
CONTRACT: Final = 1

hookspec = pluggy.HookspecMarker(PROJECT)
#: Marks a function of a plugin's module as the implementation of a hook.
hookimpl = pluggy.HookimplMarker(PROJECT)


class Register(Protocol):
    """What the hook is given."""

    def __call__(
        self,
        name: str,
        source_class: type[Source],
        options_model: type[BaseModel] | None = None,
        *,
        contract: int = CONTRACT,
    ) -> None:
        """Register a source under `name`, which is the entry point's name. To be called once for each.

        source_class   a concrete subclass of `Source`. Each source of a deployment is `source_class(options)`, or
                       `source_class()` if there is no option to take.
        options_model  checks the `options` of config.yaml and makes `options` of them; declared with extra="forbid".
                       Its validators find the folder where relative paths start in `info.context["folder"]`.
                       None: takes no options.
        """


@hookspec
def wealthsources_register(register: Register) -> None:
    """Called when a configuration names this plugin, before any source is made.

    Do nothing but call `register`: connections, files and threads wait for `Source.start`. What is raised here, or
    while the module is imported, is reported as a ConfigError that names the plugin.
    """
