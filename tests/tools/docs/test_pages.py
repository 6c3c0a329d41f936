"""The pages of the site: links stay in it, each page has a place, and it is built without a warning or a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.docs import mkdocs_hooks, pages

ROOT = Path(__file__).resolve().parents[3]
DECISION = "docs/decisions/004-our-own-loop.md"
#: Pages that have their place in the navigation before they are written.
AWAITED: set[str] = set()


class Loader(yaml.SafeLoader):
    """Of mkdocs.yml, which names a function."""


Loader.add_multi_constructor("!!python/", lambda *_: None)
Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
SITE: dict[str, Any] = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)


def listed(nav: list[Any]) -> list[str]:
    found = []
    for entry in nav:
        target = next(iter(entry.values())) if isinstance(entry, dict) else entry
        found += listed(target) if isinstance(target, list) else [target]
    return found


def test_every_page_has_a_place_in_the_navigation():
    """A page that is new is added to `nav` of mkdocs.yml."""
    places = {place for _, place in pages.written() if not place.endswith(pages.CHINESE)} | set(pages.REFERENCE)
    nav = listed(SITE["nav"])
    in_nav = mkdocs_hooks.present([name for name in nav if "*" in name], ROOT / "docs")
    in_nav += [name for name in nav if "*" not in name]
    assert places - set(in_nav) == set()
    assert set(in_nav) - places <= AWAITED
    assert len(in_nav) == len(set(in_nav))


def test_pages_that_nobody_has_written_yet_are_left_out_of_the_navigation(tmp_path):
    (tmp_path / "a.md").touch()
    (tmp_path / "a.zh-CN.md").touch()
    nav = [{"Home": "a.md"}, {"More": ["a.md", "b.md", {"Named": "b.md"}]}, {"None": ["b.md"]}, {"All": ["*.md"]}]
    assert mkdocs_hooks.present(nav, tmp_path) == [{"Home": "a.md"}, {"More": ["a.md"]}, {"All": ["a.md"]}]


@pytest.mark.parametrize(
    ("target", "origin", "place", "leads_to"),
    [
        ("docs/store.md#the-rules", "README.md", "index.md", "store.md#the-rules"),
        ("../CONTRIBUTING.md#tests", "docs/architecture.md", "architecture.md", "contributing.md#tests"),
        ("../websocket-client-quirks.md", DECISION, "decisions/004-our-own-loop.md", "../websocket-client-quirks.md"),
        ("docs/decisions/", "README.md", "index.md", "decisions/README.md"),
        ("docs/exchanges.zh-CN.md", "README.md", "index.md", "exchanges.md"),
        ("../examples/engine.py", "docs/strategies.md", "strategies.md", "source/examples/engine-py.md"),
        ("#here", "README.md", "index.md", "#here"),
    ],
)
def test_a_link_leads_to_the_page_of_what_it_names(target, origin, place, leads_to):
    linked: dict[str, str] = {}
    assert pages.moved(target, origin, place, dict(pages.written()), linked) == leads_to
    assert list(linked.values()) == [leads_to] * leads_to.startswith("source/")


def test_links_in_code_are_left_alone_and_lists_are_indented_as_python_markdown_wants_it():
    text = "# T\n\n1. one [a](b)\n\n   more\n\n   ```sh\n   x [a](b)\n   ```\n\n"
    text += "[English](x.md)\n\nsee ([中文](y.zh-CN.md)).\n"
    assert pages.for_the_site(text, str.upper) == (
        "# T\n\n1. one [a](B)\n\n    more\n\n    ```sh\n    x [a](b)\n    ```\n\nsee.\n"
    )


def test_a_page_without_a_twin_is_shown_in_english_with_a_note():
    made = pages.with_twins({"a.md": "# A\n\ntext\n", "b.md": "# B\n", "b.zh-CN.md": "# 乙\n"})
    assert made["a.zh-CN.md"] == f"{pages.HIDDEN}---\n\n# A\n\n{pages.NOTE}\n\ntext\n"
    assert made["b.zh-CN.md"] == "# 乙\n"


def test_lines_of_chinese_are_joined_without_a_blank_but_not_in_code():
    text = "# 题\n\n行情\n数据。\n下一行\nAPI\n\n```sh\n一\n二\n```\n"
    assert pages.joined(text) == "# 题\n\n行情数据。下一行\nAPI\n\n```sh\n一\n二\n```\n"


def test_a_pipe_in_code_needs_no_backslash_here():
    assert pages.pipes_in_code("| `a\\|b` | c \\| d |\n`e\\|f`") == "| `a|b` | c \\| d |\n`e\\|f`"


def test_a_file_that_is_linked_is_shown_whole():
    text = pages.shown("examples/double_mean.py")
    assert text.startswith("# examples/double_mean.py\n\n`````python\n")
    assert (ROOT / "examples/double_mean.py").read_text(encoding="utf-8").rstrip() in text
    assert "## acme_source.py" in pages.shown("examples/acme_source")


def test_a_site_is_built_in_both_languages_and_asks_no_other_host(tmp_path, monkeypatch):
    """With few pages; `make docs` builds all of them."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    folder = tmp_path / "pages"
    few = {
        "index.md": "# Home\n\nSee [metrics](metrics.md).\n",
        "metrics.md": pages.REFERENCE["reference/metrics.md"](),
    }
    monkeypatch.setattr(pages, "all_pages", lambda: few)
    folder.mkdir()
    config = load_config(
        str(ROOT / "mkdocs.yml"), docs_dir=str(folder), site_dir=str(tmp_path / "site"), nav=["index.md", "metrics.md"]
    )
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    html = {path: path.read_text(encoding="utf-8") for path in (tmp_path / "site").rglob("*.html")}
    assert {"index.html", "zh-CN/metrics.html"} <= {path.relative_to(tmp_path / "site").as_posix() for path in html}
    assert "本页尚无中文版" in html[tmp_path / "site/zh-CN/metrics.html"]
    assert 'lang="zh"' in html[tmp_path / "site/zh-CN/metrics.html"]
    loaded = [address for text in html.values() for address in re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', text)]
    assert loaded == []
    styles = [path.read_text(encoding="utf-8") for path in (tmp_path / "site").rglob("*.css")]
    assert not any(re.search(r"url\([\"']?(https?:)?//", text) for text in styles)
