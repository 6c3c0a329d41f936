"""Event loops for tests of what runs on asyncio."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


def run(main: Callable[[], Coroutine[Any, Any, _T]], timeout: float = 60.0, **options: Any) -> _T:
    """What `main()` returns in a loop of its own. Fails if that leaves a task, or a failure that nobody looked at."""
    troubles: list[dict[str, Any]] = []

    async def watched() -> _T:
        asyncio.get_running_loop().set_exception_handler(lambda _, trouble: troubles.append(trouble))
        async with asyncio.timeout(timeout):
            answer = await main()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return answer

    with asyncio.Runner(**options) as runner:
        answer = runner.run(watched())
    gc.collect()  # of a future that is thrown away it is told then
    assert troubles == []
    return answer


async def until(condition: Callable[[], object], what: str = "what the test waits for", timeout: float = 30.0) -> None:
    """Return as soon as `condition()` is true, and let others have their turn meanwhile."""
    try:
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise AssertionError(f"{what} did not come") from None


async def turns(count: int = 20) -> None:
    """Let everybody else have so many turns."""
    for _ in range(count):
        await asyncio.sleep(0)
