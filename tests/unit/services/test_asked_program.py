"""Programs beside the app are let go when nobody asks, and no question is lost over that."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from webtune_tui.domain.errors import InternalFault
from webtune_tui.services.asked_program import AskedProgram
from webtune_tui.services.token_child import ChildCounter

MODULE = "tests.unit.services.echo_program"
Begin = Callable[[float], AskedProgram]


@pytest.fixture
async def begin() -> AsyncIterator[Begin]:
    """Begins programs that are let go after so many idle seconds."""
    begun: list[AskedProgram] = []

    def one(idle_seconds: float) -> AskedProgram:
        begun.append(AskedProgram(MODULE, {}, idle_seconds=idle_seconds))
        return begun[-1]

    yield one
    for program in begun:
        await program.aclose()


async def ended(pid: int) -> None:
    """Waits until a program of this process has ended, whoever is told of it."""
    with contextlib.suppress(ChildProcessError):
        await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)


async def test_an_idle_program_ends_and_the_next_question_starts_another(begin: Begin) -> None:
    program = begin(0.01)
    first, _ = await program.ask({"said": 1})
    await ended(first)
    assert program.pid is None
    second, question = await program.ask({"said": 2})
    assert second != first and question["said"] == 2


async def test_a_program_that_is_asked_again_in_time_stays(begin: Begin) -> None:
    program = begin(60)
    pids = {(await program.ask({"said": number}))[0] for number in range(5)}
    assert len(pids) == 1


async def test_no_question_is_lost_while_programs_come_and_go(begin: Begin) -> None:
    program = begin(0)
    for round_ in range(4):
        answers = await asyncio.gather(*(program.ask({"said": [round_, number]}) for number in range(8)))
        assert [question["said"] for _, question in answers] == [[round_, number] for number in range(8)]


async def test_the_end_of_an_old_program_fails_no_question_to_the_new_one(begin: Begin) -> None:
    program = begin(60)
    await program.ask({})
    program._let_go()
    assert (await program.ask({"said": 1}))[1]["said"] == 1


@pytest.mark.parametrize("fault", ["end", "odd"])
async def test_a_program_that_fails_is_told_and_the_next_question_is_answered(begin: Begin, fault: str) -> None:
    program = begin(60)
    with pytest.raises(InternalFault):
        await program.ask({fault: True})
    assert (await program.ask({"said": 1}))[1]["said"] == 1


async def test_an_idle_token_counter_ends_by_itself_and_counts_again() -> None:
    async with counter(0.01) as counting:
        assert await asyncio.to_thread(counting.count, ["one two"]) == [2]
        first = counting.pid
        assert first is not None
        await ended(first)
        assert await asyncio.to_thread(counting.count, ["one two three"]) == [3]
        assert counting.pid != first


@contextlib.asynccontextmanager
async def counter(idle_seconds: float) -> AsyncIterator[ChildCounter]:
    counting = ChildCounter("", Path("unused"), idle_seconds=idle_seconds)
    try:
        yield counting
    finally:
        await asyncio.to_thread(counting.close)
