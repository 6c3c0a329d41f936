"""What the commands read: a deployment by its configuration, with a replay in it, from when to when."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from wealthsources import Session
    from wealthsources_replay.options import ReplayOptions

_VARIABLE: Final = "WEALTHSOURCES_CONFIG"
_DEFAULT: Final = "config.yaml"

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="PATH", show_default=False, help=f"The deployment. Default: ${_VARIABLE}, else {_DEFAULT}."
    ),
]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="UTC, as 2027-01-15T08:00.", show_default=False)
]
ToOption = Annotated[str | None, typer.Option("--to", metavar="TIME", help="And before then.", show_default=False)]


def open_deployment(config: Path | None, what: str) -> Session:
    """The session of the configuration that is meant, not started. `what` it says that is needed.

    Raises ConfigError.
    """
    import wealthsources  # noqa: PLC0415 - not for --help

    path = config or Path(os.environ.get(_VARIABLE) or _DEFAULT)
    if not path.exists():
        raise wealthsources.ConfigError(
            f"there is no configuration {path}, which would say {what}; name one with --config"
        )
    return wealthsources.open(path)


def with_sources(session: Session, sources: list[dict[str, Any]], **changes: Any) -> Session:
    """Another session of the same deployment, with these sources in place of its own, and nothing recorded."""
    import wealthsources  # noqa: PLC0415 - not for --help

    base = session.config
    said = base.settings.model_dump(exclude_unset=True, exclude={"recorder", "sources", "plugins"}) | changes
    if base.settings.plugins.allow is not None:  # who types the command has allowed it
        said["plugins"] = {"allow": [*base.settings.plugins.allow, "replay"]}
    kept = [{name: value for name, value in source.items() if name != "keep"} for source in sources]
    return wealthsources.Session(base.from_mapping(said | {"sources": kept}, base.folder, base.where))


def open_replay(options: ReplayOptions, config: Path | None) -> Session:
    """A session that plays this by steps. With `bars`, the source that has them is that of the configuration.

    It follows the replay: older bars come from there too. Other sources take no part. Raises ConfigError.
    """
    import wealthsources  # noqa: PLC0415 - not for --help

    if options.bars is None:
        return wealthsources.open({"clock": "feed", "sources": [options.as_source()]})
    session = open_deployment(config, f"what {options.bars} is")
    settings = session.config.settings
    wanted = [source.model_dump(exclude_unset=True) for source in settings.sources if source.name == options.bars]
    if not wanted:
        known = ", ".join(source.name for source in settings.sources)
        raise wealthsources.ConfigError(f"{session.config.where} has no source {options.bars!r}; it has: {known}")
    return with_sources(session, [options.as_source(), *wanted], clock="feed")
