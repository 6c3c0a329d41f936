from __future__ import annotations

import pydantic

SOURCES = "sources: [{plugin: context}]\n"


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(refused):
    lines = refused("clock: x\nsources:\n  - plugin: [1]\n    a: 1\n    a: 2\n  - plugin: ${NOT_SET}\nzzz: 1\n")
    assert [line.split(": ")[0:2] for line in lines] == [
        ["config.yaml:1", "clock"],
        ["config.yaml:3", "sources[0].plugin"],
        ["config.yaml:4", "sources[0].a"],
        ["config.yaml:5", "sources[0].a"],
        ["config.yaml:6", "sources[1].plugin"],
        ["config.yaml:7", "zzz"],
    ]


def test_a_flood_of_mistakes_ends_with_their_number(refused):
    lines = refused(SOURCES + "".join(f"key{number}: 1\n" for number in range(80)))
    assert len(lines) == 51
    assert lines[-1] == "config.yaml: and 30 more"


def test_a_mistake_is_told_once_however_often_it_is_made(bad_options):
    class Either(pydantic.BaseModel):
        listed: list[str] | tuple[str, ...] = ()

    assert bad_options("listed: x", Either) == [
        "config.yaml:6: sources[1].options.listed: should be a list, received 'x'"
    ]


def test_a_line_has_an_end(refused):
    (line,) = refused(f"? {'k' * 5000}\n: 1\n" + SOURCES)
    assert len(line) == 1001


def test_a_hostile_key_cannot_write_to_the_terminal(refused):
    (line,) = refused(SOURCES + '"\\e[31m\\nred": 1\n')
    assert "\x1b" not in line
    assert "red: unknown key" in line
