"""The table of examples: pages in sight alone, the same place after a change, marks, mouse."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.tui.dataset_fakes import FakeCurate, make_example
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from webtune_tui.domain.errors import StorageFailed
from webtune_tui.services.example_listing import ExamplePage
from webtune_tui.tui.widgets.example_table import KEPT_PAGES, PAGE_ROWS, ExampleTable
from webtune_tui.tui.widgets.row_view import RowView


class TableApp(App[None]):
    """A table alone."""

    def __init__(self, curate: FakeCurate) -> None:
        super().__init__()
        self.curate = curate
        self.opened: list[int] = []
        self.failures: list[str] = []

    def compose(self) -> ComposeResult:
        yield ExampleTable(id="table")

    async def page(self, offset: int, limit: int) -> ExamplePage:
        return await self.curate.page(offset=offset, limit=limit)

    async def on_mount(self) -> None:
        self.table.focus()
        await self.table.reload(self.page)

    @property
    def table(self) -> ExampleTable:
        return self.query_one(ExampleTable)

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        self.opened.append(event.index)

    def on_fetched_rows_failed(self, event: ExampleTable.Failed) -> None:
        self.failures.append(event.error.message)


async def settle(app: App[None], pilot: Pilot[None]) -> None:
    """Waits until nothing is being fetched."""
    await pilot.pause()
    await app.workers.wait_for_complete()
    await pilot.pause()


def lines(app: TableApp) -> list[str]:
    """The table as it stands on the screen."""
    table = app.table
    return ["".join(segment.text for segment in table.render_line(y)) for y in range(table.size.height)]


async def test_a_hundred_thousand_rows_fetch_only_the_pages_in_sight() -> None:
    app = TableApp(FakeCurate(100_000))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(app, pilot)
        assert app.curate.asked == [(0, PAGE_ROWS)]
        await pilot.press("G")
        await settle(app, pilot)
        assert app.table.cursor == 99_999
        last = 99_999 // PAGE_ROWS
        assert app.curate.asked[1:] == [(last * PAGE_ROWS, PAGE_ROWS)] or app.curate.asked[1:] == [
            ((last - 1) * PAGE_ROWS, PAGE_ROWS),
            (last * PAGE_ROWS, PAGE_ROWS),
        ]
        assert "100,000" in lines(app)[-1]


async def test_paging_through_everything_keeps_few_rows_in_memory() -> None:
    app = TableApp(FakeCurate(2_000))
    async with app.run_test(size=(100, 60)) as pilot:
        for _ in range(0, 2_000, 58):
            await pilot.press("pagedown")
        await settle(app, pilot)
        assert app.table.cursor == 1_999
        assert app.table.kept_rows <= KEPT_PAGES * PAGE_ROWS
        assert max(limit for _, limit in app.curate.asked) == PAGE_ROWS
        assert "2,000" in lines(app)[-1]


async def test_a_million_rows_are_open_with_the_first_page() -> None:
    app = TableApp(FakeCurate(1_000_000))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot)
        assert app.table.row_count == 1_000_000
        assert app.table.kept_rows == PAGE_ROWS


async def test_rows_that_are_not_there_yet_show_their_number() -> None:
    app = TableApp(FakeCurate(10_000))
    async with app.run_test(size=(100, 20)) as pilot:
        await settle(app, pilot)
        app.curate.gate = asyncio.Event()
        await pilot.press("G")
        await pilot.pause()
        assert "10,000" in lines(app)[-1] and "train" not in lines(app)[-1]
        app.curate.gate.set()
        await settle(app, pilot)
        assert "test" in lines(app)[-1]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
async def test_every_line_is_as_wide_as_the_table(width: int) -> None:
    app = TableApp(FakeCurate(50))
    async with app.run_test(size=(width, 20)) as pilot:
        await settle(app, pilot)
        table = app.table
        assert {table.render_line(y).cell_length for y in range(table.size.height)} == {
            table.scrollable_content_region.width
        }


async def test_columns_stand_below_their_names_also_beside_wide_characters() -> None:
    app = TableApp(FakeCurate(20))
    async with app.run_test(size=(120, 24)) as pilot:
        await settle(app, pilot)
        strips = [app.table.render_line(y) for y in range(7)]
        place = "".join(segment.text for segment in strips[0]).index("flags")
        assert "edited" in "".join(segment.text for segment in strips[3].crop(place, place + 8))  # the Japanese row


async def test_the_words_that_every_prompt_begins_with_are_left_out() -> None:
    app = TableApp(FakeCurate(20))
    async with app.run_test(size=(120, 24)) as pilot:
        await settle(app, pilot)
        assert "…Bose QuietComfort" in lines(app)[1]


async def test_keys_move_the_cursor_and_enter_opens() -> None:
    app = TableApp(FakeCurate(1_000))
    async with app.run_test(size=(100, 21)) as pilot:
        await settle(app, pilot)
        await pilot.press("down", "j", "up", "pagedown", "k", "enter")
        assert app.table.cursor == 19
        await pilot.press("G", "g", "end", "home")
        assert app.table.cursor == 0
        assert app.opened == [19]


async def test_space_marks_and_goes_on_and_a_mark_stays_with_its_example() -> None:
    app = TableApp(FakeCurate(1_000))
    async with app.run_test(size=(100, 21)) as pilot:
        await settle(app, pilot)
        await pilot.press("space", "down", "space", "shift+down")
        assert app.table.chosen == ("ex-0000000", "ex-0000002", "ex-0000003", "ex-0000004")
        await pilot.press("g", "space")
        assert "ex-0000000" not in app.table.marks
        app.curate.dropped.append("ex-0000001")
        await app.table.reload(app.page)
        assert app.table.chosen == ("ex-0000002", "ex-0000003", "ex-0000004")
        assert "▌" in lines(app)[2]


async def test_without_marks_the_row_under_the_cursor_is_chosen() -> None:
    app = TableApp(FakeCurate(10))
    async with app.run_test(size=(100, 21)) as pilot:
        await settle(app, pilot)
        await pilot.press("down")
        assert app.table.chosen == ("ex-0000001",)


async def test_a_click_moves_a_click_on_the_margin_marks_a_double_click_opens() -> None:
    app = TableApp(FakeCurate(100))
    async with app.run_test(size=(100, 21)) as pilot:
        await settle(app, pilot)
        await pilot.click("#table", offset=(30, 5))
        assert (app.table.cursor, app.table.marks, app.opened) == (4, frozenset(), [])
        await pilot.click("#table", offset=(0, 7))
        assert app.table.marks == {"ex-0000006"}
        await pilot.double_click("#table", offset=(30, 3))
        assert app.opened == [2]
        await pilot.click("#table", offset=(30, 0))  # the header
        assert app.table.cursor == 2


async def test_the_wheel_scrolls_without_moving_the_cursor() -> None:
    app = TableApp(FakeCurate(1_000))
    async with app.run_test(size=(100, 21)) as pilot:
        await settle(app, pilot)
        for _ in range(5):
            await pilot._post_mouse_events([_scroll_down()], "#table", offset=(30, 5))
        await settle(app, pilot)
        assert app.table.scroll_y > 0
        assert app.table.cursor == 0


def _scroll_down() -> type:
    from textual.events import MouseScrollDown

    return MouseScrollDown


async def test_the_place_is_kept_when_the_rows_change() -> None:
    app = TableApp(FakeCurate(5_000))
    async with app.run_test(size=(100, 21)) as pilot:
        await settle(app, pilot)
        app.table.cursor = 2_000
        await settle(app, pilot)
        top = app.table.scroll_y
        app.curate.dropped.append("ex-0002000")
        await app.table.reload(app.page)
        assert (app.table.cursor, app.table.scroll_y) == (2_000, top)
        assert app.table.current is not None and app.table.current.example_id == "ex-0002001"


async def test_the_cursor_stays_on_a_row_when_the_last_ones_go() -> None:
    app = TableApp(FakeCurate(300))
    async with app.run_test(size=(100, 21)) as pilot:
        await settle(app, pilot)
        await pilot.press("G")
        await settle(app, pilot)
        app.curate.dropped += [f"ex-{index:07d}" for index in range(100, 300)]
        await app.table.reload(app.page)
        await settle(app, pilot)
        assert app.table.cursor == 99
        assert app.table.current is not None and app.table.current.example_id == "ex-0000099"


async def test_a_late_page_of_an_older_listing_is_not_shown() -> None:
    app = TableApp(FakeCurate(1_000))
    async with app.run_test(size=(100, 21)) as pilot:
        await settle(app, pilot)
        gate = app.curate.gate = asyncio.Event()
        app.table.show(app.page)
        await pilot.pause()
        other = FakeCurate(3, make=lambda index: make_example(index + 500))

        async def three(offset: int, limit: int) -> ExamplePage:
            return await other.page(offset=offset, limit=limit)

        app.table.show(three)
        gate.set()
        await settle(app, pilot)
        assert app.table.row_count == 3
        assert app.table.current is not None and app.table.current.example_id == "ex-0000500"


async def test_a_failure_is_told_and_the_rows_before_stay() -> None:
    app = TableApp(FakeCurate(1_000))
    async with app.run_test(size=(100, 21)) as pilot:
        await settle(app, pilot)

        async def broken(offset: int, limit: int) -> ExamplePage:
            raise StorageFailed("the disk is gone")

        await app.table.reload(broken)
        await settle(app, pilot)
        assert app.failures == ["the disk is gone"]
        assert "train" in lines(app)[1]


async def test_an_empty_listing_has_no_current_row() -> None:
    app = TableApp(FakeCurate(10))

    async def nothing(offset: int, limit: int) -> ExamplePage:
        empty: Sequence[object] = ()
        return ExamplePage(empty, offset, 0)  # type: ignore[arg-type]  # no examples at all

    async with app.run_test(size=(100, 21)) as pilot:
        await settle(app, pilot)
        await app.table.reload(nothing)
        await pilot.press("down", "space", "enter", "G")
        assert (app.table.current, app.table.chosen, app.opened) == (None, (), [])


async def test_who_waits_for_rows_while_the_app_is_left_gets_no_error() -> None:
    app = TableApp(FakeCurate(100))
    async with app.run_test(size=(100, 20)) as pilot:
        await settle(app, pilot)
        app.curate.gate = asyncio.Event()
        waiting = asyncio.ensure_future(app.table.reload(app.page))
        await pilot.pause()
        app.workers.cancel_node(app.table)
        await waiting
        app.curate.gate.set()
