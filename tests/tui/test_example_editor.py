"""Editing an example: checked while one types, unseen characters kept, drafts offered, the person's own editor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.tui.dataset_fakes import FakeCurate, FakeExamples, dataset_app, make_example, make_version
from tests.tui.fake_services import AppOnFakes
from tests.tui.test_dataset_hostile import raw_bytes, unsafe
from tests.tui.test_dataset_screen import screen_of, settle, status, until
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from webtune_tui.domain.example_checks import Remark
from webtune_tui.domain.examples import Example, Message
from webtune_tui.services.curate import EditResult
from webtune_tui.storage.drafts import EditDraft, EditDrafts
from webtune_tui.tui.modals.reshape_menu import ReshapeMenu
from webtune_tui.tui.outside_editor import editor_command
from webtune_tui.tui.widgets.draft_offer import DraftOffer
from webtune_tui.tui.widgets.example_editor import MessageField

UNSEEN = "a\x1b[2Jb\u200bc\u202ed\r\x00\u2066e\ufeff\r\nx\u2028y\x85z\nend\x0b"


def unseen(index: int) -> Example:
    return replace(make_example(index), messages=(Message("user", UNSEEN), Message("assistant", "Fine.")), tokens=4)


def words_of(app: object, selector: str) -> str:
    return str(screen_of(app).query_one(selector, Static).content)  # type: ignore[arg-type]


async def test_tokens_and_faults_stand_beside_the_fields_while_one_types(tmp_path: Path) -> None:
    examples = FakeExamples()
    examples.remarks = (
        Remark("special_token", "[@click=app.quit]holds the model token <|im_end|>\x1b", 1, True),
        Remark("personal_data", "personal data or a secret: 1 email", 0),
        Remark("over_budget", "9 tokens: the recipe's budget is 8"),
    )
    app = dataset_app(tmp_path, curate=FakeCurate(4, make=unseen), examples=examples)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("e")
        await until(app, pilot, lambda: bool(examples.checked) and "tokens" in words_of(app, "#editor-tokens"))
        assert "10 tokens (+6)  ·  budget 1,024  ·  o200k_base" in words_of(app, "#editor-tokens")
        assert "▲ 9 tokens" in words_of(app, "#remarks-all")
        assert words_of(app, "#remarks-0") == "▲ personal data or a secret: 1 email"
        assert words_of(app, "#remarks-1") == "✗ [@click=app.quit]holds the model token <|im_end|>␛"
        assert words_of(app, "#head-1") == "Assistant  1 token  ● learned"
        assert unsafe(raw_bytes(app)) == []
        await pilot.press("N", "o", "space")
        await until(app, pilot, lambda: examples.checked[-1][1].content == "No Fine.")
        await until(app, pilot, lambda: "11 tokens (+7)" in words_of(app, "#editor-tokens"))
        assert examples.checked[-1][0].content == UNSEEN


async def test_unseen_characters_are_shown_as_symbols_and_kept_byte_for_byte(tmp_path: Path) -> None:
    curate = FakeCurate(4, make=unseen)
    app = dataset_app(tmp_path, curate=curate)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("e")
        await settle(app, pilot)
        field = screen_of(app).query_one("#message-0", MessageField)
        assert "a␛[2Jb\ufffdc\ufffdd" in raw_bytes(app) and unsafe(raw_bytes(app)) == []
        await pilot.press("ctrl+s")
        await until(app, pilot, lambda: not screen_of(app).is_editing)
        assert curate.edits == []
        await pilot.press("e")
        await settle(app, pilot)
        field = screen_of(app).query_one("#message-0", MessageField)
        field.focus()
        await pilot.press("Z", "ctrl+s")
        await until(app, pilot, lambda: bool(curate.edits))
        assert curate.edits == [("ex-0000000", {"messages[0].content": "Z" + UNSEEN})]


@pytest.mark.slow
async def test_a_draft_is_kept_while_one_goes_on_typing(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("e")
        await settle(app, pilot)
        drafts, editor = EditDrafts(tmp_path), screen_of(app).editor
        await pilot.press("x")
        waits = editor._pause
        assert waits is not None
        await pilot.press("y")
        assert editor._pause is waits or editor._pause is None  # a further key does not put it off
        await until(app, pilot, lambda: drafts.of("ex-0000000") is not None)
        await until(app, pilot, lambda: drafts.of("ex-0000000").texts[2].startswith("xyBalanced"))  # type: ignore[union-attr]


async def test_an_unsaved_edit_is_offered_and_taken_up_by_mouse(tmp_path: Path) -> None:
    EditDrafts(tmp_path).keep(EditDraft("ex-0000001", "", {2: "Half an answer"}))
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await until(app, pilot, lambda: screen_of(app).query_one(DraftOffer).display)
        assert "was not saved (1 message)" in raw_bytes(app) and "goes on" in raw_bytes(app)
        await pilot.click("#draft-offer", offset=(4, 0))
        await until(app, pilot, lambda: bool(screen_of(app).query("#message-2")))
        await settle(app, pilot)
        assert screen_of(app).query_one("#message-2", MessageField).text == "Half an answer"
        assert not screen_of(app).query_one(DraftOffer).display


@pytest.mark.slow
async def test_without_a_terminal_to_give_away_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("e")
        await settle(app, pilot)
        await pilot.press("ctrl+o")
        await until(app, pilot, lambda: any("can't be given" in one.message for one in app._notifications))
        assert screen_of(app).is_editing


def test_the_editor_is_the_one_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert editor_command({"EDITOR": "ed", "VISUAL": "code --wait"}) == ["code", "--wait"]
    assert editor_command({"EDITOR": "'my editor' -n", "VISUAL": " "}) == ["my editor", "-n"]


class FakeEditing:
    """Remembers the operations and what they were of."""

    def __init__(self) -> None:
        self.applied: list[tuple[str, dict[str, object], tuple[str, ...]]] = []

    async def apply(self, operation: Any, selection: Any) -> EditResult:
        values = {key: value for key, value in vars(operation).items() if value not in (None, "")}
        self.applied.append((operation.name, values, selection.ids))
        return EditResult(make_version(240, len(self.applied)), selection.ids[:1], words=f"Done: {operation.name}")


async def open_menu(app: AppOnFakes, pilot: Pilot[int], key: str) -> None:
    await pilot.press(key)
    await until(app, pilot, lambda: isinstance(app.screen, ReshapeMenu))


async def choose(app: AppOnFakes, pilot: Pilot[int], words: str) -> None:
    options = app.screen.query_one("#reshapes", OptionList)
    [place] = [n for n in range(options.option_count) if words in str(options.get_option_at_index(n).prompt)]
    options.highlighted = place
    await pilot.press("enter")


async def test_the_shape_of_an_example_is_changed_from_the_table(tmp_path: Path) -> None:
    app, editing = dataset_app(tmp_path), FakeEditing()
    app._given.editing = editing
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await open_menu(app, pilot, "m")
        await choose(app, pilot, "Merge")
        await until(app, pilot, lambda: bool(editing.applied))
        assert editing.applied == [("merge", {}, ("ex-0000000", "ex-0000001"))]
        await until(app, pilot, lambda: "Done: merge  ·  z undoes it" in status(app))
        await open_menu(app, pilot, "m")
        await choose(app, pilot, "Move it to test")
        await until(app, pilot, lambda: len(editing.applied) == 2)
        assert editing.applied[1] == ("move", {"to": "test"}, ("ex-0000000",))
        await open_menu(app, pilot, "m")
        await pilot.click("#reshapes", offset=(6, 0))
        await until(app, pilot, lambda: len(editing.applied) == 3)
        assert editing.applied[2] == ("role", {"to": "user", "message": 0}, ("ex-0000000",))


@pytest.mark.slow
async def test_what_was_typed_is_saved_before_the_shape_changes_and_editing_goes_on(tmp_path: Path) -> None:
    curate, editing = FakeCurate(), FakeEditing()
    app = dataset_app(tmp_path, curate=curate)
    app._given.editing = editing
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("e")
        await settle(app, pilot)
        await pilot.press("W")
        await open_menu(app, pilot, "f2")
        assert "What you typed is saved first" in raw_bytes(app)
        assert "Message 3 (assistant): make it the user" in raw_bytes(app)
        await pilot.press("enter")
        await until(app, pilot, lambda: bool(editing.applied))
        assert [changes["messages[2].content"][:9] for _, changes in curate.edits] == ["WBalanced"]
        await until(app, pilot, lambda: "after the edit" in status(app))
        assert screen_of(app).is_editing and EditDrafts(tmp_path).newest() is None
