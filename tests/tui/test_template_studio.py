"""The template studio: rows change while one types, problems have a place, saving writes the recipe, leaving asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.tui.dataset_fakes import FakeCurate, FakePrepare, FakeStudio, dataset_app
from tests.tui.fake_services import AppOnFakes
from tests.tui.test_dataset_hostile import PAYLOADS, raw_bytes, unsafe
from tests.tui.test_dataset_screen import screen_of, settle, status, until
from textual.widgets import Input, Static

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Message
from webtune_tui.services.studio import FieldOffer, StudioPreview, StudioRow
from webtune_tui.tui.app import Place
from webtune_tui.tui.widgets.field_list import FieldList
from webtune_tui.tui.widgets.template_area import TemplateArea
from webtune_tui.tui.widgets.template_studio import StudioRows, TemplateStudio


def area(app: AppOnFakes, part: str) -> TemplateArea:
    return screen_of(app).query_one(f"#studio-{part}", TemplateArea)


def rows(app: AppOnFakes) -> str:
    return screen_of(app).query_one(StudioRows).plain_text


def problem(app: AppOnFakes) -> str:
    return str(screen_of(app).query_one("#studio-problem", Static).content)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_template_and_rows_are_in_sight_together(tmp_path: Path, size: tuple[int, int]) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("T")
        await until(app, pilot, lambda: "Bose" in rows(app))
        assert area(app, "user").has_focus and area(app, "user").text.startswith("Write a product description.")
        title = str(screen_of(app).query_one("#studio-rows-title", Static).content)
        assert "20 rows: random of 311, 4 refused" in title
        assert "30 tokens" in rows(app) and "cut here: 10 tokens go" in rows(app)
        assert "no answer" in rows(app) and "nothing there" in rows(app)
        texts, right = screen_of(app).query_one("#studio-texts").region, screen_of(app).query_one("#studio-rows").region
        assert texts.height >= 6 and right.height >= 4 and right.right <= size[0]


async def test_the_rows_follow_what_is_typed_and_stay_the_same_rows(tmp_path: Path) -> None:
    studio = FakeStudio()
    app = dataset_app(tmp_path, studio=studio)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("T")
        await until(app, pilot, lambda: "Bose" in rows(app))
        await pilot.press(*"Now")
        await until(app, pilot, lambda: "{brand}Now" in rows(app))
        assert studio.choices == ["random"]
        await pilot.press("f5")
        await until(app, pilot, lambda: studio.choices == ["random", "worst"])
        await pilot.press("f5")
        await until(app, pilot, lambda: studio.choices == ["random", "worst", "worst"])


async def test_an_open_brace_offers_the_fields_and_enter_puts_one_in(tmp_path: Path) -> None:
    app = dataset_app(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("T")
        await until(app, pilot, lambda: "Bose" in rows(app))
        fields = screen_of(app).query_one(FieldList)
        area(app, "user").text = ""
        await pilot.press("left_curly_bracket")
        await pilot.pause()
        assert fields.row_count == 4 and fields.display
        await pilot.press("b")
        await pilot.pause()
        assert fields.row_count == 1
        await pilot.press("enter")
        await pilot.pause()
        assert area(app, "user").text == "{brand}" and area(app, "user").cursor_location == (0, 7)
        await pilot.press("space", "left_curly_bracket", "t", "down", "tab")
        await pilot.pause()
        assert area(app, "user").text == "{brand} {timestamp}"
        await pilot.press("left_curly_bracket", "t", "escape")  # the offer closes, the studio stays
        await settle(app, pilot)
        assert screen_of(app).query_one(TemplateStudio).display and not area(app, "user").is_offered


async def test_a_problem_is_named_with_line_and_column_and_the_good_rows_stay(tmp_path: Path) -> None:
    studio, prepare_curate = FakeStudio(), FakeCurate()
    prepare = FakePrepare(prepare_curate)
    app = dataset_app(tmp_path, curate=prepare_curate, prepare=prepare, studio=studio)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("T")
        await until(app, pilot, lambda: "Bose" in rows(app))
        before = len(studio.previews)
        area(app, "user").text = "Good\nline {a..b} here"
        await until(app, pilot, lambda: "user 2:6" in problem(app))
        await pilot.press("ctrl+s")
        await settle(app, pilot)
        assert prepare.set == {} and "mend" in problem(app)
        assert "Bose" in rows(app) and len(studio.previews) == before
        area(app, "user").text = "{titel}"
        await until(app, pilot, lambda: "did you mean {title}?" in problem(app))


async def test_saving_writes_the_recipe_and_leaving_unsaved_asks(tmp_path: Path) -> None:
    curate, studio = FakeCurate(), FakeStudio()
    prepare = FakePrepare(curate)
    app = dataset_app(tmp_path, curate=curate, prepare=prepare, studio=studio)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("T")
        await until(app, pilot, lambda: "Bose" in rows(app))
        await pilot.press("X", "escape")
        await pilot.pause()
        assert app.screen is not screen_of_stack(app)  # the question
        await pilot.press("escape")
        await settle(app, pilot)
        await pilot.press("ctrl+s")
        await until(app, pilot, lambda: "template.user" in prepare.set)
        assert prepare.set["template.user"].endswith("{brand}X") and "saved" in status(app)
        await pilot.press("escape")
        await until(app, pilot, lambda: studio.closed == 1)
        assert not screen_of(app).query_one(TemplateStudio).display


def screen_of_stack(app: AppOnFakes) -> object:
    return app.screen_stack[0]


async def test_without_a_template_one_can_begin_from_the_fields(tmp_path: Path) -> None:
    class Plain(FakePrepare):
        async def recipe(self) -> dict[str, object]:
            return {"steps": {}, "split": {}}

    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate, prepare=Plain(curate))
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("T")
        await until(app, pilot, lambda: "ctrl+t begins one" in problem(app))
        await pilot.press("ctrl+t")
        await pilot.pause()
        assert area(app, "user").text == "Write about {title}" and area(app, "assistant").text == "{description}"


async def test_a_read_only_workspace_shows_the_studio_and_saves_nothing(tmp_path: Path) -> None:
    curate = FakeCurate()
    prepare = FakePrepare(curate)
    app = dataset_app(tmp_path, curate=curate, prepare=prepare)
    app.place = Place("shop", is_read_only=True, read_only_reason="webtune train (pid 12) is writing to this workspace")
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("T")
        await until(app, pilot, lambda: "Bose" in rows(app))
        await pilot.press("X", "ctrl+s")
        await settle(app, pilot)
        assert prepare.set == {} and "pid 12" in problem(app)


class HostileStudio(FakeStudio):
    async def fields(self) -> list[FieldOffer]:
        return [FieldOffer(text[:200], 0.5, text) for text in PAYLOADS]

    async def preview(self, assignments: object, record_ids: object) -> StudioPreview:
        made = [
            StudioRow(n, text, (Message("user", text), Message(text, text), Message("assistant", text + text)), text,
                      3, 9, flags=("cut", text[:30]), reason=text if n % 3 == 1 else "", detail=text)
            for n, text in enumerate(PAYLOADS)
        ]  # fmt: skip
        if len(self.previews) % 2:
            raise UsageError(PAYLOADS[0] + PAYLOADS[3], hint=PAYLOADS[2])
        return StudioPreview(tuple(replace(one) for one in made), PAYLOADS[3], 8)


@pytest.mark.parametrize("size", [(80, 24)])
async def test_hostile_records_do_nothing_in_the_studio(tmp_path: Path, size: tuple[int, int]) -> None:
    studio = HostileStudio()
    app = dataset_app(tmp_path, studio=studio)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("T")
        await until(app, pilot, lambda: "CLICKME" in rows(app))
        assert unsafe(raw_bytes(app)) == []
        area(app, "user").text = ""
        await pilot.press("left_curly_bracket")
        await settle(app, pilot)
        assert unsafe(raw_bytes(app)) == []
        await pilot.press("down", "down", "down", "enter")
        await settle(app, pilot)
        await pilot.press("f6")
        studio.previews.append({})
        await pilot.press("y")
        await settle(app, pilot)
        assert unsafe(raw_bytes(app)) == []
        for y in range(4, size[1] - 2, 6):
            await pilot.click(offset=(size[0] - 12, y))
        await settle(app, pilot)
        assert app.is_running and app.return_code is None


async def test_a_second_template_is_added_weighted_and_taken_out(tmp_path: Path) -> None:
    curate = FakeCurate()
    prepare = FakePrepare(curate)
    app = dataset_app(tmp_path, curate=curate, prepare=prepare)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await settle(app, pilot)
        await pilot.press("T")
        await until(app, pilot, lambda: "Bose" in rows(app))
        await pilot.press("f9")
        assert "one template" in problem(app)
        await pilot.press("f7")
        await until(app, pilot, lambda: screen_of(app).query_one("#studio-names").region.width > 10)
        area(app, "user").text = "Tell of {title}"
        screen_of(app).query_one("#studio-weight", Input).value = "2"
        await until(app, pilot, lambda: "Tell of Bose" in rows(app))
        await pilot.press("f9")
        await until(app, pilot, lambda: "Write a product" in rows(app))
        assert area(app, "user").text.startswith("Write a product")
        await pilot.press("ctrl+s")
        await until(app, pilot, lambda: "templates.second.user" in prepare.set)
        assert prepare.set["templates.second.user"] == "Tell of {title}" and prepare.set["template.user"] == ""
        assert prepare.set["templates.second.weight"] == "2" and "templates.main.user" in prepare.set
        await pilot.press("f8")
        await until(app, pilot, lambda: area(app, "user").text == "Tell of {title}")
        assert not screen_of(app).query_one(TemplateStudio).has_class("-several")
