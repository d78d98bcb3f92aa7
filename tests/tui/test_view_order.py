"""A viewed file in another order, and the rows of a bar of its statistics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.tui.test_shell import on_screen
from tests.tui.test_view_file import chat, screen_of, status, until, viewing, write
from textual.pilot import Pilot
from textual.widgets import Input

from webtune_tui.services import file_sorting
from webtune_tui.settings import Settings
from webtune_tui.tui.modals.pick_sort import PickSort
from webtune_tui.tui.viewing import screen as screen_module
from webtune_tui.tui.viewing.app import ViewingApp
from webtune_tui.tui.viewing.statistics import FileStatistics

ROWS = 400


def rows() -> list[str]:
    """Rows whose sizes grow up to the middle of the file and fall behind it; some are refused."""
    made = [chat(f"Question {n}?", "word " * min(n, ROWS - n)) for n in range(ROWS)]
    made[7] = "{broken"
    made[50] = chat("Who?", "A needle.", role="robot")
    made[300] = chat("Who else?", "Another needle, and a longer row.", role="robot")
    return made


@asynccontextmanager
async def late_viewing(file: Path) -> AsyncIterator[tuple[ViewingApp, Pilot[int]]]:
    """A file whose rows are not counted yet."""
    app = ViewingApp(file.parent / "workspace", Settings(), file)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(app, lambda: "Question 0?" in on_screen(app))
        yield app, pilot


def numbers(app: ViewingApp, count: int = 5) -> list[str]:
    """The numbers of the rows in sight."""
    table = screen_of(app).table
    return [table.label(row) for row in list(table.visible_rows)[:count]]


async def sort_by(app: ViewingApp, pilot: Pilot[int], *keys: str) -> None:
    await pilot.press("s")
    await until(app, lambda: isinstance(app.screen, PickSort))
    await pilot.press(*keys)
    await until(app, lambda: not isinstance(app.screen, PickSort))
    await until(app, lambda: not screen_of(app).ordering.is_running)


def sorted_numbers(given: list[str], key: Callable[[str], object], *, falls: bool = False) -> list[str]:
    order = sorted(range(len(given)), key=lambda number: (key(given[number]), number), reverse=falls)  # type: ignore[operator]
    return [f"{number + 1:,}" for number in order]


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.slow)])
async def test_rows_are_sorted_by_their_bytes_and_keep_the_numbers_of_the_file(
    size: tuple[int, int], tmp_path: Path
) -> None:
    given = rows()
    async with viewing(write(tmp_path, given), size) as (app, pilot):
        await sort_by(app, pilot, "down", "down", "enter")
        expected = sorted_numbers(given, len, falls=True)
        await until(app, lambda: numbers(app) == expected[:5])
        assert "bytes↓" in on_screen(app)
        assert "largest first" in status(app)
        await sort_by(app, pilot, "s")
        await until(app, lambda: numbers(app) == expected[::-1][:5])
        assert "bytes↑" in on_screen(app)
        await pilot.press("G")
        await until(app, lambda: screen_of(app).table.label(screen_of(app).table.cursor) == expected[0])
        await pilot.press("colon", *"123", "enter")
        await until(app, lambda: screen_of(app).table.label(screen_of(app).table.cursor) == "123")
        await pilot.press("r", "enter")
        await until(app, lambda: "Question 122?" in screen_of(app).detail.plain_text)
        assert not screen_of(app).detail.plain_text.startswith("#123")
        await pilot.press("r")
        await until(app, lambda: screen_of(app).detail.plain_text.startswith("#123"))
        await pilot.press("escape")
        await sort_by(app, pilot, "g")
        await until(app, lambda: screen_of(app).table.order is None)
        assert screen_of(app).table.label(screen_of(app).table.cursor) == "123"
        assert "↑" not in on_screen(app).splitlines()[2]


async def test_a_click_on_a_title_sorts_and_another_turns_the_order_round(tmp_path: Path) -> None:
    given = rows()

    async def click(title: str) -> None:
        await pilot.click(offset=(on_screen(app).splitlines()[2].index(title), 2))

    async with viewing(write(tmp_path, given)) as (app, pilot):
        await click("prompt")
        await until(app, lambda: numbers(app) == ["8", "51", "301", "1", "101"])  # none at all, then 0, 100
        assert "prompt ↑" in on_screen(app)
        await click("prompt")
        await until(app, lambda: numbers(app, 2) == ["10", "100"])
        assert "prompt ↓" in on_screen(app)
        await click("turns")
        await until(app, lambda: "turn↓" in on_screen(app))
        await pilot.press("escape")
        await until(app, lambda: screen_of(app).table.order is None)


async def test_the_file_can_be_read_from_its_end(tmp_path: Path) -> None:
    async with viewing(write(tmp_path, rows())) as (app, pilot):
        await sort_by(app, pilot, "enter")
        await until(app, lambda: numbers(app, 2) == ["400", "399"])
        assert "# ↓" in on_screen(app)


async def test_a_search_and_the_marks_go_in_the_order_of_the_list(tmp_path: Path) -> None:
    async with viewing(write(tmp_path, rows())) as (app, pilot):
        table = screen_of(app).table
        await sort_by(app, pilot, "down", "down", "enter")
        await pilot.press("slash")
        screen_of(app).query_one(Input).value = "needle"
        await pilot.press("enter")
        await until(app, lambda: status(app).startswith("Row 301: “needle” at byte"))
        await pilot.press("space", "n")
        await until(app, lambda: status(app).startswith("Row 51: "))
        await pilot.press("space", "n")
        await until(app, lambda: "Row 301: " in status(app) and "passed the end of the list" in status(app))
        await pilot.press("N")
        await until(app, lambda: "Row 51: " in status(app) and "passed the beginning of the list" in status(app))
        await pilot.press("right_square_bracket")
        await until(app, lambda: table.label(table.cursor) == "301")
        await pilot.press("right_square_bracket")
        await until(app, lambda: table.label(table.cursor) == "51")
        await pilot.press("escape", "slash")
        screen_of(app).query_one(Input).value = "nowhere at all"
        await pilot.press("enter")
        await until(app, lambda: "in none of the rows that are listed" in status(app))


async def test_esc_stops_a_sort_and_the_rows_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.Event()

    async def endless(*_: object) -> AsyncIterator[None]:
        try:
            await asyncio.Event().wait()
            yield None
        finally:
            ended.set()

    monkeypatch.setattr(file_sorting, "sorting", endless)
    async with viewing(write(tmp_path, rows()), (80, 24)) as (app, pilot):
        await pilot.press("O")
        await until(app, lambda: isinstance(app.screen, PickSort))
        await pilot.press("down", "enter")
        await until(app, lambda: "Sorting by turns" in status(app))
        assert "Stop" in on_screen(app).splitlines()[-1]
        await pilot.press("down", "down")
        assert screen_of(app).table.cursor == 2
        await pilot.press("escape")
        await asyncio.wait_for(ended.wait(), 10)
        assert status(app) == "Stopped"
        assert numbers(app, 3) == ["1", "2", "3"]
        assert "↓" not in on_screen(app)


async def test_a_sort_while_the_rows_are_counted_gives_them_their_numbers_once_they_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting, may_count = screen_module.ViewedFile.counting, asyncio.Event()

    async def late(viewed: screen_module.ViewedFile) -> AsyncIterator[int]:
        await may_count.wait()
        async for done in counting(viewed):
            yield done

    monkeypatch.setattr(screen_module.ViewedFile, "counting", late)
    given = rows()
    async with asyncio.timeout(20), late_viewing(write(tmp_path, given)) as (app, pilot):
        screen_of(app).ordering.by("bytes")
        await until(app, lambda: "largest first" in status(app))
        assert "counting rows 0 %" in on_screen(app)
        assert numbers(app, 2) == ["·", "·"]
        await pilot.press("down")
        may_count.set()
        await until(app, lambda: numbers(app) == sorted_numbers(given, len, falls=True)[:5])
        assert screen_of(app).table.cursor == 1


async def test_a_bar_lists_its_rows_and_esc_brings_all_back(tmp_path: Path) -> None:
    async with viewing(write(tmp_path, rows()), (80, 24)) as (app, pilot):
        await pilot.press("S")
        await until(app, lambda: "400 rows, " in on_screen(app) and isinstance(app.screen, FileStatistics))
        await pilot.press("right")
        await until(app, lambda: "unrecognized_role" in on_screen(app))
        await pilot.press("enter")
        await until(app, lambda: "esc all rows  ·  Refused for unrecognized_role: 2 rows" in on_screen(app))
        await until(app, lambda: numbers(app) == ["51", "301"])
        await sort_by(app, pilot, "down", "down", "enter")
        await until(app, lambda: numbers(app) == ["301", "51"])
        await pilot.press("colon", *"9", "enter")
        await until(app, lambda: "Row 9 is not among those that are listed" in status(app))
        await pilot.press("down", "escape")
        await until(app, lambda: "esc all rows" not in on_screen(app) and "bytes↓" in on_screen(app))
        await pilot.press("escape")
        await until(app, lambda: screen_of(app).table.order is None)


async def test_a_bar_is_opened_and_left_with_the_mouse(tmp_path: Path) -> None:
    async with viewing(write(tmp_path, rows()), (80, 24)) as (app, pilot):
        line = on_screen(app).splitlines()[-1]
        await pilot.click(offset=(line.index("Stats"), 23))
        await until(app, lambda: "400 rows, " in on_screen(app) and isinstance(app.screen, FileStatistics))
        await until(app, lambda: "1.0 %" in on_screen(app))
        lines = on_screen(app).splitlines()
        y = next(y for y, line in enumerate(lines) if "refused" in line and "1.0 %" in line)
        await pilot.click(offset=(lines[y].index("refused"), y), times=2)
        await until(app, lambda: "Checked: refused: 4 rows" in on_screen(app))
        assert numbers(app) == ["1", "8", "51", "301"]
        line = on_screen(app).splitlines()[2]
        await pilot.click(offset=(line.index("esc all"), 2))
        await until(app, lambda: "Checked: refused" not in on_screen(app))
        await pilot.press("S")
        await until(app, lambda: "400 rows, " in on_screen(app))  # nothing is counted again


async def test_a_bar_without_rows_says_so_and_esc_closes_the_statistics(tmp_path: Path) -> None:
    async with viewing(write(tmp_path, [chat("A question?")]), (80, 24)) as (app, pilot):
        await pilot.press("S")
        await until(app, lambda: "1 row, " in on_screen(app))
        await pilot.press("G", "enter")
        await until(app, lambda: "There is no row in this bar" in on_screen(app))
        await pilot.press("escape")
        assert screen_of(app).table.order is None


async def test_rows_that_come_after_a_sort_are_told_and_sorted_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_module, "_LOOK_SECONDS", 0.4)
    file = write(tmp_path, [chat(f"Question {n}?") for n in range(50)])
    async with viewing(file) as (app, pilot):
        screen_of(app).ordering.by("bytes")
        await until(app, lambda: numbers(app, 1) == ["50"])
        with file.open("a") as out:
            out.write(chat("The new one?", "long " * 100) + "\n")
        await until(app, lambda: "rows came since: s sorts them too" in on_screen(app))
        await pilot.press("s", "s")
        await until(app, lambda: "bytes↑" in on_screen(app) and "rows came since" not in on_screen(app))
        screen_of(app).ordering.by("bytes")
        await until(app, lambda: numbers(app, 1) == ["51"])
        await pilot.press("f5")
        await until(app, lambda: screen_of(app).table.order is None and "51 rows" in on_screen(app))
