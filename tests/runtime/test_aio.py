"""A session for programs that run on asyncio: the same answers, and a loop that nothing holds up."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading

import pytest

import wealthsources
from wealthsources import AllSourcesFailed, ConfigError, RequestError, WealthSourcesError, current_session

from ..support.bars import at
from ..support.forking import fork
from ..support.loops import run, turns, until
from ..support.waiting import nothing_left_behind
from .conftest import PLUGIN


@pytest.fixture(autouse=True)
def _zmine(distribution):
    distribution(zmine_module=PLUGIN)
    yield
    for source in made():
        source.release.set()


def made() -> list:
    import zmine_module

    return zmine_module.MADE


def chain(*options: dict, **settings) -> dict:
    named = [{"name": f"s{place}", "plugin": "zmine", "options": each} for place, each in enumerate(options)]
    return {"sources": named, "on_stale": "mark", **settings}


def opened(*options: dict):
    return wealthsources.aopen(chain(*options))


# life ----------------------------------------------------------------------------------------------------------


def test_it_opens_answers_and_leaves_nothing_behind():
    async def main():
        async with opened({"live": True}, {"bars": 9, "blocking": True}) as session:
            assert current_session() is session.sync
            bars = await session.get_history("X", 3, "1h")
            assert (len(bars), bars.sources[-1]) == (3, "s1")
            async with session.stream():
                pass
        assert current_session() is None

    with nothing_left_behind():
        run(main)
    assert [source.calls for source in made()] == [["start", "stop"]] * 2


def test_it_answers_as_a_synchronous_session_does():
    def plain(explanation):
        attempts = [attempt._replace(elapsed=0.0) for attempt in explanation.attempts]
        return attempts, None if explanation.bars is None else explanation.bars.rows.tobytes()

    async def main():
        async with opened({"bars": 2, "first": 7}, {"bars": 9, "blocking": True}) as session:
            adapter = session.sync.adapter(mode="live")
            for arguments in ({"count": 2}, {"count": 5}, {"start": at(1)}):
                answer = plain(await session.explain("X", **arguments))
                assert answer == plain(adapter.explain("X", **arguments))
                bars = await session.get_history("X", **arguments)
                assert bars.rows.tobytes() == adapter.get_history("X", **arguments).rows.tobytes()
            assert await session.get_all_symbols() == adapter.get_all_symbols() == ["X"]
            assert [await session.knows_symbol(name) for name in ("X", "Y")] == [True, adapter.knows_symbol("Y")]
            assert session.status().clock == "system"

    run(main)


def test_its_errors_are_those_of_the_synchronous_one():
    async def main():
        async with opened({"fail": "ask", "blocking": True}) as session:
            for _ in range(2):
                with pytest.raises(RequestError, match="give either count or start"):
                    await session.get_history("X")
                with pytest.raises(AllSourcesFailed, match="no disk"):
                    await session.get_history("X", 3)
            with pytest.raises(AllSourcesFailed):
                await session.latest_price("X")

    run(main)


def test_mistakes_of_the_configuration_are_told_on_entry(tmp_path):
    async def main():
        for config, told in (
            ({"sources": [{"plugin": "zmine", "options": {"fial": 1}}]}, "fial"),
            (tmp_path / "none.yaml", "no such file"),
            (chain({"fail": "start"}), "did not start"),
        ):
            session = wealthsources.aopen(config)
            with pytest.raises(ConfigError, match=told):
                await session.__aenter__()
            assert repr(session) == "<AsyncSession: closed>"

    with nothing_left_behind():
        run(main)


def test_the_loop_goes_on_while_a_session_opens_and_closes():
    async def ticks_until(done: asyncio.Future) -> int:
        count = 0
        while count < 20 and not done.done():
            count += 1
            await asyncio.sleep(0.001)
        return count

    async def main():
        session = opened({"slow": True, "hang": True})
        opening = asyncio.ensure_future(session.__aenter__())
        await until(lambda: made() and made()[0].starting.is_set())
        assert await ticks_until(opening) == 20
        source = made()[0]
        source.release.set()
        await opening
        source.release.clear()
        closing = asyncio.ensure_future(session.aclose())
        assert await ticks_until(closing) == 20
        source.release.set()
        await closing
        assert source.calls == ["start", "stop"]

    run(main)


def test_whoever_is_cancelled_while_it_opens_leaves_nothing_open():
    async def main():
        opening = asyncio.ensure_future(opened({"slow": True}).__aenter__())
        await until(lambda: made() and made()[0].starting.is_set())
        opening.cancel()
        await asyncio.wait([opening])
        assert opening.cancelled()
        made()[0].release.set()

    with nothing_left_behind():
        run(main)
    assert "start" in made()[0].calls
    assert made()[0].calls[-1] == "stop"
    assert current_session() is None


def test_whoever_is_cancelled_while_it_closes_has_it_closed_all_the_same():
    async def main():
        session = await opened({"hang": True}).__aenter__()
        closing = asyncio.ensure_future(session.aclose())
        await until(lambda: "stop" in made()[0].calls)
        closing.cancel()
        await asyncio.wait([closing])
        assert closing.cancelled()
        made()[0].release.set()
        await session.aclose()

    with nothing_left_behind():
        run(main)


def test_it_is_opened_once():
    async def main():
        async with opened({}) as session:
            with pytest.raises(WealthSourcesError, match="has been open before"):
                await session.__aenter__()
        with pytest.raises(WealthSourcesError, match="has been open before"):
            await session.__aenter__()
        await session.aclose()

    run(main)


def test_one_that_is_not_open_or_has_been_closed_says_so():
    async def main():
        session = opened({})
        assert repr(session) == "<AsyncSession: not open yet>"
        for call in (session.stream, session.status, lambda: session.sync):
            with pytest.raises(WealthSourcesError, match="is not open: use it in an async with statement"):
                call()
        with pytest.raises(WealthSourcesError, match="is not open"):
            await session.get_history("X", 3)
        async with session:
            assert repr(session) == "<AsyncSession: <Session: open, clock system, s0>>"
        with pytest.raises(WealthSourcesError, match="has been closed"):
            await session.get_history("X", 3)
        with pytest.raises(WealthSourcesError, match="has been closed"):
            session.stream()
        unused = opened({})
        await unused.aclose()
        with pytest.raises(WealthSourcesError, match="has been open before"):
            await unused.__aenter__()

    run(main)


# threads -------------------------------------------------------------------------------------------------------


def test_what_is_in_memory_needs_no_thread_and_what_is_not_needs_few():
    threads = []

    async def main():
        async with opened({"bars": 5}, {"bars": 9, "blocking": True}) as session:
            session.sync.observe(lambda _: threads.append(threading.current_thread().name))
            for _ in range(4):
                await session.get_history("X", 3, end=at(5))
            assert threads == ["wealthsources-asyncio-1"] + ["MainThread"] * 3, "the first starts the live sources"
            await asyncio.gather(*(session.get_history("X", 8) for _ in range(100)))
            assert {name.rpartition("-")[0] for name in threads[4:]} == {"wealthsources-asyncio"}
            assert len(set(threads[4:])) <= 8

    run(main)


def test_a_source_that_hangs_holds_up_no_answer_from_memory():
    async def main():
        async with opened({"bars": 5}, {"blocking": True, "fail": "hang"}) as session:
            await session.get_history("X", 3, end=at(5))
            waiting = [asyncio.ensure_future(session.get_history("X", 30)) for _ in range(20)]
            await until(lambda: made()[1].asked)
            assert len(await session.get_history("X", 3, end=at(5))) == 3
            assert not any(each.done() for each in waiting)
            made()[1].release.set()
            assert {len(bars) for bars in await asyncio.gather(*waiting)} == {5}

    run(main)


def test_a_question_that_is_cancelled_before_its_turn_is_never_asked():
    async def main():
        async with opened({"blocking": True, "fail": "hang"}) as session:
            waiting = [asyncio.ensure_future(session.get_history("X", 3)) for _ in range(8)]
            await until(lambda: made()[0].asked)
            late = asyncio.ensure_future(session.get_history("LATE", 3))
            await turns()
            late.cancel()
            waiting[0].cancel()  # under way: it ends by itself, and nobody hears of it
            await asyncio.wait([late, waiting[0]])
            made()[0].release.set()
            await asyncio.gather(*waiting, return_exceptions=True)
            with pytest.raises(AllSourcesFailed):
                await session.get_history("NEXT", 3)
        asked = {request.symbol for request in made()[0].requests}
        assert asked == {"X", "NEXT"}

    run(main)


def test_somebody_who_asks_again_and_again_leaves_others_their_turn():
    async def main():
        async with opened({"bars": 5}) as session:
            await session.get_history("X", 3)
            other = asyncio.ensure_future(turns(5))
            for _ in range(20):
                await session.get_history("X", 3)
            assert other.done()

    run(main)


def test_a_question_is_asked_with_the_context_variables_of_who_asks():
    request_id = contextvars.ContextVar("request_id", default="")
    seen = []

    async def main():
        async with opened({"bars": 5, "blocking": True}) as session:
            session.sync.observe(lambda _: seen.append(request_id.get()))
            request_id.set("mine")
            await session.get_history("X", 3)

    run(main)
    assert seen == ["mine"]


# whose it is ---------------------------------------------------------------------------------------------------


def test_another_loop_and_no_loop_are_refused_with_the_reason():
    async def elsewhere(session, stream):
        with pytest.raises(WealthSourcesError, match="belongs to another event loop"):
            await session.get_history("X", 3)
        with pytest.raises(WealthSourcesError, match="belongs to another event loop"):
            await anext(stream)

    async def main():
        async with opened({"live": True}) as session:
            await asyncio.to_thread(asyncio.run, elsewhere(session, session.stream()))
            with pytest.raises(WealthSourcesError, match="needs a running event loop of asyncio"):
                await asyncio.to_thread(session.stream)

    run(main)


def test_a_forked_child_is_told_whose_session_it_is():
    async def main():
        async with opened({"live": True}) as session:
            stream = session.stream()
            child = fork()
            if not child:
                os._exit(_is_refused(session, stream))
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert await session.get_all_symbols() == ["X"], "the parent goes on"

    run(main)


def _is_refused(session, stream) -> int:
    """0 if the child of a fork is told the reason."""
    for ask in (session.get_history("X", 3).send, stream.__anext__().send):
        try:
            ask(None)
        except WealthSourcesError as error:
            if f"belongs to process {os.getppid()}, which opened it" not in str(error):
                return 2
        else:
            return 1
    return 0


def test_it_runs_on_another_make_of_loop_too():
    uvloop = pytest.importorskip("uvloop")

    async def main():
        async with opened({"live": True}, {"bars": 9, "blocking": True}) as session, session.stream() as stream:
            host = session.sync.source("s0").host
            host.emit(wealthsources.Event("state", "s0", state="connected"))
            assert (await anext(stream)).state == "connected"
            assert len(await session.get_history("X", 3)) == 3

    run(main, loop_factory=uvloop.new_event_loop)
