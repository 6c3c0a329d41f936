"""What mkdocs calls while it builds: the pages are put together anew before each build, also while it serves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.docs import pages


def on_config(config: Any) -> Any:
    """The navigation, without pages that nobody has written yet: a test knows which these are."""
    pages.prepare(Path(config.docs_dir))
    config.nav = present(config.nav, Path(config.docs_dir))
    return config


def on_pre_build(config: Any) -> None:
    pages.prepare(Path(config.docs_dir))


def is_english(path: Path) -> bool:
    return not path.name.endswith(pages.CHINESE)


def present(nav: list[Any], folder: Path) -> list[Any]:
    """The entries whose pages are there, and the sections that have any; a pattern stands for all that fit, by name."""
    kept: list[Any] = []
    for entry in nav:
        if isinstance(entry, str) and "*" in entry:
            kept += sorted(path.relative_to(folder).as_posix() for path in folder.glob(entry) if is_english(path))
            continue
        ((title, target),) = entry.items() if isinstance(entry, dict) else [(None, entry)]
        inner = present(target, folder) if isinstance(target, list) else target if (folder / target).exists() else None
        if inner:
            kept.append(inner if title is None else {title: inner})
    return kept
