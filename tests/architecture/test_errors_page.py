"""docs/errors.md has every message of an error of the core, under its class, with a remedy; and a test provokes it."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")

#: Messages whose words no test looks for yet. This list may only get shorter.
UNPROVOKED: set[str] = set()


@pytest.fixture(scope="module")
def messages(script):
    found = script("error_messages").collect()
    assert len(found) > 200
    return found


def rows() -> dict[tuple[str, str], tuple[str, str]]:
    """(when, what to do) of (error, message)."""
    found = {}
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        error = section.partition("\n")[0].strip()
        for message, when, remedy in re.findall(r"^\| `(.+?)` \| (.*) \| (.*) \|$", section, re.MULTILINE):
            assert (error, message) not in found, message
            found[error, message] = when, remedy
    return found


def test_the_page_has_every_message_and_no_other(messages):
    wanted = {(message.error, message.text) for message in messages}
    assert sorted(wanted - set(rows())) == []
    assert sorted(set(rows()) - wanted) == []


def test_every_message_says_when_it_comes_and_what_to_do():
    assert [message for message, told in rows().items() if not all(text.strip() for text in told)] == []


@functools.cache
def said_by_tests() -> str:
    """All texts in the code of the tests but this folder's, as words: those of patterns too."""
    texts = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path.parent != HERE:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            texts += [node.value for node in constants if isinstance(node.value, str)]
    return "\n".join(" " + " ".join(words(text.replace("\\", ""))) + " " for text in texts)


def words(text: str) -> list[str]:
    return re.findall(r"[\w'$-]+", text.replace("`", "'"))


def is_provoked(text: str) -> bool:
    """Whether some test has three words of it that stand together, or all of a piece that is shorter."""
    for piece in text.split("…"):
        part = words(piece)
        length = min(3, len(part))
        windows = (" ".join(part[place : place + length]) for place in range(len(part) - length + 1))
        if length >= 2 and any(f" {window} " in said_by_tests() for window in windows):
            return True
    return False


def test_a_test_provokes_every_message(messages):
    assert {message.text for message in messages if not is_provoked(message.text)} == UNPROVOKED
