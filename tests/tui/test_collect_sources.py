"""The forms of a new collection on fakes: faults beside the fields, lists of inputs, prices, caps, confirmation."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.tui.collect_fakes import FakeCollectService, FakeImports, FakeMoney, collect_app, make_preview
from tests.tui.fake_services import AppOnFakes, until
from tests.tui.hostile import EVERYTHING, FORBIDDEN, MARKUPS
from textual.pilot import Pilot
from textual.widgets import Button, Input, Select, Static

from webtune_tui.domain.profiles import FieldProfile
from webtune_tui.sources.base import Scraper, ScraperDoor, ScraperInput
from webtune_tui.tui.modals.import_files import ChosenPaths, ImportFiles
from webtune_tui.tui.modals.new_collection import NewCollection
from webtune_tui.tui.modals.pick_scraper import PickScraper, ScraperList
from webtune_tui.tui.modals.pick_source import PickSource
from webtune_tui.tui.screens.collect import CollectScreen
from webtune_tui.tui.source_forms import base as sources
from webtune_tui.tui.source_forms.scraper import ScraperForm
from webtune_tui.tui.widgets.field_row import FieldRow
from webtune_tui.tui.widgets.input_table import InputTable
from webtune_tui.tui.widgets.safe_text_area import SafeTextArea

URL = "https://shop.example/dp/1"
SIZES = [(80, 24), (120, 40)]


def words(app: AppOnFakes, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


def is_disabled(app: AppOnFakes, selector: str) -> bool:
    return app.screen.query_one(selector, Button).disabled


def on_screen(app: AppOnFakes) -> str:
    """Everything that is drawn now."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


async def open_source(app: AppOnFakes, pilot: Pilot[int], name: str) -> None:
    """Opens the form of a source through the picker, by its digit."""
    await app.settled()
    await pilot.press("n")
    await until(pilot, lambda: isinstance(app.screen, PickSource))
    place = [choice.name for choice in sources.choices()].index(name) + 1
    await pilot.press(str(place))
    await until(pilot, lambda: isinstance(app.screen, NewCollection | ImportFiles))
    await pilot.pause()


async def field(app: AppOnFakes, pilot: Pilot[int], name: str) -> Input:
    await until(pilot, lambda: [row for row in app.screen.query(FieldRow) if row.field.name == name])
    return next(row.query_one(Input) for row in app.screen.query(FieldRow) if row.field.name == name)


@pytest.mark.parametrize("size", SIZES)
async def test_a_fault_stands_beside_its_field_and_neither_it_nor_a_price_above_the_cap_can_be_confirmed(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    money = FakeMoney(2.0, 1.4)
    app = collect_app(tmp_path, FakeCollectService(), money=money)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await open_source(app, pilot, "scraper")
        await until(pilot, lambda: "Fill in url" in words(app, "#form-price"))
        (await field(app, pilot, "url")).value = "shop.example"
        (await field(app, pilot, "count")).value = "many"
        await until(pilot, lambda: on_screen(app).count("not a web address") == 2)
        assert "not a number" in on_screen(app) and is_disabled(app, "#form-confirm")
        for selector in ("#form-price", "#form-start"):
            region = app.screen.query_one(selector).region
            assert 0 < region.bottom <= size[1] and region.height
        (await field(app, pilot, "url")).value = URL
        (await field(app, pilot, "count")).value = "10"
        (await field(app, pilot, "tags")).value = '["a"]'
        whole = {"url": URL, "count": "10", "tags": ["a"]}
        await until(
            pilot, lambda: app._given.collect.planned[-1:] == [[whole]] and not is_disabled(app, "#form-confirm")
        )
        assert "At most $0.75" in words(app, "#form-price")
        assert "Cap $2.00, $1.40 left" in words(app, "#form-price") and "sandbox" in words(app, "#form-price")
        assert "not a" not in on_screen(app)
        money.left = 0.5
        (await field(app, pilot, "count")).value = "11"
        await until(pilot, lambda: "Above what is left" in words(app, "#form-price"))
        await pilot.press("ctrl+s", "ctrl+s")
        assert is_disabled(app, "#form-confirm") and isinstance(app.screen, NewCollection)


async def test_500_pasted_inputs_are_quick_and_the_faulty_can_be_left_out(tmp_path: Path) -> None:
    collect = FakeCollectService()
    app = collect_app(tmp_path, collect)
    lines = [f"{URL}{number}" for number in range(500)]
    lines[250] = "nonsense"
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_source(app, pilot, "scraper")
        await until(pilot, lambda: app.screen.query("#form-inputs FieldRow"))
        await pilot.press("ctrl+n")
        area = app.screen.query_one("#form-paste", SafeTextArea)
        await until(pilot, lambda: area.has_focus)
        begun = time.perf_counter()
        area.insert("\n".join(lines))
        await until(pilot, lambda: "1 of 500 inputs can't be sent; line 251" in words(app, "#form-price"))
        assert time.perf_counter() - begun < 10
        table = app.screen.query_one(InputTable)
        assert table.row_count == 500
        assert "not a web address" in "".join(text for text, _ in table.row(0, 78))
        assert is_disabled(app, "#form-confirm")
        app.screen.query_one("#form-leave-out", Button).press()
        await until(pilot, lambda: not is_disabled(app, "#form-confirm"))
        assert len(collect.planned[-1]) == 499 and {"url": "nonsense"} not in collect.planned[-1]
        await pilot.press("ctrl+s")
        assert not is_disabled(app, "#form-start")
        area.insert("x")
        await until(pilot, lambda: "void" in words(app, "#form-price") or "can't" in words(app, "#form-price"))
        assert is_disabled(app, "#form-start")


async def test_inputs_come_from_a_file_and_a_key_pressed_many_times_starts_one_collection(tmp_path: Path) -> None:
    table = tmp_path / "in.csv"
    table.write_text("url,count\n" + "".join(f"{URL}{place},{place}\n" for place in range(30)))
    collect = FakeCollectService()
    app = collect_app(tmp_path, collect)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await open_source(app, pilot, "scraper")
        await until(pilot, lambda: app.screen.query("#form-inputs FieldRow"))
        await pilot.press("ctrl+f")
        await until(pilot, lambda: app.screen.query("#ask-path"))
        app.screen.query_one("#ask-path", Input).value = "/no/such/file"
        await pilot.press("enter")
        await until(pilot, lambda: "There is no file" in words(app, "#ask-fault"))
        app.screen.query_one("#ask-path", Input).value = str(table)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#form-price") and "At most" in words(app, "#form-price"))
        assert "30 inputs, in.csv" in words(app, "#form-list-words")
        assert collect.planned[-1][29] == {"url": f"{URL}29", "count": "29"}
        await pilot.press("ctrl+s", "ctrl+s", "ctrl+s", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, CollectScreen) and collect.started)
        await pilot.pause()
        assert len(collect.started) == 1
        collect.live.put_nowait(None)


async def test_command_and_curl_are_copied_clean_and_what_is_sent_is_shown_at_80_columns(tmp_path: Path) -> None:
    app = collect_app(tmp_path, FakeCollectService())
    copied: list[str] = []
    app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_source(app, pilot, "scraper")
        await pilot.press("ctrl+g")
        assert not copied
        (await field(app, pilot, "url")).value = URL + EVERYTHING
        await until(pilot, lambda: "At most" in words(app, "#form-price"))
        await pilot.press("ctrl+g", "ctrl+l")
        await until(pilot, lambda: len(copied) == 2)
        assert copied[0].startswith("webtune collect") and copied[1].startswith("curl")
        assert "$BRIGHTDATA_API_TOKEN" in copied[1]
        assert not any(character in "".join(copied) for character in (*FORBIDDEN, "\n"))
        assert not app.screen.query_one("#form-wire").display
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert app.screen.query_one("#form-wire").display and "shop.example/dp/1" in words(app, "#wire-body")
        assert app.screen.query_one("#form-price").region.bottom < 24
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert app.screen.query_one(ScraperForm).region.height > 5


async def test_pages_searches_and_filters_are_planned_as_their_forms_say(tmp_path: Path) -> None:
    app = collect_app(tmp_path, FakeCollectService())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_source(app, pilot, "pages")
        app.screen.query_one("#pages-urls", SafeTextArea).insert("https://a.example\nftp://x\n")
        await until(pilot, lambda: "line 2: url: not a web address" in words(app, "#form-price"))
        app.screen.query_one("#pages-urls", SafeTextArea).text = "https://a.example\nhttps://b.example"
        await until(pilot, lambda: "At most $0.00" in words(app, "#form-price"))
        await pilot.press("ctrl+n", "ctrl+n")
        await until(pilot, lambda: form_plan(app).startswith("pages unlocker unlocker1"))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PickSource))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CollectScreen))
        await open_source(app, pilot, "search")
        (await field(app, pilot, "query")).value = "espresso"
        (await field(app, pilot, "country")).value = "usa"
        await until(pilot, lambda: "two letters" in words(app, "#form-price"))
        (await field(app, pilot, "country")).value = "US"
        (await field(app, pilot, "pages")).value = "2"
        await pilot.press("ctrl+n")
        await until(pilot, lambda: form_plan(app) == "bing serp1 2 us")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, CollectScreen))
        await open_source(app, pilot, "marketplace")
        (await field(app, pilot, "dataset")).value = "gd_x"
        app.screen.query_one("#market-condition", SafeTextArea).text = '{"name": "rating"'
        await until(pilot, lambda: "not valid JSON" in words(app, "#market-fault"))
        app.screen.query_one("#market-condition", SafeTextArea).text = json.dumps(
            {"name": "rating", "operator": ">=", "value": 4}
        )
        await until(pilot, lambda: form_plan(app) == "gd_x 500")
        assert not words(app, "#market-fault")


def form_plan(app: AppOnFakes) -> str:
    """What the shown form would start."""
    plan = app.screen._plan if isinstance(app.screen, NewCollection) else None
    return plan.label if plan is not None else ""


async def test_the_catalogue_is_searched_says_its_origin_and_is_refreshed_by_a_key(tmp_path: Path) -> None:
    many = [Scraper(f"gd_{n}", f"Site {n} products", f"site{n}.example", ()) for n in range(1500)]
    collect = FakeCollectService(scrapers=many)
    app = collect_app(tmp_path, collect)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_source(app, pilot, "scraper")
        await pilot.click("#form-scraper")
        await until(pilot, lambda: isinstance(app.screen, PickScraper) and "bundled" in words(app, "#pick-origin"))
        assert app.screen.query_one(ScraperList).row_count == 1500
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "1,500 scrapers of the live list of 2026-11-22" in words(app, "#pick-origin"))
        app.screen.query_one("#pick-search", Input).value = "site7."
        await pilot.press("down")
        await until(pilot, lambda: app.screen.query_one(ScraperList).row_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, NewCollection))
        await until(pilot, lambda: "Site 7 products" in str(app.screen.query_one("#form-scraper", Button).label))


async def test_hostile_catalogue_entries_fields_and_examples_are_shown_as_written(tmp_path: Path) -> None:
    fields = tuple(ScraperInput(markup, place == 0, "text", EVERYTHING) for place, markup in enumerate(MARKUPS))
    scraper = Scraper("gd_evil", EVERYTHING, MARKUPS[0], (ScraperDoor(None, fields), ScraperDoor(EVERYTHING, fields)))
    app = collect_app(tmp_path, FakeCollectService(scrapers=[scraper]))
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await open_source(app, pilot, "scraper")
        await field(app, pilot, MARKUPS[1])
        await until(pilot, lambda: MARKUPS[2][:20] in on_screen(app))
        for row in app.screen.query(FieldRow):
            await pilot.click(row.query_one(".field-label"))
            row.query_one(Input).value = EVERYTHING
        await pilot.press("ctrl+n")
        app.screen.query_one("#form-paste", SafeTextArea).insert(f"{EVERYTHING}\n[/]\n{MARKUPS[0]}")
        await until(pilot, lambda: app.screen.query_one(InputTable).row_count == 3)
        await pilot.click("#form-table", offset=(10, 1))
        await pilot.click("#form-scraper")
        await until(pilot, lambda: isinstance(app.screen, PickScraper))
        await until(pilot, lambda: app.screen.query_one(ScraperList).row_count == 1)
        await pilot.click(ScraperList, offset=(3, 0))
        drawn = on_screen(app)
        assert not any(character in drawn for character in FORBIDDEN)
        assert app.is_running and app.return_value is None


async def test_files_are_looked_into_before_the_import_with_the_encoding_and_list_that_are_chosen(
    tmp_path: Path,
) -> None:
    for name in ("a.jsonl", "b.jsonl", "[@click=app.quit]c.jsonl"):
        (tmp_path / name).touch()
    hostile = FieldProfile(MARKUPS[0], {"text": 2}, 1, 2, (EVERYTHING,))
    imports = FakeImports(
        [
            make_preview(str(tmp_path / "a.jsonl"), fields=(hostile,)),
            make_preview(EVERYTHING, format=None, reason=EVERYTHING, encodings_possible=(), lists=()),
        ]
    )
    app = collect_app(tmp_path, FakeCollectService(), imports=imports)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_source(app, pilot, "files")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Name a file" in words(app, "#import-fault"))
        app.screen.query_one("#import-path", Input).value = str(tmp_path / "*.jsonl")
        await pilot.press("enter")
        chosen = app.screen.query_one(ChosenPaths)
        await until(pilot, lambda: len(chosen.paths) == 3)
        chosen.focus()
        await pilot.press("delete")
        assert [path.name for path in chosen.paths] == ["a.jsonl", "b.jsonl"]
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen.has_class("-preview"))
        drawn = on_screen(app)
        assert MARKUPS[0][:15] in drawn and not any(character in drawn for character in FORBIDDEN)
        app.screen.query_one("#import-encoding", Select).value = "cp1252"
        await until(pilot, lambda: imports.looked[-1]["encoding"] == "cp1252")
        app.screen.query_one("#import-list", Select).value = "data.rows"
        await until(pilot, lambda: imports.looked[-1]["list_path"] == "data.rows")
        await pilot.press("escape", "ctrl+s")
        await until(pilot, lambda: app.screen.has_class("-preview"))
        await pilot.press("ctrl+s", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, CollectScreen) and imports.ran)
        paths, said = imports.ran[0]
        assert len(imports.ran) == 1 and len(paths) == 2
        expected: dict[str, Any] = {"format": None, "encoding": "cp1252", "list_path": "data.rows"}
        assert said == expected
