"""Puts the pages of the site together: those of docs/, the README and its like, and the reference, made of the code.

    python -m tools.docs.pages [FOLDER]

writes them to `build/pages`, where mkdocs.yml looks for them; a page that is as it was is not written again. What a
page links to outside of docs/ becomes a page too, so that no link leads out of the site. A page without a Chinese twin
is shown in English there, with a note.
"""

from __future__ import annotations

import os
import posixpath
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.docs import commands_page, errors_page, hooks_page, metrics_page, names_page, settings_page

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "build" / "pages"
STYLE = Path(__file__).with_name("style.css")
CHINESE = ".zh-CN.md"
#: What stands beside docs/ and is a page of the site too.
MOVED = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "compat/README.md": "engine-sdk.md",
    "examples/data/README.md": "example-data.md",
}
REFERENCE: dict[str, Callable[[], str]] = {
    "reference/hooks.md": hooks_page.page,
    "reference/wealthsources.md": lambda: names_page.page("wealthsources"),
    "reference/wealthdata.md": lambda: names_page.page("wealthdata"),
    "reference/testing.md": lambda: names_page.page("wealthsources.testing"),
    "reference/configuration.md": settings_page.page,
    "reference/commands.md": commands_page.page,
    "reference/errors.md": errors_page.page,
    "reference/metrics.md": metrics_page.page,
}
HIDDEN = "---\nsearch: {exclude: true}\n"
NOTE = '!!! note "本页尚无中文版，以下为英文原文。"\n'  # noqa: RUF001 - Chinese
_LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
_JOINED = re.compile(r"(?<=[\u3001-\u9fff\uff00-\uffef])\n *(?=[\u3001-\u9fff\uff00-\uffef])")
_FENCE = re.compile(r"^( *)(```|~~~)")
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".sh": "sh", ".json": "json"}


def main() -> None:
    prepare(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGES)


def prepare(folder: Path) -> None:
    """Write all pages, and remove those that are pages no more."""
    pages = with_twins(all_pages())
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    (folder / STYLE.name).write_bytes(STYLE.read_bytes())
    for path in folder.rglob("*.md"):
        if path.relative_to(folder).as_posix() not in pages:
            path.unlink()


def all_pages() -> dict[str, str]:
    """Every page by where it stands in the site, as it is written, and what they link to."""
    places = dict(written())
    linked: dict[str, str] = {}
    pages = {}
    for origin, place in places.items():
        text = (ROOT / origin).read_text(encoding="utf-8")
        pages[place] = for_the_site(text, lambda target, o=origin, p=place: moved(target, o, p, places, linked))
    pages["index.md"] = f"---\nhide: [navigation]\n---\n\n{pages['index.md']}"
    pages |= {place: make() for place, make in REFERENCE.items()}
    pages |= {place: shown(origin) for origin, place in sorted(linked.items())}
    pages = {place: pipes_in_code(text) for place, text in pages.items()}
    return {place: joined(text) if place.endswith(CHINESE) else text for place, text in pages.items()}


def written() -> Iterator[tuple[str, str]]:
    """Each page that somebody wrote: where it is in the repository, and where in the site."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        yield path.relative_to(ROOT).as_posix(), path.relative_to(ROOT / "docs").as_posix()
    for origin, place in MOVED.items():
        yield origin, place
        if (ROOT / origin.replace(".md", CHINESE)).exists():
            yield origin.replace(".md", CHINESE), place.replace(".md", CHINESE)


def with_twins(pages: dict[str, str]) -> dict[str, str]:
    """The pages, and for each that has no Chinese twin one in English."""
    twins = {place.replace(".md", CHINESE): text for place, text in pages.items() if not place.endswith(CHINESE)}
    return {**{place: noted(text) for place, text in twins.items()}, **pages}


def noted(text: str) -> str:
    """The page with the note under its title; a search leads to the English one."""
    text = HIDDEN + text.removeprefix("---\n") if text.startswith("---\n") else f"{HIDDEN}---\n\n{text}"
    return re.sub(r"^(# .*\n)", lambda title: f"{title[1]}\n{NOTE}\n", text, count=1, flags=re.MULTILINE)


# what GitHub reads and Python-Markdown reads otherwise


def for_the_site(text: str, move: Callable[[str], str]) -> str:
    """A page with its links moved, without those to its twin, and with four blanks before what belongs to a list."""
    text = re.sub(r"\s?\(\[中文版?\]\([^)]*\)\)", "", text)
    text = re.sub(r"^\[(中文版?|English|英文版?)\]\([^)]*\)\n+", "", text, flags=re.MULTILINE)
    lines, fence = [], ""
    shift = 0
    blank = True
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip(" "))
        if begun := _FENCE.match(line):
            if not fence:
                shift = 4 - indent if 0 < indent < 4 else 0
            fence = "" if fence else begun[2]
            lines.append(" " * shift + line)
        elif fence:
            lines.append(" " * shift + line if line else line)
        else:
            belongs = 0 < indent < 4 and (blank or re.match(r" +([-*]|[0-9]+\.) ", line))
            lines.append((" " * (4 - indent) if belongs else "") + _LINK.sub(lambda found: move(found[1]), line))
        blank = not line
    return "\n".join(lines) + "\n"


def pipes_in_code(text: str) -> str:
    """The page with `a|b` in a table for what GitHub wants to have as `a\\|b`."""
    return re.sub(
        r"^\|.*",
        lambda row: re.sub(r"`[^`]*`", lambda code: code[0].replace("\\|", "|"), row[0]),
        text,
        flags=re.MULTILINE,
    )


def joined(text: str) -> str:
    """The page without ends of lines between Chinese characters: they would be shown as blanks."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if place % 2 else _JOINED.sub("", part) for place, part in enumerate(parts))


def moved(target: str, origin: str, place: str, places: dict[str, str], linked: dict[str, str]) -> str:
    """Where a link of a page leads in the site; a file that is no page yet is added to `linked`."""
    path, mark, heading = target.partition("#")
    if not path or "://" in path or path.startswith("mailto:"):
        return target
    aim = posixpath.normpath(posixpath.join(posixpath.dirname(origin), path))
    if aim.endswith(CHINESE):
        aim = aim.replace(CHINESE, ".md")
    if aim not in places:
        if (ROOT / aim / "README.md").exists() and f"{aim}/README.md" in places:
            aim = f"{aim}/README.md"
        else:
            places_of_files = linked.setdefault(aim, f"source/{aim.replace('.', '-')}.md")  # .py. would be a language
            return posixpath.relpath(places_of_files, posixpath.dirname(place) or ".") + mark + heading
    return posixpath.relpath(places[aim], posixpath.dirname(place) or ".") + mark + heading


def shown(origin: str) -> str:
    """A file, or a folder of them, as a page."""
    path = ROOT / origin
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file() and is_text(one))
    parts = [f"# {origin}"]
    for one in files:
        if one != path:
            parts.append(f"## {one.relative_to(path).as_posix()}")
        parts.append(f"`````{_LANGUAGES.get(one.suffix, 'text')}\n{one.read_text(encoding='utf-8').rstrip()}\n`````")
    return "\n\n".join(parts) + "\n"


def is_text(path: Path) -> bool:
    return "__pycache__" not in path.parts and path.suffix in {*_LANGUAGES, ".md", ".txt", ""}


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
