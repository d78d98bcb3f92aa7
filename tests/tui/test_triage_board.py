"""The triage pane: tiles ranked by harm, their rows, a fix that is shown before it is applied and can be set back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.tui.dataset_fakes import FakeCurate, FakePrepare, FakeTriage, dataset_app, make_tiles
from tests.tui.fake_services import AppOnFakes
from tests.tui.test_dataset_hostile import PAYLOADS, raw_bytes, unsafe
from tests.tui.test_dataset_screen import screen_of, settle, status, until
from textual.widgets import Static

from webtune_tui.domain.triage import Tile
from webtune_tui.services.triage import HarmedRow
from webtune_tui.tui.modals.confirm import Confirm
from webtune_tui.tui.widgets.prepare_panel import PreparePanel
from webtune_tui.tui.widgets.styled_lines import StyledLines
from webtune_tui.tui.widgets.triage_board import HarmedRows, TileList, TriageBoard


def state(app: AppOnFakes) -> str:
    return str(screen_of(app).query_one("#triage-state", Static).content)


def told(app: AppOnFakes) -> str:
    return screen_of(app).query_one("#triage-tile", StyledLines).plain_text


def tiles(app: AppOnFakes) -> TileList:
    return screen_of(app).query_one(TileList)


def rows(app: AppOnFakes) -> HarmedRows:
    return screen_of(app).query_one(HarmedRows)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_tiles_and_rows_are_in_sight(tmp_path: Path, size: tuple[int, int]) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("t")
        await until(app, pilot, lambda: "Placeholders" in told(app) and rows(app).row_count == 8)
        assert tiles(app).row_count == 10 and tiles(app).has_focus
        assert "f mends it" in told(app) and "steps.placeholder_rows.enabled = true" in told(app)
        assert "311 raw pairs" in state(app)
        assert rows(app).region.height >= 4 and rows(app).region.right <= size[0]
        await pilot.press("enter")
        assert rows(app).has_focus
        await pilot.press("escape")
        assert tiles(app).has_focus
        await pilot.press("escape")
        await settle(app, pilot)
        assert not screen_of(app).query_one(TriageBoard).display


async def test_the_first_visit_looks_at_once_and_can_be_stopped(tmp_path: Path) -> None:
    triage = FakeTriage(is_known=False)
    triage.go.clear()
    app = dataset_app(tmp_path, triage=triage)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await pilot.press("3")
        while not screen_of(app).version:
            await pilot.pause()
        await pilot.press("t")
        while "100 of 311" not in state(app):
            await pilot.pause()
        await pilot.press("c")
        await until(app, pilot, lambda: triage.stopped)
        assert "r looks at the records" in state(app)
        triage.go.set()
        await pilot.press("r")
        await until(app, pilot, lambda: tiles(app).row_count == 10)
        assert triage.looks == 2


async def test_a_fix_is_shown_then_applied_and_set_back(tmp_path: Path) -> None:
    curate = FakeCurate()
    prepare, triage = FakePrepare(curate), FakeTriage()
    app = dataset_app(tmp_path, curate=curate, prepare=prepare, triage=triage)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("t")
        await until(app, pilot, lambda: rows(app).row_count == 8)
        await pilot.press("f")
        await until(app, pilot, lambda: isinstance(app.screen, Confirm))
        assert isinstance(app.screen, Confirm) and "8 rows: 8 go" in app.screen.question and prepare.set == {}
        await pilot.press("escape")
        await settle(app, pilot)
        assert prepare.set == {}
        await pilot.press("f")
        await until(app, pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.click("#confirm-yes")
        await until(app, pilot, lambda: isinstance(app.screen, Confirm) and "Prepare again" in app.screen.dialog_title)
        assert prepare.set == {"steps.placeholder_rows.enabled": "true"}
        await pilot.press("escape")
        await settle(app, pilot)
        assert "webtune recipe set steps.placeholder_rows.enabled=" in status(app)
        await pilot.press("b")
        await until(app, pilot, lambda: prepare.set["steps.placeholder_rows.enabled"] != "true")
        await pilot.press("f")
        await until(app, pilot, lambda: isinstance(app.screen, Confirm))
        await until(app, pilot, lambda: app.screen.focused is not None and app.screen.focused.id == "confirm-yes")
        await pilot.press("enter")  # mending can be set back, so enter agrees
        await until(app, pilot, lambda: isinstance(app.screen, Confirm) and "Prepare again" in app.screen.dialog_title)
        looks = triage.looks
        await until(app, pilot, lambda: app.screen.focused is not None and app.screen.focused.id == "confirm-yes")
        await pilot.press("enter")
        await until(app, pilot, lambda: "Prepared 240 examples" in status(app) and triage.looks == looks + 1)
        assert screen_of(app).query_one(TriageBoard).display, "back at the board that asked for the run"
        assert not screen_of(app).query_one(PreparePanel).display


async def test_a_key_that_can_do_nothing_says_why_and_age_and_changes_are_told(tmp_path: Path) -> None:
    triage = FakeTriage()
    triage.changed, triage.seconds = (True, False, True), 60.0
    app = dataset_app(tmp_path, triage=triage)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("t")
        await until(app, pilot, lambda: "r looks again: the records and the dataset changed" in state(app))
        assert triage.looks == 0, "a look that takes long is the person's to begin"
        for name, words in (
            ("cut", "p and r prepare anew"),
            ("empty", "nothing to mend"),
            ("language", "not installed"),
        ):
            tiles(app).cursor = next(n for n, one in enumerate(triage.tiles) if one.name == name)
            await pilot.press("f")
            await pilot.pause()
            assert words in state(app)
        await pilot.press("b")
        await until(app, pilot, lambda: "Nothing was mended here" in state(app))
        triage.seconds = 1.5  # a short look is taken again by itself
        await pilot.press("escape", "t")
        await until(app, pilot, lambda: triage.looks == 1)


async def test_the_rows_of_a_tile_are_edited_and_dropped_where_they_stand(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("t")
        await until(app, pilot, lambda: rows(app).row_count == 8)
        await pilot.press("enter", "down", "d")
        await until(app, pilot, lambda: "makes no example" in state(app))
        await pilot.press("up", "d")
        await until(app, pilot, lambda: "Dropped 1 example" in status(app))
        assert screen_of(app).query_one(TriageBoard).display and curate.dropped == ["ex-0000000"]
        await pilot.press("z")
        await until(app, pilot, lambda: "Undone" in status(app) and curate.dropped == [])
        await pilot.press("down", "down", "e")
        await until(app, pilot, lambda: screen_of(app).is_editing)
        await pilot.press("escape")
        await until(app, pilot, lambda: rows(app).has_focus)
        assert rows(app).cursor == 2, "back where the person was"


class HostileTriage(FakeTriage):
    async def rows(self, tile: Tile) -> list[HarmedRow]:
        return [HarmedRow(text, number, text, bool(number % 2)) for number, text in enumerate(PAYLOADS)]


@pytest.mark.parametrize("size", [(80, 24)])
async def test_hostile_titles_do_nothing_in_triage(tmp_path: Path, size: tuple[int, int]) -> None:
    triage = HostileTriage()
    triage.tiles = tuple(
        replace(one, detail=PAYLOADS[3] + PAYLOADS[0], fix={PAYLOADS[0]: PAYLOADS[3]}) for one in make_tiles()
    )
    app = dataset_app(tmp_path, triage=triage)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("t")
        await until(app, pilot, lambda: rows(app).row_count == len(PAYLOADS))
        assert unsafe(raw_bytes(app)) == [] and "CLICKME" in raw_bytes(app)
        await pilot.press("f")
        await until(app, pilot, lambda: isinstance(app.screen, Confirm))
        assert unsafe(raw_bytes(app)) == []
        await pilot.press("escape")
        for y in range(5, size[1] - 3, 5):
            await pilot.click(offset=(size[0] - 20, y))
        await settle(app, pilot)
        assert app.is_running and app.return_code is None


async def test_without_records_it_says_where_to_go_and_looks_at_nothing(tmp_path: Path) -> None:
    triage = FakeTriage(is_known=False)
    app = dataset_app(tmp_path, curate=FakeCurate(0), triage=triage, records=0)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("t")
        await until(app, pilot, lambda: "go to Collect" in state(app))
        await pilot.press("f", "b", "escape")
        await settle(app, pilot)
        assert triage.looks == 0 and not screen_of(app).query_one(TriageBoard).display
