"""From an example to its record, bytes, page and collection, and back, on the real app and services."""

from __future__ import annotations

import json
import shutil
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.tui.fake_services import until
from tests.tui.hostile import EVERYTHING, FORBIDDEN, MARKUPS
from tests.unit.services.deliveries import bring
from tests.unit.services.prepared import make_prepared
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from webtune_tui.settings import Settings
from webtune_tui.storage.deletion import CollectionDeletion
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.confirm import Confirm
from webtune_tui.tui.modals.lineage import Lineage
from webtune_tui.tui.modals.record import RecordDetail, web_address
from webtune_tui.tui.screens.collect import CollectScreen
from webtune_tui.tui.screens.dataset import DatasetScreen
from webtune_tui.tui.widgets.dropped_records import DroppedList
from webtune_tui.tui.widgets.example_detail import ExampleDetail
from webtune_tui.tui.widgets.example_table import ExampleTable
from webtune_tui.tui.widgets.record_list import RecordList
from webtune_tui.tui.widgets.styled_lines import StyledLines


class WatchedApp(WebtuneApp):
    """Keeps the addresses that it is asked to open."""

    opened: list[str]

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        self.opened.append(url)


def app_on(root: Path) -> WatchedApp:
    app = WatchedApp(root, Settings())
    app.opened = []
    return app


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_prepared(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def root(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path / "shop")


async def open_stage(app: WebtuneApp, pilot: Pilot[int], key: str) -> None:
    await app.settled()
    await pilot.press(key)
    await app.settled()


def text(app: WebtuneApp) -> str:
    return app.screen.query_one("#record-text", StyledLines).plain_text


def on_screen(app: WebtuneApp) -> str:
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def uses(app: WebtuneApp) -> list[str]:
    options = app.screen.query_one("#record-uses", OptionList)
    return [str(options.get_option_at_index(place).prompt) for place in range(options.option_count)]


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.slow)])
async def test_from_an_example_to_its_bytes_its_collection_and_back(root: Path, size: tuple[int, int]) -> None:
    app = app_on(root)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await open_stage(app, pilot, "3")
        await until(pilot, lambda: app.screen.query_one(ExampleTable).current is not None)
        await pilot.press("down", "down", "o")
        await until(pilot, lambda: isinstance(app.screen, RecordDetail) and "https://shop.example/" in text(app))
        example = app._stage_screens()[-1].query_one(ExampleTable).current
        assert example is not None and "0001-rows.jsonl" in text(app).replace("\n", "")
        await pilot.press("r")
        await until(pilot, lambda: '{"asin": "B0' in text(app))
        await pilot.press("p")
        assert any("No page of its own" in note.message for note in app._notifications)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, CollectScreen))
        await until(pilot, lambda: app.screen.query_one("#pane-records", RecordList).row_count == 14)
        await pilot.press("enter", "end", "enter")
        await until(pilot, lambda: isinstance(app.screen, RecordDetail) and "shop.example/13" in text(app))
        await pilot.press("x")
        await until(pilot, lambda: len(uses(app)) == 2)
        assert "1 example of" in uses(app)[0]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DatasetScreen))
        detail = app.screen.query_one(ExampleDetail)
        await until(pilot, lambda: "https://shop.example/13" in detail.plain_text)
        row = app.screen.query_one(ExampleTable).current
        assert row is not None and detail.example is not None and row.example_id == detail.example.example_id


async def test_an_example_is_found_again_under_a_filter_that_hid_it(root: Path) -> None:
    app = app_on(root)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_stage(app, pilot, "3")
        await until(pilot, lambda: app.screen.query_one(ExampleTable).row_count == 14)
        await pilot.press("slash", *"zzzz", "enter")
        await until(pilot, lambda: app.screen.query_one(ExampleTable).row_count == 0)
        assert app.services is not None and isinstance(app.screen, DatasetScreen)
        wanted = (await app.services.curate.page()).examples[9].example_id
        await app.screen.reveal(wanted)
        await until(pilot, lambda: app.screen.query_one(ExampleDetail).example is not None)
        table = app.screen.query_one(ExampleTable)
        assert (table.row_count, table.cursor, table.current and table.current.example_id) == (14, 9, wanted)
        await app.screen.reveal("ex-nosuch")
        assert "not in the working version" in str(app.screen.query_one("#dataset-status", Static).content)


async def test_a_dropped_record_is_opened_and_says_why_it_makes_no_example(tmp_path: Path) -> None:
    rows = [{"k": f"k{n}", "title": f"Title {n}", "description": ""} for n in range(3)]
    with Workspace.open(tmp_path / "shop", command="test") as workspace:
        bring(workspace, "c1", rows)
    app = app_on(tmp_path / "shop")
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_stage(app, pilot, "3")
        assert app.services is not None
        async with aclosing(app.services.prepare.run()) as events:
            async for _ in events:
                pass
        await open_stage(app, pilot, "2")
        await open_stage(app, pilot, "3")
        await pilot.press("D")
        await until(pilot, lambda: app.screen.query_one(DroppedList).row_count == 3)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, RecordDetail) and "Title 0" in text(app))
        await pilot.press("x")
        await until(pilot, lambda: any("No example of" in row and "empty" in row for row in uses(app)))


async def test_an_example_of_a_deleted_collection_says_so(root: Path) -> None:
    with Workspace.open(root, command="test") as workspace:
        (collection,) = workspace.raw_folder("x").parent.iterdir()
        CollectionDeletion(workspace.database).delete(collection.name, lambda done, total: None)
    app = app_on(root)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_stage(app, pilot, "3")
        await until(pilot, lambda: app.screen.query_one(ExampleTable).current is not None)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, Lineage))
        row = str(app.screen.query_one(OptionList).get_option_at_index(0).prompt)
        assert f"was deleted with collection {collection.name}" in row and "rows.jsonl" in row
        await pilot.press("escape", "enter")
        detail = app.screen.query_one(ExampleDetail)
        await until(pilot, lambda: "was deleted with collection" in " ".join(detail.plain_text.split()))


async def test_versions_and_other_deliveries_of_a_record_are_opened_too(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "shop", command="test") as workspace:
        bring(workspace, "c1", [{"k": "a", "title": "old words"}], created_at="2026-11-22T13:00:00.000Z")
        bring(workspace, "c2", [{"k": "a", "title": "new words"}], created_at="2026-11-22T14:00:00.000Z")
        bring(workspace, "c3", [{"k": "a", "title": "new words"}], created_at="2026-11-22T15:00:00.000Z")
    app = app_on(tmp_path / "shop")
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_stage(app, pilot, "2")
        await pilot.press("down", "enter", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, RecordDetail) and "new words" in text(app))
        await pilot.press("x")
        await until(pilot, lambda: len(uses(app)) == 3)
        assert "no dataset yet" in uses(app)[0] and "record 0 of c1" in uses(app)[1] and "c3" in uses(app)[2]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RecordDetail) and "old words" in text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.query_one("#record-uses", OptionList).has_focus)
        await pilot.press("end", "enter")
        await until(pilot, lambda: isinstance(app.screen, CollectScreen))
        assert app.screen.board.current is not None and app.screen.board.current.collection_id == "c3"


@pytest.mark.parametrize("size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.slow)])
async def test_hostile_records_do_nothing_on_any_side(tmp_path: Path, size: tuple[int, int]) -> None:
    url = f"https://shop.example/{EVERYTHING}" + "x" * 300
    rows = [{"k": "a", "title": EVERYTHING, "url": url}, {"k": "b", "title": "b"}]
    with Workspace.open(tmp_path / "shop", command="test") as workspace:
        bring(workspace, f"c1{MARKUPS[2][:3]}", rows)
        folder = workspace.raw_folder(f"c1{MARKUPS[2][:3]}")
        raw = folder / "records.ndjson"
        raw.write_bytes(raw.read_bytes().replace(json.dumps("\x1b")[1:-1].encode(), b"\x1b"))
        (folder / "page.html").write_text(f"<p>page {EVERYTHING}")
        with workspace.database.write() as connection:
            connection.execute(
                "INSERT INTO pages (collection_id, position, url, state, raw_file)"
                " VALUES (?, 0, ?, 'done', 'page.html')",
                (folder.name, url),
            )
    app = app_on(tmp_path / "shop")
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await open_stage(app, pilot, "2")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, RecordDetail) and "records.ndjson" in text(app))
        for key, mark in (("f", "[@click=app.quit]"), ("r", "changed"), ("p", "page ["), ("f", "shop.example")):
            await pilot.press(key)
            await until(pilot, lambda mark=mark: mark in text(app).replace("\n", ""))
            await pilot.pause()
            assert not any(character in on_screen(app) for character in FORBIDDEN)
            for y in range(3, size[1] - 3, 5):
                await pilot.click(offset=(size[0] // 2, y))
        assert "x" * 300 in text(app).replace("\n", "")  # the address is shown whole
        await pilot.press("o")
        await until(pilot, lambda: any("no web address" in note.message for note in app._notifications))
        assert app.opened == [] and app.is_running and isinstance(app.screen, RecordDetail)


async def test_an_address_is_opened_only_after_a_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    with Workspace.open(tmp_path / "shop", command="test") as workspace:
        bring(workspace, "c1", [{"k": "a", "title": "one", "url": "https://shop.example/a?b=[c]"}])
    app = app_on(tmp_path / "shop")
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_stage(app, pilot, "2")
        await pilot.press("enter", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, RecordDetail))
        for answer, opened in (("enter", []), ("yes", ["https://shop.example/a?b=[c]"])):
            await pilot.press("o")
            await until(pilot, lambda: isinstance(app.screen, Confirm))
            assert app.opened == [] and "https://shop.example/a?b=[c]" in on_screen(app)
            if answer == "yes":
                await pilot.click("#confirm-yes")
            else:
                await pilot.press(answer)
            await until(pilot, lambda opened=opened: isinstance(app.screen, RecordDetail) and app.opened == opened)


def test_only_plain_web_addresses_can_be_opened() -> None:
    assert web_address("https://shop.example/a?b=c#d") and web_address("http://127.0.0.1:8000/")
    for wrong in (
        None, "", "javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "https://", "//shop.example",
        "https://shop.example/\x1b", "https://shop.example/\u202e", "https://a b", "https://me:secret@shop.example",
        "https://[::1", "-flag",
    ):  # fmt: skip
        assert web_address(wrong) is None, wrong
