"""The screen Collect on the real services, against the sandbox on a loopback socket with faults in front."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.servers.brightdata import Changed, FaultyBrightData, NeverReady, ResetAfterAccept
from tests.tui.fake_services import until
from tests.tui.hostile import EVERYTHING, FORBIDDEN, MARKUPS
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.settings import Settings
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.ask_path import complete
from webtune_tui.tui.modals.choose_snapshot import ChooseSnapshot
from webtune_tui.tui.modals.confirm import Confirm
from webtune_tui.tui.modals.import_files import ChosenPaths, ImportFiles
from webtune_tui.tui.modals.message import Message
from webtune_tui.tui.modals.new_collection import NewCollection
from webtune_tui.tui.modals.pick_scraper import PickScraper, ScraperList
from webtune_tui.tui.modals.pick_source import PickSource
from webtune_tui.tui.modals.record import RecordDetail
from webtune_tui.tui.screens.collect import CollectScreen
from webtune_tui.tui.widgets.collection_board import CollectionBoard
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.event_log import EventLog


@pytest.fixture(autouse=True)
def key_for_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIGHTDATA_API_TOKEN", "sandbox-key-1234567890")


def app_on(folder: Path, service: FaultyBrightData | None = None, **settings: object) -> WebtuneApp:
    url = {"brightdata_url": service.base_url} if service else {}
    return WebtuneApp(folder / "shop", Settings(**{"poll_seconds": 0.05} | url | settings))  # type: ignore[arg-type]


def screen_of(app: WebtuneApp) -> CollectScreen:
    return next(screen for screen in app._stage_screens() if isinstance(screen, CollectScreen))


def words(app: WebtuneApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


def form(app: WebtuneApp) -> NewCollection:
    assert isinstance(app.screen, NewCollection)
    return app.screen


def states(app: WebtuneApp) -> list[CollectionState]:
    return [collection.state for collection in screen_of(app)._known]


def shown_records(app: WebtuneApp) -> list[str]:
    records = screen_of(app).detail.records
    return ["".join(text for text, _ in records.row(place, 200)) for place in range(len(records.records))]


async def open_screen(app: WebtuneApp, pilot: Pilot[int]) -> None:
    await app.settled()
    await pilot.press("2")
    await app.settled()


async def open_form(app: WebtuneApp, pilot: Pilot[int]) -> None:
    await open_screen(app, pilot)
    await pilot.press("n")
    await until(pilot, lambda: isinstance(app.screen, PickSource))
    await pilot.press("1")
    await until(pilot, lambda: isinstance(app.screen, NewCollection) and "At most" in words(app, "#form-price"))


async def start_collection(app: WebtuneApp, pilot: Pilot[int]) -> None:
    await open_form(app, pilot)
    await pilot.press("ctrl+s")
    await until(pilot, lambda: "Confirmed" in words(app, "#form-price"))
    await pilot.press("ctrl+s")


async def import_chosen(app: WebtuneApp, pilot: Pilot[int]) -> None:
    """Looks into what is chosen where that is known, and imports it."""
    dialogue = app.screen
    await pilot.press("ctrl+s")
    await until(pilot, lambda: app.screen is not dialogue or dialogue.has_class("-preview"))
    if app.screen is dialogue:
        await pilot.press("ctrl+s")


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40)])
async def test_an_empty_workspace_says_what_to_do(tmp_path: Path, size: tuple[int, int]) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await open_screen(app, pilot)
        empty = app.screen.query_one(EmptyState)
        assert empty.display and not app.screen.query_one("#collect-main").display
        text = " ".join(str(part.content) for part in empty.query(Static))
        assert "n" in text and "new collection" in text and "import files" in text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_price_request_and_command_are_in_sight_and_follow_the_form(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    with FaultyBrightData() as service:
        app = app_on(tmp_path, service, cap_usd=2.0)
        async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
            await open_form(app, pilot)
            assert "$0.075" in words(app, "#form-price") and "sandbox" in words(app, "#form-price")
            assert "$2.00" in words(app, "#form-price")
            price = app.screen.query_one("#form-price")
            buttons = app.screen.query_one("#form-start")
            assert price.region.bottom <= size[1] and buttons.region.bottom <= size[1]
            assert "discover_by=best_sellers_url" in words(app, "#wire-request")
            assert "category_url" in words(app, "#wire-body")
            assert words(app, "#wire-command").startswith("webtune collect brightdata")
            app.screen.query_one("#form-limit", Input).value = "10"
            await until(pilot, lambda: "$0.015" in words(app, "#form-price"))
            assert "limit_per_input=10" in words(app, "#wire-request")
            app.screen.query_one("#form-limit", Input).value = "0"
            await until(pilot, lambda: "at least 1" in words(app, "#form-price"))
            assert app.screen.query_one("#form-confirm", Button).disabled
        assert service.requests["trigger"] == 0


async def test_a_changed_form_voids_the_confirmation(tmp_path: Path) -> None:
    with FaultyBrightData() as service:
        app = app_on(tmp_path, service)
        async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
            await open_form(app, pilot)
            assert form(app).query_one("#form-start", Button).disabled
            await pilot.click("#form-confirm")
            assert not form(app).query_one("#form-start", Button).disabled
            form(app).query_one("#form-most", Input).value = "20"
            await pilot.pause()
            assert form(app).query_one("#form-start", Button).disabled
            await until(pilot, lambda: "at most 20 records" in words(app, "#form-price"))
            assert "Confirmed" not in words(app, "#form-price")
            await pilot.click("#form-start")
            assert isinstance(app.screen, NewCollection)
        assert service.requests["trigger"] == 0


async def test_another_scraper_is_found_by_typing_and_brings_its_own_fields(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await open_form(app, pilot)
        await pilot.click("#form-scraper")
        await until(pilot, lambda: isinstance(app.screen, PickScraper) and app.screen.query_one(ScraperList).row_count)
        await pilot.press(*"zillow")
        await until(pilot, lambda: 0 < app.screen.query_one(ScraperList).row_count < 20)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, NewCollection))
        await until(pilot, lambda: "Zillow" in str(app.screen.query_one("#form-scraper", Button).label))
        await until(pilot, lambda: "Fill in" in words(app, "#form-price"))
        assert form(app).query_one("#form-confirm", Button).disabled


async def test_a_confirmed_collection_is_sent_once_and_its_records_arrive(tmp_path: Path) -> None:
    with FaultyBrightData() as service:
        app = app_on(tmp_path, service)
        async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
            await start_collection(app, pilot)
            await until(pilot, lambda: states(app) == [CollectionState.READY])
            await until(pilot, lambda: len(shown_records(app)) > 10)
            await app.settled()
            status = words(app, "#collect-status")
            assert "ready" in status and "sandbox" in status and "snapshot" in status and "charged" in status
            await pilot.press("l")
            await until(pilot, lambda: "Stored" in app.screen.query_one(EventLog).plain)
            await until(pilot, lambda: app.overview is not None and app.overview.stages[1].state == "done")
            assert app.screen.query_one(CollectionBoard).has_focus
        assert service.requests["trigger"] == 1


async def test_hostile_records_are_shown_as_written_and_clicks_on_them_only_open_them(tmp_path: Path) -> None:
    titles = [*MARKUPS, EVERYTHING]

    def hostile(rows: list[dict[str, object]]) -> list[dict[str, object]]:
        return [{**rows[0], "asin": f"B0HOSTIL{place:02d}", "title": title} for place, title in enumerate(titles)]

    with FaultyBrightData() as service:
        service.always("snapshot", Changed(hostile))  # type: ignore[arg-type]  # rows are plain JSON objects
        app = app_on(tmp_path, service)
        async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
            await start_collection(app, pilot)
            await until(
                pilot, lambda: states(app) == [CollectionState.READY] and len(shown_records(app)) == len(titles)
            )
            for title, shown in zip(MARKUPS, shown_records(app), strict=False):
                assert title in shown
            assert not any(character in "".join(shown_records(app)) for character in FORBIDDEN)
            for place in range(len(titles)):
                await pilot.click("#pane-records", offset=(4, place))
            await pilot.click("#pane-records", offset=(4, titles.index(EVERYTHING)), times=2)
            await until(pilot, lambda: isinstance(app.screen, RecordDetail))
            for column in range(4, 60, 14):
                await pilot.click("RecordDetail .dialog-box", offset=(column, 6))
            assert isinstance(app.screen, RecordDetail)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, CollectScreen))
            assert app.is_running and app.return_value is None


async def test_a_collection_left_behind_goes_on_with_r_and_is_never_sent_again(tmp_path: Path) -> None:
    with FaultyBrightData() as service:
        service.always("progress", NeverReady())
        app = app_on(tmp_path, service)
        async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
            await start_collection(app, pilot)
            await until(pilot, lambda: service.requests["progress"] > 2)
            app.exit(0)
        service.always("progress", None)
        again = app_on(tmp_path, service)
        async with again.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
            await again.settled()
            await pilot.press("u")
            await again.settled()
            assert states(again) == [CollectionState.RUNNING]
            await pilot.press("r")
            await until(pilot, lambda: states(again) == [CollectionState.READY])
        assert service.requests["trigger"] == 1


async def test_a_lost_reply_is_told_and_looked_up_instead_of_sent_again(tmp_path: Path) -> None:
    with FaultyBrightData() as service:
        service.on("trigger", ResetAfterAccept())
        app = app_on(tmp_path, service)
        async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
            await start_collection(app, pilot)
            await until(pilot, lambda: isinstance(app.screen, Message))
            await pilot.press("enter")
            await until(pilot, lambda: states(app) == [CollectionState.UNKNOWN])
            await until(pilot, lambda: not screen_of(app)._known.has_live)
            await pilot.press("r")
            await until(pilot, lambda: states(app) == [CollectionState.READY])
        assert service.requests["trigger"] == 1


async def test_cancelling_asks_and_shows_the_true_state(tmp_path: Path) -> None:
    with FaultyBrightData() as service:
        service.always("progress", NeverReady())
        app = app_on(tmp_path, service, poll_seconds=0.3)
        async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
            await start_collection(app, pilot)
            await until(pilot, lambda: service.requests["progress"] > 0)
            await pilot.press("x")
            await until(pilot, lambda: isinstance(app.screen, Confirm))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, CollectScreen))
            assert service.requests["cancel"] == 0
            await pilot.press("x")
            await until(pilot, lambda: isinstance(app.screen, Confirm))
            await pilot.click("#confirm-yes")
            await until(pilot, lambda: service.requests["cancel"] == 1)


async def test_an_unknown_snapshot_to_adopt_is_refused_in_words(tmp_path: Path) -> None:
    with FaultyBrightData() as service:
        app = app_on(tmp_path, service)
        async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
            await open_screen(app, pilot)
            await pilot.press("a")
            await until(pilot, lambda: isinstance(app.screen, ChooseSnapshot))
            app.screen.query_one(Input).value = "s_nosuch"
            await pilot.press("enter")
            await until(pilot, lambda: app._notifications or isinstance(app.screen, Message))
            told = "".join(note.message for note in app._notifications)
            told += app.screen.text if isinstance(app.screen, Message) else ""
            assert "s_nosuch" in told


async def test_files_are_imported_and_what_was_rejected_is_told(tmp_path: Path) -> None:
    rows = tmp_path / "rows[@click=app.quit]x.jsonl"
    rows.write_text('{"title": "one", "text": "first"}\nnot json\n{"title": "two", "text": "second"}\n')
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_screen(app, pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, ImportFiles))
        await pilot.press(*"/nowhere/at/all", "enter")
        await until(pilot, lambda: "There is no" in words(app, "#import-fault"))
        app.screen.query_one(Input).value = str(rows)
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen.query_one("#import-chosen", ChosenPaths).paths) == 1)
        await import_chosen(app, pilot)
        await until(pilot, lambda: states(app) == [CollectionState.READY])
        await until(pilot, lambda: len(shown_records(app)) == 2)
        assert any("1 rejected" in note.message for note in app._notifications)
        await pilot.press("R")
        await until(pilot, lambda: screen_of(app).detail.rejects.row_count == 1)
        told = "".join(text for text, _ in screen_of(app).detail.rejects.row(0, 100))
        assert "x.jsonl:2" in told and "not valid JSON" in told
        assert "rejects.jsonl" in words(app, "#empty-rejects")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Message))
        told = " ".join(str(part.content) for part in app.screen.query(Static))
        assert "x.jsonl, line 2" in told and "not json" in told


async def test_a_file_that_gives_nothing_is_told_and_the_screen_stays_as_it_was(tmp_path: Path) -> None:
    rows = tmp_path / "empty.jsonl"
    rows.write_text("not json\n")
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_screen(app, pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, ImportFiles))
        app.screen.query_one(Input).value = str(rows)
        await import_chosen(app, pilot)
        await until(pilot, lambda: isinstance(app.screen, Message))
        await pilot.press("enter")
        await until(pilot, lambda: not screen_of(app)._known.has_live)
        title = screen_of(app).query_one(EmptyState).query_one(".empty-title", Static)
        assert not len(screen_of(app)._known) or states(app) == [CollectionState.FAILED]
        assert "No records yet" in str(title.content)


async def test_a_path_is_completed_from_what_lies_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "rows.csv").touch()
    (tmp_path / ".hidden").touch()
    assert complete(str(tmp_path / "rec")) == f"{tmp_path / 'records'}/"
    assert complete(str(tmp_path / "ro")) == str(tmp_path / "rows.csv")
    assert complete(f"{tmp_path}/") == f"{tmp_path / 'records'}/"
    assert complete(str(tmp_path / "zzz")) is None
    assert complete("") is None


async def test_panes_take_turns_in_a_narrow_window_and_the_state_is_beside_them_in_a_wide_one(
    tmp_path: Path,
) -> None:
    with FaultyBrightData() as service:
        app = app_on(tmp_path, service)
        async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
            await start_collection(app, pilot)
            await until(pilot, lambda: states(app) == [CollectionState.READY])
            await app.settled()
            screen = app.screen
            assert screen.query_one("#pane-records").region.height > 5
            assert not screen.query_one("#collect-side").display
            await pilot.press("l")
            await pilot.pause()
            assert screen.query_one("#pane-log").region.height > 5
            await pilot.press("l", "left_square_bracket")
            await pilot.pause()
            assert screen.query_one("#pane-status").region.height > 5
            await pilot.press("right_square_bracket")
            await pilot.resize_terminal(120, 40)
            await pilot.pause()
            assert screen.query_one("#collect-side").region.height > 10
            assert screen.query_one("#pane-records").region.height > 10


async def test_the_board_is_filtered_while_one_types_and_esc_brings_all_back(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "shop", command="test") as workspace:
        repository = CollectionRepository(workspace.database)
        for place, label in enumerate(("Amazon products", "Zillow", "rows.csv")):
            when = f"2026-11-22T13:00:0{place}.000Z"
            repository.add(Collection(f"c{place}", "files", label, CollectionState.READY, when, when, records=3, new=3))
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_screen(app, pilot)
        board = app.screen.query_one(CollectionBoard)
        assert board.row_count == 3
        await pilot.press("slash", *"zil")
        await until(pilot, lambda: board.row_count == 1)
        assert str(board.border_subtitle).startswith("1 of 3")
        await pilot.press("enter")
        assert board.has_focus and board.current is not None and board.current.label == "Zillow"
        await pilot.press("escape")
        await until(pilot, lambda: board.row_count == 3)
        assert not app.screen.query_one("#collect-filter").display
