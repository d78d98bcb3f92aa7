"""The recipe on screen: live preview, switches, options, running, cancelling; and the dropped records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.tui.dataset_fakes import FakeCurate, FakePrepare, dataset_app
from tests.tui.fake_services import AppOnFakes
from tests.tui.test_dataset_screen import screen_of, settle, status, table, until
from textual.content import Content
from textual.widgets import Input, Static, TextArea

from webtune_tui.domain.errors import UsageError
from webtune_tui.tui.dataset.frame import HINTS
from webtune_tui.tui.widgets.dropped_records import DroppedList, ReasonList
from webtune_tui.tui.widgets.prepare_panel import PreparePanel
from webtune_tui.tui.widgets.recipe_parts import RecipeParts
from webtune_tui.tui.widgets.styled_lines import StyledLines


def panel(app: AppOnFakes) -> PreparePanel:
    return screen_of(app).query_one(PreparePanel)


def state(app: AppOnFakes) -> str:
    return str(screen_of(app).query_one("#prepare-state", Static).content)


def preview(app: AppOnFakes) -> str:
    return screen_of(app).query_one("#recipe-preview", StyledLines).plain_text


def preview_title(app: AppOnFakes) -> str:
    return str(screen_of(app).query_one("#preview-title", Static).content)


def services(folder: Path, examples: int = 240) -> tuple[AppOnFakes, FakeCurate, FakePrepare]:
    curate = FakeCurate(examples)
    prepare = FakePrepare(curate)
    return dataset_app(folder, curate=curate, prepare=prepare), curate, prepare


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_recipe_shows_its_parts_and_what_the_last_run_did(tmp_path: Path, size: tuple[int, int]) -> None:
    app, _, _ = services(tmp_path)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        assert "311 records → 240 examples" in state(app)
        report = screen_of(app).query_one("#recipe-report", StyledLines).plain_text
        assert (
            "near-duplicates" in report
            and "━" in report
            and "a random split would leak 11.8 %" in " ".join(report.split())
        )
        assert "PACKING" in report and "steps" in report and "tokens a sequence" in report
        parts = screen_of(app).query_one(RecipeParts)
        assert parts.has_focus and parts.row_count == 15


async def test_typing_in_the_template_previews_what_would_become_of_real_records(tmp_path: Path) -> None:
    app, _, prepare = services(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        await pilot.press("down", "enter")
        await settle(app, pilot)
        assert isinstance(app.focused, TextArea)
        await pilot.press("H", "e", "y")
        await until(app, pilot, lambda: "HeyYou write" in preview(app))
        assert prepare.previews[-1] == {
            "template.system": "HeyYou write product descriptions for an online shop: plain, true and short."
        }
        assert "17 of 20 records would make an example" in preview_title(app)
        assert "1 change not saved" in state(app)
        assert len(prepare.previews) < 4  # debounced: not one for every key
        assert prepare.set == {}


async def test_a_switch_is_previewed_saved_and_forgotten_when_turned_back(tmp_path: Path) -> None:
    app, _, prepare = services(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        await pilot.press(*["down"] * 6, "space")
        assert panel(app).pending == {"steps.length.enabled": "true"}
        await pilot.press("space")
        assert panel(app).pending == {}
        await pilot.press("space", "ctrl+s")
        await settle(app, pilot)
        assert prepare.set == {"steps.length.enabled": "true"} and panel(app).pending == {}


async def test_a_value_that_does_not_fit_is_said_where_the_preview_stands(tmp_path: Path) -> None:
    app, _, _ = services(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        await pilot.press(*["down"] * 6, "enter")
        await settle(app, pilot)
        await until(app, pilot, lambda: "300 in" in preview_title(app))
        assert isinstance(app.focused, Input)
        app.focused.value = "4x"
        await until(app, pilot, lambda: "does not fit" in preview_title(app))
        assert "Give a number." in preview_title(app) and "Anker" in preview(app)
        app.focused.value = "44"
        await until(app, pilot, lambda: "300 in → 290 out" in preview_title(app))


async def test_a_step_is_previewed_by_itself_with_both_sides(tmp_path: Path) -> None:
    app, _, _ = services(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        await pilot.press(*["down"] * 4)
        await until(app, pilot, lambda: "300 in → 290 out, 10 dropped, 40 changed" in preview_title(app))
        assert "DROPPED" in preview(app) and "near-duplicates" in preview(app) and "like ex-2" in preview(app)
        assert "An old grey kettle." in preview(app)  # what went stands beside what stayed
        await pilot.press("down")
        await until(app, pilot, lambda: "300 in" in preview_title(app))
        await pilot.press("space")
        await until(app, pilot, lambda: preview_title(app).startswith("Off. It would do: 300 in"))
        await pilot.press("home", "down")
        await until(app, pilot, lambda: "would make an example" in preview_title(app))


class BrokenRecipe(FakePrepare):
    async def recipe(self) -> Mapping[str, Any]:
        raise UsageError("recipe.toml is not valid TOML: line 3", hint="Mend the line, or remove the file.")


async def test_a_recipe_that_can_not_be_read_is_told_where_it_would_stand(tmp_path: Path) -> None:
    app = dataset_app(tmp_path, prepare=BrokenRecipe(FakeCurate()))
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await until(app, pilot, lambda: "not valid TOML" in state(app) and "Mend the line" in state(app))
        await pilot.press("escape", "T")
        title = screen_of(app).query_one("#studio-rows-title", Static)
        await until(app, pilot, lambda: "not valid TOML" in str(title.content))


@pytest.mark.parametrize("view", HINTS)
def test_hints_are_not_cut_at_80_columns(view: str) -> None:
    assert Content.from_markup(HINTS[view]).cell_length <= 76


async def test_a_step_moves_within_its_stage_and_says_where_it_can_not(tmp_path: Path) -> None:
    app, _, prepare = services(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        parts = screen_of(app).query_one(RecipeParts)
        await pilot.press(*["down"] * 4)
        assert parts.part is not None and parts.part.name == "normalise_text"
        await pilot.press("K")
        await settle(app, pilot)
        assert parts.cursor == 3 and parts.part.name == "normalise_text"  # it keeps the cursor
        assert panel(app).pending == {"steps.normalise_text.order": "10", "steps.error_rows.order": "20"}
        await pilot.press("K")
        await settle(app, pilot)
        assert "stays" in state(app)
        await pilot.press("J")
        await settle(app, pilot)
        assert panel(app).pending == {}
        await pilot.press("K", "ctrl+s")
        await until(app, pilot, lambda: bool(prepare.set))
        assert prepare.set == {"steps.normalise_text.order": "10", "steps.error_rows.order": "20"}
        await pilot.press("end", "J")
        await settle(app, pilot)
        assert "Only steps can be moved" in state(app)


async def test_running_saves_the_changes_shows_progress_and_ends_with_the_counts(tmp_path: Path) -> None:
    app, _, prepare = services(tmp_path, examples=0)
    prepare.go.clear()
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        await pilot.press(*["down"] * 5, "space", "r")
        for _ in range(20):
            await pilot.pause()
            if "Near duplicates" in state(app):
                break
        assert "Near duplicates" in state(app) and "c cancels" in state(app)
        assert prepare.set == {"steps.length.enabled": "true"}
        prepare.go.set()
        await until(app, pilot, lambda: "Last run: 311 records" in state(app))
        assert "Prepared 240 examples" in status(app)
        assert "DROPPED" in screen_of(app).query_one("#recipe-report", StyledLines).plain_text
        await pilot.press("escape")
        await settle(app, pilot)
        assert table(app).row_count == 240 and table(app).has_focus


async def test_a_run_can_be_cancelled_and_the_version_before_stays(tmp_path: Path) -> None:
    app, _, prepare = services(tmp_path)
    prepare.go.clear()
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        await pilot.press("r")
        for _ in range(20):
            await pilot.pause()
            if panel(app).is_preparing:
                break
        await pilot.press("c")
        await until(app, pilot, lambda: not panel(app).is_preparing)
        assert prepare.stopped and "version before stays" in status(app)
        assert "Last run: 311 records" in state(app)
        await pilot.press("escape")
        assert table(app).row_count == 240


async def test_changes_that_are_not_saved_stay_when_one_leaves_the_recipe(tmp_path: Path) -> None:
    app, _, _ = services(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        await pilot.press("down", "down", "down", "space", "escape")
        await settle(app, pilot)
        assert table(app).has_focus and "1 change of the recipe not saved: p goes back" in status(app)
        await pilot.press("p")
        await settle(app, pilot)
        assert panel(app).pending == {"steps.error_rows.enabled": "false"}


async def test_esc_goes_from_an_option_to_the_parts_and_then_to_the_examples(tmp_path: Path) -> None:
    app, _, _ = services(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        await pilot.press("down", "enter")
        await settle(app, pilot)
        await pilot.press("escape")
        assert screen_of(app).query_one(RecipeParts).has_focus
        await pilot.press("escape")
        await settle(app, pilot)
        assert table(app).has_focus


async def test_every_part_of_the_recipe_can_be_looked_at(tmp_path: Path) -> None:
    app, _, prepare = services(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        for _ in range(14):
            await pilot.press("down")
            await settle(app, pilot)
        labels = [str(label.content) for label in screen_of(app).query("#recipe-form .field-label").results(Static)]
        assert labels == ["Train", "Validation", "Test", "Seed"]
        assert panel(app).pending == {}  # looking changes nothing
        assert prepare.previews and all(one == {} for one in prepare.previews)


async def test_dropped_records_open_from_their_reason(tmp_path: Path) -> None:
    app, _, _ = services(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("D")
        await settle(app, pilot)
        reasons, records = screen_of(app).query_one(ReasonList), screen_of(app).query_one(DroppedList)
        assert (reasons.reason, records.row_count) == ("near_duplicate", 31)
        await pilot.press("down")
        await settle(app, pilot)
        assert (reasons.reason, records.row_count) == ("exact_duplicate", 14)
        await pilot.press("enter", "down")
        assert records.has_focus and records.cursor == 1
        await pilot.press("escape")
        await settle(app, pilot)
        assert table(app).has_focus


async def test_a_duplicate_opens_beside_its_survivor_and_is_brought_back(tmp_path: Path) -> None:
    app, curate, _ = services(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("D")
        pair = screen_of(app).query_one("#dropped-pair", StyledLines)
        await until(app, pilot, lambda: "Near-duplicate of ex-0000000, which stays" in pair.plain_text)
        assert "only in this row" in pair.plain_text and "rest of it." in " ".join(pair.plain_text.split())
        found = [screen_of(app).query_one(DroppedList).row(n, 90)[-1][0].strip() for n in range(4)]
        assert found == ["3 rows like record 3", "the same", "the same", "3 rows like record 24"]
        assert "which stays for 3 rows" in pair.plain_text
        await pilot.press("enter", "space", "space", "b")
        await until(app, pilot, lambda: bool(curate.restored))
        assert curate.restored == ["ex-0001000", "ex-0001001"]
        assert "2 examples wanted back: p and r prepare with it" in status(app)
        assert screen_of(app).query_one(DroppedList).waiting == {"ex-0001000", "ex-0001001"}
        await pilot.press("escape", "D")
        reasons = screen_of(app).query_one(ReasonList)
        reasons.cursor = next(n for n in range(reasons.row_count) if "error" in str(reasons.row(n, 40)))
        await until(app, pilot, lambda: screen_of(app).query_one(DroppedList).row_count == 12)
        await pilot.press("b")
        await until(app, pilot, lambda: "makes no example" in status(app))
        assert len(curate.restored) == 2


async def test_a_part_of_the_mix_is_begun_from_its_name(tmp_path: Path) -> None:
    app, _, prepare = services(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("p")
        await settle(app, pilot)
        await pilot.press("a", "enter")
        await pilot.pause()
        assert "no name" in str(app.screen.query_one("#mix-fault", Static).content)
        await pilot.press(*"general", "tab", *"gen*", "tab", *"lots", "enter")
        await pilot.pause()
        assert "does not fit" in str(app.screen.query_one("#mix-fault", Static).content)
        await pilot.press("ctrl+u", *"0.3", "enter")
        await settle(app, pilot)
        assert app.screen is screen_of(app)
        assert prepare.set == {"mix.general.match": "gen*", "mix.general.share": "0.3"}
        assert status(app).startswith("The recipe is saved")
