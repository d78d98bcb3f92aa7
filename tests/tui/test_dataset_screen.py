"""The screen Dataset: looking, filtering, editing, dropping, undoing, exporting, and what it says meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.tui.dataset_fakes import FakeCurate, dataset_app
from tests.tui.fake_services import DEADLINE_SECONDS, AppOnFakes
from textual.pilot import Pilot
from textual.widgets import Button, Input, OptionList, Static

from webtune_tui.domain.examples import encode_messages
from webtune_tui.storage.drafts import EditDraft, EditDrafts
from webtune_tui.tui.app import Place
from webtune_tui.tui.modals.check_file import CheckFile
from webtune_tui.tui.modals.message import Message as MessageDialogue
from webtune_tui.tui.modals.pick_format import PickFormat
from webtune_tui.tui.modals.private_data import PrivateData
from webtune_tui.tui.screens.dataset import DatasetScreen
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.example_detail import ExampleDetail
from webtune_tui.tui.widgets.example_editor import ExampleEditor, MessageField
from webtune_tui.tui.widgets.example_table import ExampleTable
from webtune_tui.tui.widgets.styled_lines import StyledLines

SIZES = [(80, 24), (120, 40), (200, 60)]


def screen_of(app: AppOnFakes) -> DatasetScreen:
    assert isinstance(app.screen, DatasetScreen)
    return app.screen


def status(app: AppOnFakes) -> str:
    return str(screen_of(app).query_one("#dataset-status", Static).content)


def table(app: AppOnFakes) -> ExampleTable:
    return screen_of(app).query_one(ExampleTable)


def detail(app: AppOnFakes) -> str:
    return screen_of(app).query_one(ExampleDetail).plain_text


async def until(app: AppOnFakes, pilot: Pilot[int], met: object) -> None:
    """Waits until a condition holds, letting the app work meanwhile."""
    assert callable(met)
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            await app.settled()
            await pilot.pause()
            if met():
                return
            await asyncio.sleep(0.005)


async def settle(app: AppOnFakes, pilot: Pilot[int]) -> None:
    for _ in range(3):
        await pilot.pause()
        await app.settled()


@pytest.mark.parametrize("size", SIZES)
async def test_the_examples_and_the_version_are_in_sight(tmp_path: Path, size: tuple[int, int]) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        line = str(screen_of(app).query_one("#version-line", Static).content)
        assert "0000f0000000" in line and "240 examples" in line and "leak 0 (random" in line and "12 %" in line
        assert table(app).row_count == 240 and table(app).has_focus
        assert table(app).region.right <= size[0]


async def test_a_wide_terminal_shows_the_example_beside_the_table(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(app, pilot, lambda: "Bose" in detail(app))
        await pilot.press("down", "down", "down", "down")
        await until(app, pilot, lambda: "Lodge Cast Iron" in detail(app))
        words = detail(app)
        assert "● learned" in words
        assert "cut" in words and "token budget" in words
        assert "record 4 of c-20261122-bestsellers" in words and "https://www.shop.example/dp/B000000004" in words


async def test_a_small_terminal_opens_the_example_in_place_of_the_table(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        side = screen_of(app).query_one("#side")
        assert not side.display or side.region.width == 0
        await pilot.press("down", "enter")
        await until(app, pilot, lambda: "Anker" in detail(app))
        assert side.region.width > 60 and table(app).region.width == 0
        await pilot.press("escape")
        await settle(app, pilot)
        assert table(app).has_focus and table(app).region.width > 60 and table(app).cursor == 1


async def test_a_narrow_tall_terminal_shows_the_example_below(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 50), notifications=True, tooltips=True) as pilot:
        await until(app, pilot, lambda: "Bose" in detail(app))
        side = screen_of(app).query_one("#side")
        assert side.region.y > table(app).region.y and side.region.width > 60


async def test_the_line_below_tells_the_keys_of_what_has_the_focus(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        rows = status(app)
        assert rows.startswith("enter reads")
        await pilot.press("enter")
        await settle(app, pilot)
        assert status(app).startswith("↑ ↓ scroll")
        assert status(app).endswith("esc goes back to the rows")
        await pilot.press("escape")
        await settle(app, pilot)
        assert status(app) == rows
        await pilot.press("slash")
        await settle(app, pilot)
        assert status(app) == "enter goes to the rows · esc takes the filter away"
        await pilot.press("enter")
        await settle(app, pilot)
        assert status(app) == rows


async def test_the_filter_is_live_and_esc_takes_it_away(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("slash", *"FLIGHTS")
        await until(app, pilot, lambda: table(app).row_count == 40)
        subtitle = str(screen_of(app).query_one("#table-panel").border_subtitle)
        assert "40 of 240 with “FLIGHTS”" in subtitle
        await pilot.press("enter")
        assert table(app).has_focus
        await pilot.press("down", "escape")
        await until(app, pilot, lambda: table(app).row_count == 240)
        assert screen_of(app).query_one("#filter", Input).value == ""
        assert not screen_of(app).has_class("-filtering")


async def test_a_filter_finds_japanese(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("slash")
        screen_of(app).query_one("#filter", Input).value = "電気"
        await until(app, pilot, lambda: table(app).row_count == 40)
        await until(app, pilot, lambda: "電気ケトル" in detail(app))


async def test_the_splits_are_listed_one_after_the_other(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        counts = []
        for _ in range(4):
            await pilot.press("s")
            await settle(app, pilot)
            counts.append(table(app).row_count)
        assert counts == [192, 24, 24, 240]


async def test_dropping_takes_the_marked_examples_and_undo_brings_one_back(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("space", "space", "d")
        await until(app, pilot, lambda: table(app).row_count == 238)
        assert curate.dropped == ["ex-0000000", "ex-0000001"]
        assert "Dropped 2 examples" in status(app) and "z" in status(app)
        assert table(app).marks == frozenset()
        await pilot.press("z")
        await until(app, pilot, lambda: table(app).row_count == 239)
        assert "Undone: 1 example came back" in status(app)


async def test_dropping_quickly_drops_one_row_after_the_other(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("d", "d", "d")
        await until(app, pilot, lambda: table(app).row_count == 237)
        assert curate.dropped == ["ex-0000000", "ex-0000001", "ex-0000002"]


async def test_nothing_to_undo_is_said_and_harms_nothing(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("z", "Z")
        await settle(app, pilot)
        assert [n.message.splitlines()[0] for n in app._notifications] == [
            "There is nothing to undo",
            "There is nothing to redo",
        ]


async def test_an_edit_is_saved_with_the_messages_that_changed_alone(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("e")
        await settle(app, pilot)
        assert isinstance(app.focused, MessageField) and app.focused.number == 2
        await pilot.press("O", "h", "space")
        await pilot.press("ctrl+s")
        await until(app, pilot, lambda: not screen_of(app).has_class("-editing"))
        [(example_id, changes)] = curate.edits
        assert example_id == "ex-0000000"
        assert list(changes) == ["messages[2].content"] and changes["messages[2].content"].startswith("Oh Balanced")
        assert table(app).has_focus and "Saved" in status(app)
        assert EditDrafts(tmp_path).newest() is None


async def test_keys_typed_into_an_edit_do_not_drop_anything(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("e")
        await settle(app, pilot)
        await pilot.press("d", "z", "x", "slash", "e", "p", "2")
        await settle(app, pilot)
        assert curate.dropped == [] and screen_of(app).has_class("-editing")
        assert screen_of(app).query_one("#message-2", MessageField).text.startswith("dzx/ep2Balanced")


async def test_leaving_a_changed_edit_asks_and_the_safe_answer_goes_on_editing(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("e")
        await settle(app, pilot)
        await pilot.press("O", "h", "escape")
        await pilot.pause()
        assert not isinstance(app.screen, DatasetScreen)
        await pilot.press("escape")
        await pilot.pause()
        assert screen_of(app).has_class("-editing")
        await pilot.press("escape")
        await pilot.pause()
        await pilot.click("#confirm-yes")
        await until(app, pilot, lambda: not screen_of(app).has_class("-editing"))
        assert curate.edits == [] and EditDrafts(tmp_path).newest() is None


async def test_leaving_an_edit_without_changes_asks_nothing(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("e")
        await settle(app, pilot)
        await pilot.press("escape")
        await settle(app, pilot)
        assert not screen_of(app).has_class("-editing") and table(app).has_focus


async def test_what_was_typed_is_there_again_after_the_app_died(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("down", "e")
        await settle(app, pilot)
        await pilot.press("N", "e", "w")
        await until(app, pilot, lambda: EditDrafts(tmp_path).newest() is not None)
    again = dataset_app(tmp_path, curate=curate)
    async with again.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(again, pilot)
        assert "was not saved: E goes on with it" in status(again)
        await pilot.press("E")
        await settle(again, pilot)
        field = screen_of(again).query_one("#message-2", MessageField)
        assert field.text.startswith("NewHybrid noise")
        await pilot.press("ctrl+s")
        await until(again, pilot, lambda: bool(curate.edits))
        assert curate.edits[0][0] == "ex-0000001"
        assert EditDrafts(tmp_path).newest() is None


async def test_a_draft_of_an_example_that_changed_since_says_so(tmp_path: Path) -> None:
    EditDrafts(tmp_path).keep(EditDraft("ex-0000000", encode_messages(()), {2: "mine"}))
    app = dataset_app(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("e")
        await settle(app, pilot)
        assert "has changed since" in str(screen_of(app).query_one("#editor-note", Static).content)


async def test_export_asks_for_the_form_and_shows_the_paths(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("x")
        await until(app, pilot, lambda: isinstance(app.screen, PickFormat))
        offered = "\n".join(str(one.prompt) for one in app.screen.query_one(OptionList).options)
        assert all(name in offered for name in ("openai", "alpaca", "csv", "dpo", "parquet", "sharegpt"))
        await pilot.press("2")
        await until(app, pilot, lambda: isinstance(app.screen, MessageDialogue))
        words = " ".join(str(static.content) for static in app.screen.query(Static))
        assert "/home/ana/work/headphones/exports/train.jsonl" in words and "192 examples" in words
        assert isinstance(app.screen, MessageDialogue) and "alpaca" in app.screen.dialog_title


async def test_a_file_is_checked_and_mended(tmp_path: Path) -> None:
    rows = [f'{{"messages": [{{"role": "user", "content": "Q {n}"}}, {{"role": "assistant", "content": "A {n}"}}]}}'
            for n in range(12)]  # fmt: skip
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join([*rows, rows[0], "no json [@click=app.quit]"]), encoding="utf-8")
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("v")
        await until(app, pilot, lambda: isinstance(app.screen, CheckFile))

        def told() -> str:
            return str(app.screen.query_one("#check-state", Static).content)

        app.screen.query_one("#check-path", Input).value = str(tmp_path / "none.jsonl")
        await pilot.press("enter")
        await until(app, pilot, lambda: "There is no file" in told())
        app.screen.query_one("#check-path", Input).value = str(file)
        await pilot.press("enter")
        report = app.screen.query_one(StyledLines)
        await until(app, pilot, lambda: "not fit" in told() and "line 14" in report.plain_text)
        assert "DUPLICATE" in report.plain_text.upper()
        assert report.region.bottom <= 24 and app.screen.query_one("#check-mend", Button).region.bottom <= 24
        await settle(app, pilot)  # the button moves as the report grows
        await pilot.click("#check-mend")
        await until(app, pilot, lambda: "mine.mended.jsonl" in "".join(report.plain_text.split()))
        assert len((tmp_path / "mine.mended.jsonl").read_text(encoding="utf-8").splitlines()) == 12
        await pilot.press("escape")
        await until(app, pilot, lambda: isinstance(app.screen, DatasetScreen))


async def test_personal_data_is_listed_by_kind_and_domain(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("P")
        await until(app, pilot, lambda: isinstance(app.screen, PrivateData))
        kinds, hits = (app.screen.query_one(f"#private-{name}", OptionList) for name in ("kinds", "hits"))
        await until(app, pilot, lambda: hits.option_count == 3)
        assert "4 finds" in str(app.screen.query_one("#private-state", Static).content)
        told = " ".join(str(kinds.options[0].prompt).split())
        assert told == "email 3 shop.example 2 forum.example 1"
        assert "[@click=app" in str(hits.options[1].prompt)
        await pilot.press("down")
        await until(app, pilot, lambda: hits.option_count == 1)
        await pilot.press("escape")
        await until(app, pilot, lambda: isinstance(app.screen, DatasetScreen))


async def test_without_records_the_screen_leads_to_collect(tmp_path: Path) -> None:
    app = dataset_app(tmp_path, curate=FakeCurate(0), records=0)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        words = " ".join(str(static.content) for static in screen_of(app).query_one(EmptyState).query(Static))
        assert "No records yet" in words and "go to Collect" in words
        await pilot.press("e", "d", "z", "slash", "x", "s", "D", "escape")
        await settle(app, pilot)
        assert isinstance(app.screen, DatasetScreen)


async def test_with_records_but_no_dataset_the_screen_leads_to_the_recipe(tmp_path: Path) -> None:
    app = dataset_app(tmp_path, curate=FakeCurate(0))
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        words = " ".join(str(static.content) for static in screen_of(app).query_one(EmptyState).query(Static))
        assert "311 records wait" in words and "open the recipe" in words


async def test_a_read_only_workspace_shows_everything_and_changes_nothing(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    app.place = Place("shop", is_read_only=True, read_only_reason="webtune train (pid 12) is writing to this workspace")
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(app, pilot, lambda: "Bose" in detail(app))
        await pilot.press("e", "d", "z", "Z", "E", "x")
        await settle(app, pilot)
        assert curate.dropped == [] and curate.edits == []
        assert not screen_of(app).has_class("-editing")
        assert {notice.message for notice in app._notifications} == {app.place.read_only_reason}
        assert len(app._notifications) == 6  # every one of the keys is answered
        await pilot.press("p")
        await settle(app, pilot)
        await pilot.press("r")
        await settle(app, pilot)
        assert "pid 12" in str(screen_of(app).query_one("#prepare-state", Static).content)


async def test_the_place_is_kept_when_one_comes_back(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("pagedown", "space")
        await settle(app, pilot)
        place = table(app).cursor
        await pilot.press("4")
        await settle(app, pilot)
        await pilot.press("3")
        await settle(app, pilot)
        assert table(app).cursor == place and len(table(app).marks) == 1 and table(app).has_focus


async def test_a_resize_turns_the_detail_from_beside_to_in_place(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(app, pilot, lambda: "Bose" in detail(app))
        await pilot.resize_terminal(80, 24)
        await settle(app, pilot)
        assert table(app).region.width > 70
        await pilot.resize_terminal(200, 60)
        await settle(app, pilot)
        assert screen_of(app).query_one(ExampleDetail).region.width > 70


async def test_closing_an_editor_leaves_no_fields_behind(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        for _ in range(3):
            await pilot.press("e")
            await settle(app, pilot)
            await pilot.press("escape")
            await settle(app, pilot)
        assert len(screen_of(app).query_one(ExampleEditor).children) == 0
