"""Runs the cases of a contract without a test file: for `wealthsources check-source`, and for the tests of the kit."""

from __future__ import annotations

import contextlib
import inspect
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest

from wealthsources.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from wealthsources.model.bars import Bars
    from wealthsources.source import Source
    from wealthsources.testing.hooks import SourceHooks
    from wealthsources.testing.ready import Ready

_CASE = re.compile(r"test_([a-z][0-9]{2})_(.+)")


class Outcome(NamedTuple):
    """How one case went. `said` is why it was skipped, or what failed."""

    number: str
    title: str
    result: Literal["ok", "skipped", "failed"]
    said: str = ""


def cases_of(kit: type) -> dict[str, str]:
    """The cases of a contract in their order: "S01" -> the name of its method."""
    found = {match[1].upper(): name for name in dir(kit) if (match := _CASE.fullmatch(name))}
    return dict(sorted(found.items()))


def run_cases(kit: object, makers: Mapping[str, Callable[..., object]]) -> Iterator[Outcome]:
    """Run each case of `kit` with what it takes: `makers` has it by name, and may take others of them by theirs.

    A maker that is a generator function is ended when the case is over, as a fixture is.
    """
    for number, name in cases_of(type(kit)).items():
        yield Outcome(number, _title(name), *_run(getattr(kit, name), makers))


def source_makers(kit: SourceHooks, make: Callable[[], Source], held: Bars) -> dict[str, Callable[..., object]]:
    """What the cases of `SourceContract` take, for a source that `make` makes."""

    def ready(source: Source, held: Bars) -> Iterator[Ready]:
        with kit.at_work(source, held) as ready:
            yield ready

    return {
        "source": make,
        "held": lambda: held,
        "ready": ready,
        "failing": lambda: None,
        "stalled": lambda: None,
    }


def _title(name: str) -> str:
    return name[len("test_s01_") :].replace("_", " ")


def _run(
    case: Callable[..., None], makers: Mapping[str, Callable[..., object]]
) -> tuple[Literal["ok", "skipped", "failed"], str]:
    try:
        with contextlib.ExitStack() as stack:
            case(**_made(case, makers, {}, stack))
    except pytest.skip.Exception as reason:
        return "skipped", _plain(str(reason))
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - of whatever a stranger's code died
        told = isinstance(error, AssertionError | pytest.fail.Exception)
        return "failed", str(error) if told else f"{type(error).__name__}: {one_line(str(error))}"
    return "ok", ""


def _plain(text: str) -> str:
    """Without the number of the case, which stands beside it."""
    return re.sub(r"^[A-Z][0-9]{2}: ", "", text)


def _made(
    wanted: Callable[..., object],
    makers: Mapping[str, Callable[..., object]],
    made: dict[str, object],
    stack: contextlib.ExitStack,
) -> dict[str, object]:
    """What a case or a maker takes. Each thing is made once for a case."""
    names = [name for name, one in inspect.signature(wanted).parameters.items() if one.default is one.empty]
    for name in names:
        if name in made:
            continue
        maker = makers[name]
        taken = _made(maker, makers, made, stack)
        if inspect.isgeneratorfunction(maker):
            running = maker(**taken)
            made[name] = next(running)
            stack.callback(next, running, None)
        else:
            made[name] = maker(**taken)
    return {name: made[name] for name in names}
