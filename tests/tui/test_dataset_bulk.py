"""Many at once, the review and the history on the screen, over a real workspace: by keys alone and by mouse alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.benchmarks.made_workspace import make
from tests.tui.fake_services import DEADLINE_SECONDS
from textual.pilot import Pilot
from textual.widgets import Button, Checkbox, Input, OptionList, Static

from webtune_tui.domain.errors import NoSpace
from webtune_tui.domain.reviews import REVIEW_TAG
from webtune_tui.services.curate import CurateService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.begin_review import BeginReview
from webtune_tui.tui.modals.bulk_form import BulkForm
from webtune_tui.tui.modals.bulk_menu import BulkMenu
from webtune_tui.tui.modals.message import Message
from webtune_tui.tui.modals.version_changes import ChangeList, VersionChanges
from webtune_tui.tui.presentation.bulk_choices import CHOICES
from webtune_tui.tui.screens.dataset import DatasetScreen
from webtune_tui.tui.widgets.example_table import ExampleTable
from webtune_tui.tui.widgets.history_pane import HistoryPane
from webtune_tui.tui.widgets.review_pane import ReviewPane
from webtune_tui.tui.widgets.styled_lines import StyledLines

COUNT = 60


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with sixty examples."""
    make(tmp_path / "shop", COUNT)
    return tmp_path / "shop"


def dataset(app: WebtuneApp) -> DatasetScreen:
    return next(screen for screen in app.screen_stack if isinstance(screen, DatasetScreen))


def table(app: WebtuneApp) -> ExampleTable:
    return dataset(app).query_one(ExampleTable)


def said(app: WebtuneApp) -> str:
    return str(dataset(app).query_one("#dataset-status", Static).content)


def text(app: WebtuneApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


async def until(app: WebtuneApp, pilot: Pilot[int], met: object) -> None:
    assert callable(met)
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            await pilot.pause()
            if met():
                return
            await asyncio.sleep(0.005)


async def opened(app: WebtuneApp, pilot: Pilot[int]) -> CurateService:
    await until(app, pilot, lambda: app.services is not None)
    await pilot.press("3")
    await until(app, pilot, lambda: isinstance(app.screen, DatasetScreen) and table(app).current is not None)
    assert app.services is not None
    return app.services.curate


async def can_apply(app: WebtuneApp, pilot: Pilot[int]) -> None:
    await until(
        app,
        pilot,
        lambda: isinstance(app.screen, BulkForm) and not app.screen.query_one("#bulk-apply", Button).disabled,
    )


async def test_by_keys_a_range_is_tagged_as_one_step(root: Path) -> None:
    app = WebtuneApp(root, Settings())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        curate = await opened(app, pilot)
        assert app.services is not None
        editing = app.services.editing

        await pilot.press("M", "down", "down", "down", "M")
        await until(app, pilot, lambda: len(table(app).marks) == 4)
        await pilot.press("B")
        await until(app, pilot, lambda: isinstance(app.screen, BulkMenu))
        assert text(app, "#bulk-what") == "4 examples"
        await pilot.press("g")
        await until(app, pilot, lambda: isinstance(app.screen, BulkForm))
        await until(app, pilot, lambda: "no name for a tag" in text(app, "#bulk-preview"))
        await pilot.press(*"odd", "enter")
        await can_apply(app, pilot)
        assert "4 of 4 examples would change" in text(app, "#bulk-preview")
        await pilot.press("enter")
        await until(app, pilot, lambda: "Tagged 4 examples as odd" in said(app) and "z undoes it" in said(app))
        assert not table(app).marks
        assert await editing.count(dataset(app)._selected.selection) == 1
        await pilot.press("z")
        await until(app, pilot, lambda: "Undone" in said(app))
        assert not any("tag:odd" in one.flags for one in (await curate.page(limit=COUNT)).examples)


@pytest.mark.slow
async def test_by_keys_the_filtered_are_replaced_exported_and_dropped_each_in_one_step(root: Path) -> None:
    app = WebtuneApp(root, Settings())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        curate = await opened(app, pilot)
        assert app.services is not None
        editing = app.services.editing

        await pilot.press("f", *"split=test", "enter")
        await until(app, pilot, lambda: table(app).row_count == 6)
        await pilot.press("a", "B")
        await until(app, pilot, lambda: isinstance(app.screen, BulkMenu))
        assert text(app, "#bulk-what") == "6 examples where split=test"
        await pilot.press("r")
        await until(app, pilot, lambda: isinstance(app.screen, BulkForm))
        app.screen.query_one("#bulk-find", Input).value = "("
        app.screen.query_one("#bulk-regex", Checkbox).value = True
        await until(app, pilot, lambda: "can't be read" in text(app, "#bulk-preview"))
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, BulkForm)
        app.screen.query_one("#bulk-find", Input).value = r"kettle(\s|$)"
        app.screen.query_one("#bulk-replacement", Input).value = r"[@click=app.quit]pot\1"
        await can_apply(app, pilot)
        assert "place" in text(app, "#bulk-preview")
        samples = app.screen.query_one("#bulk-samples", StyledLines)
        await until(app, pilot, lambda: "[@click=app.quit]pot" in samples.plain_text)
        await pilot.press("ctrl+s")
        await until(app, pilot, lambda: "Replaced" in said(app))
        answers = [one.answer for one in (await curate.page(limit=COUNT)).examples if one.split == "test"]
        assert any("[@click=app.quit]pot" in one for one in answers)
        assert len(await editing.history()) == 1

        await pilot.press("a", "B", "x", "enter")
        await until(app, pilot, lambda: isinstance(app.screen, Message))
        written = list((root / "exports").glob("*-selection-*/test.jsonl"))
        assert len(written) == 1 and len(written[0].read_text().splitlines()) == 6
        await pilot.press("escape")

        await until(app, pilot, lambda: isinstance(app.screen, DatasetScreen))
        assert table(app).are_all_marked
        await pilot.press("d")
        await can_apply(app, pilot)
        assert "6 of 6 examples would change" in text(app, "#bulk-preview")
        await pilot.press("enter")
        await until(app, pilot, lambda: "Dropped 6 examples" in said(app))
        assert (await curate.version()).examples == COUNT - 6
        await pilot.press("z")
        await until(app, pilot, lambda: table(app).row_count == 6)
        assert (await curate.version()).examples == COUNT


@pytest.mark.slow
async def test_by_mouse_marked_examples_move_and_go_to_review(root: Path) -> None:
    app = WebtuneApp(root, Settings())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        curate = await opened(app, pilot)
        first, second = (table(app).example_row(row) for row in (2, 3))
        assert first is not None and second is not None and first.split == second.split == "train"
        for row in (3, 4):
            await pilot.click(ExampleTable, offset=(0, row))
        await until(app, pilot, lambda: len(table(app).marks) == 2)
        dataset(app).action_bulk()  # as a click on the footer's key does
        await until(app, pilot, lambda: isinstance(app.screen, BulkMenu))
        await pilot.click("#bulk-list", offset=(4, 2))
        await until(app, pilot, lambda: "0 of 2 examples would change" in text(app, "#bulk-preview"))
        await pilot.click("#bulk-to")
        await pilot.click("SelectOverlay", offset=(4, 2))
        await can_apply(app, pilot)
        assert "train → test" in app.screen.query_one("#bulk-samples", StyledLines).plain_text
        await pilot.click("#bulk-apply")
        await until(app, pilot, lambda: "Moved 2 examples to test" in said(app))
        assert (await curate.example(first.example_id)).split == "test"

        await pilot.click("#table", offset=(0, 5))
        await until(app, pilot, lambda: len(table(app).marks) == 1)
        dataset(app).action_bulk()
        await until(app, pilot, lambda: isinstance(app.screen, BulkMenu))
        review = [choice.title for choice in CHOICES if choice.fits(1)].index("Review")
        await pilot.click("#bulk-list", offset=(4, review))
        await until(app, pilot, lambda: f"as {REVIEW_TAG}" in said(app))

        dataset(app).action_review()
        await until(app, pilot, lambda: isinstance(app.screen, BeginReview))
        assert "1 example with the tag" in str(app.screen.query_one(OptionList).get_option_at_index(0).prompt)
        await pilot.click("#review-begin")
        await until(app, pilot, lambda: dataset(app).view == "review" and pane(app).example_id is not None)
        await pilot.click("#review-buttons Button")
        await until(app, pilot, lambda: "has judged all 1 example" in pane(app).text.plain_text)
        kept = await curate.page(limit=COUNT)
        assert not any(f"tag:{REVIEW_TAG}" in one.flags for one in kept.examples)

        (back,) = [one for one in app.screen.query("#review-buttons Button") if one.name == "back"]
        await pilot.click(back)
        await until(app, pilot, lambda: pane(app).example_id is not None)
        again = [one for one in (await curate.page(limit=COUNT)).examples if f"tag:{REVIEW_TAG}" in one.flags]
        assert [one.example_id for one in again] == [pane(app).example_id]
        assert "waits for review again" in said(app)


async def test_a_verdict_that_could_not_be_carried_out_is_not_taken(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = WebtuneApp(root, Settings())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        curate = await opened(app, pilot)
        await pilot.press("w")
        await until(app, pilot, lambda: isinstance(app.screen, BeginReview))
        app.screen.query_one("#review-count", Input).value = "2"
        await pilot.press("enter")
        await until(app, pilot, lambda: pane(app).example_id is not None)
        first = pane(app).example_id

        async def full(_: object, ids: object) -> None:
            raise NoSpace(f"No space left for {ids}", hint="Free some space.")

        with monkeypatch.context() as patch:
            patch.setattr(CurateService, "drop", full)
            await pilot.press("d")
            await until(app, pilot, lambda: app.screen is not dataset(app))
            assert app.services is not None and (kept := await app.services.review.kept()) is not None
            assert not kept.current.verdicts and pane(app).example_id == first
            await pilot.press("escape")
        await pilot.press("d", "u", "d")
        await until(app, pilot, lambda: pane(app).example_id not in (None, first))
        kept = await app.services.review.kept()
        assert kept is not None and dict(kept.current.verdicts) == {first: "drop"}
        assert (await curate.version()).examples == COUNT - 1


def pane(app: WebtuneApp) -> ReviewPane:
    return dataset(app).query_one(ReviewPane)


async def judged(app: WebtuneApp, pilot: Pilot[int], *keys: str) -> None:
    """Presses the keys, each when another example is there."""
    for key in keys:
        await until(app, pilot, lambda: pane(app).example_id is not None)
        before = pane(app).example_id
        await pilot.press(key)
        await until(app, pilot, lambda before=before: pane(app).example_id != before)


async def test_a_review_is_left_taken_up_and_passed_again_and_where_they_differ_one_decides(root: Path) -> None:
    app = WebtuneApp(root, Settings())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        curate = await opened(app, pilot)
        await pilot.press("w")
        await until(app, pilot, lambda: isinstance(app.screen, BeginReview))
        app.screen.query_one("#review-count", Input).value = "x"
        await pilot.press("enter")
        assert "Take 1 to 2,000" in text(app, "#review-fault")
        app.screen.query_one("#review-count", Input).value = "4"
        app.screen.query_one("#review-person", Input).value = "[@click=app.quit]ana"
        await pilot.press("enter")
        await judged(app, pilot, "k", "d")
        await until(app, pilot, lambda: pane(app).example_id is not None)
        assert "3 of 4 · 1 dropped · 1 kept" in text(app, "#review-progress")
        assert "[@click=app.quit]ana, pass 1" in text(app, "#review-progress")
        assert (await curate.version()).examples == COUNT - 1

        await pilot.press("u")
        await until(app, pilot, lambda: "2 of 4" in text(app, "#review-progress"))
        assert (await curate.version()).examples == COUNT
        await pilot.press("escape")
        assert dataset(app).view == "examples"
        await pilot.press("w")
        await until(app, pilot, lambda: dataset(app).view == "review" and pane(app).example_id is not None)
        await judged(app, pilot, "d", "s", "k")
        await until(app, pilot, lambda: "has judged all 4" in pane(app).text.plain_text)

        await pilot.press("n")
        await until(app, pilot, lambda: isinstance(app.screen, BeginReview))
        await pilot.press("end", "enter")
        assert "a pass of that name already" in text(app, "#review-fault")
        app.screen.query_one("#review-person", Input).value = "ben"
        await pilot.press("enter")
        await judged(app, pilot, "k", "k", "k", "k")
        await until(app, pilot, lambda: "agree on 2 of 3 (67 %)" in " ".join(pane(app).text.plain_text.split()))
        assert (await curate.version()).examples == COUNT - 1

        await pilot.press("a")
        await until(app, pilot, lambda: app.screen.query("#agreement-list"))
        assert "drop / keep" in str(app.screen.query_one(OptionList).get_option_at_index(0).prompt)
        await pilot.press("enter")
        await until(app, pilot, lambda: "ben: keep" in str(dataset(app).query_one("#review-progress", Static).content))
        await pilot.press("k")
        await until(app, pilot, lambda: app.screen.query("#agreement-list"))
        assert "→ keep" in str(app.screen.query_one(OptionList).get_option_at_index(0).prompt)
        assert (await curate.version()).examples == COUNT


async def test_the_history_is_walked_named_and_compared(root: Path) -> None:
    app = WebtuneApp(root, Settings())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        curate = await opened(app, pilot)
        ids = [one.example_id for one in (await curate.page(limit=5)).examples]
        await pilot.press("d")
        await until(app, pilot, lambda: "Dropped" in said(app))
        await curate.edit(ids[1], {"assistant": "Evil \x1b[2J[@click=app.quit] words."})
        start = await curate.version()
        await pilot.press("H")
        history = dataset(app).query_one(HistoryPane)
        await until(app, pilot, lambda: history.steps.row_count == 3)
        assert history.steps.cursor == 0
        await pilot.press("down", "down", "enter")
        await until(app, pilot, lambda: "now at the start" in said(app))
        assert table(app).row_count == COUNT
        await until(app, pilot, lambda: history.steps.present == 0)
        await pilot.press("up", "up", "enter")
        await until(app, pilot, lambda: "now at step 2" in said(app))
        assert (await curate.version()).content_hash == start.content_hash
        await until(app, pilot, lambda: history.steps.present == 2)

        await pilot.press("n")
        await until(app, pilot, lambda: app.screen.query("#name-typed"))
        await pilot.press(*"first-try", "enter")
        await until(app, pilot, lambda: "is named first-try" in said(app))
        assert (await curate.version()).names == ("first-try",)
        await pilot.press("n")
        await until(app, pilot, lambda: app.screen.query("#name-typed"))
        await pilot.press(*"[x]", "enter")
        await until(app, pilot, lambda: not app.screen.query("#name-typed"))
        assert (await curate.version()).names == ("first-try",)
        for screen in app.screen_stack[:0:-1]:
            if screen is not dataset(app):
                await pilot.press("escape")

        history.versions.focus()
        await pilot.press("end", "equals_sign")
        await until(app, pilot, lambda: isinstance(app.screen, VersionChanges))
        await until(app, pilot, lambda: text(app, "#changes-told").startswith("0 added · 1 removed · 1 edited"))
        await pilot.press("down")
        words = app.screen.query_one("#changes-words", StyledLines)
        await until(app, pilot, lambda: "~ edited" in words.plain_text and "[@click=app.quit]" in words.plain_text)
        assert "\x1b" not in words.plain_text
        assert len(app.screen.query_one(ChangeList).changes) == 2


async def test_a_read_only_workspace_says_why_it_does_none_of_it(root: Path) -> None:
    with Workspace.open(root, command="another"):
        app = WebtuneApp(root, Settings())
        async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
            await opened(app, pilot)
            for key in ("B", "w"):
                app.clear_notifications()
                await pilot.press(key)
                await until(app, pilot, lambda: app._notifications)
                assert isinstance(app.screen, DatasetScreen) and dataset(app).view == "examples"
            await pilot.press("H")
            await until(app, pilot, lambda: dataset(app).view == "history")
            app.clear_notifications()
            await pilot.press("enter")
            await until(app, pilot, lambda: app._notifications)
