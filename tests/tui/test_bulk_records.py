"""Many at once from their records, over a real workspace: written anew with another template, and brought back."""

from __future__ import annotations

from pathlib import Path

from tests.tui.test_dataset_bulk import can_apply, dataset, opened, said, text, until
from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_editing import prepare
from tests.unit.services.test_retemplating import set_recipe
from textual.widgets import Button, Input

from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.bulk_menu import BulkMenu
from webtune_tui.tui.modals.restore_form import RestoreForm
from webtune_tui.tui.modals.retemplate_form import RetemplateForm
from webtune_tui.tui.screens.dataset import DatasetScreen
from webtune_tui.tui.widgets.dropped_records import DroppedList
from webtune_tui.tui.widgets.field_list import FieldList
from webtune_tui.tui.widgets.template_area import TemplateArea


async def test_by_keys_examples_are_written_anew_and_dropped_rows_of_a_reason_are_back(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "shop", command="test") as made:
        add_records(made, [product(number, rating=number) for number in range(12)])
        set_recipe(made, steps__field_filters__where="brand != 'Maker 1'")
        start = prepare(made)
    app = WebtuneApp(tmp_path / "shop", Settings())
    async with app.run_test(size=(80, 24)) as pilot:
        curate = await opened(app, pilot)
        await pilot.press("a", "B")
        await until(app, pilot, lambda: isinstance(app.screen, BulkMenu))
        await pilot.press("p")
        await until(app, pilot, lambda: isinstance(app.screen, RetemplateForm))
        await until(app, pilot, lambda: "needs user and assistant" in text(app, "#bulk-preview"))
        await until(app, pilot, lambda: app.screen.query_one(FieldList).row_count > 3)
        await pilot.press("H", "i", " ", "{", "b", "r", "a")
        await until(app, pilot, lambda: app.screen.query_one("#studio-user", TemplateArea).is_offered)
        await pilot.press("enter")
        await until(app, pilot, lambda: not app.screen.query_one("#studio-user", TemplateArea).is_offered)
        assert app.screen.query_one("#studio-user", TemplateArea).text == "Hi {brand}"
        app.screen.query_one("#studio-assistant", TemplateArea).text = "{description}"
        await can_apply(app, pilot)
        assert text(app, "#bulk-preview") == "10 of 10 examples would change"
        await pilot.press("ctrl+s")
        await until(app, pilot, lambda: "Wrote all 10 examples anew" in said(app))
        page = await curate.page(limit=20)
        assert all(one.messages[0].content.startswith("Hi Maker") for one in page.examples)
        await pilot.press("z")
        await until(app, pilot, lambda: (shown := dataset(app).version) and shown.content_hash == start)

        await pilot.press("D")
        await until(app, pilot, lambda: dataset(app).view == "dropped")
        await pilot.press("B")
        await until(app, pilot, lambda: isinstance(app.screen, RestoreForm))
        assert app.screen.query_one(Input).value == 'reason = "field_filter"'
        await until(app, pilot, lambda: "2 rows: 2 with the next run" in text(app, "#restore-preview"))
        app.screen.query_one(Input).value += " and rating > 5"
        await until(app, pilot, lambda: "1 row: 1 with the next run" in text(app, "#restore-preview"))
        await until(app, pilot, lambda: not app.screen.query_one("#restore-apply", Button).disabled)
        await pilot.press("enter")
        await until(app, pilot, lambda: isinstance(app.screen, DatasetScreen))
        await until(app, pilot, lambda: "1 example wanted back" in said(app))
        await until(app, pilot, lambda: len(dataset(app).query_one(DroppedList).waiting) == 1)
        assert dataset(app).view == "dropped"
