"""The shell of the app: screens by key, header, help, palette, themes, quitting, read-only, failures."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.style import Style
from tests.tui.fake_services import until
from tests.tui.hostile import ESCAPES, EVERYTHING, FORBIDDEN, MARKUPS
from textual.color import Color
from textual.command import CommandPalette
from textual.events import Callback
from textual.strip import Strip
from textual.widgets import Static
from textual.widgets._toast import Toast
from textual.worker import WorkerState

from webtune_tui.domain.credentials import Secret
from webtune_tui.domain.errors import Offline, StorageFailed
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.settings import Settings
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui import terminal_net
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.help import Help
from webtune_tui.tui.modals.message import Message
from webtune_tui.tui.modals.quit import Quit
from webtune_tui.tui.presentation.stages import stages
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.widgets.notices import Notices
from webtune_tui.tui.widgets.path_bar import PathBar, StageTab

SIZES = [(60, 16), (80, 24), (120, 40), (200, 60)]


def app_on(folder: Path, settings: Settings | None = None) -> WebtuneApp:
    return WebtuneApp(folder / "shop", settings or Settings())


def words_of(app: WebtuneApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


def on_screen(app: WebtuneApp) -> str:
    """Every character cell of the present frame, as drawn."""
    lines = app.screen._compositor.render_strips(app.size)
    return "\n".join("".join(segment.text for segment in line) for line in lines)


def stage(app: WebtuneApp) -> StageScreen:
    assert isinstance(app.screen, StageScreen)
    return app.screen


def put_collection(folder: Path, state: CollectionState, label: str = "Amazon products") -> None:
    with Workspace.open(folder / "shop", command="test") as workspace:
        when = "2026-11-22T13:00:00.000Z"
        CollectionRepository(workspace.database).add(
            Collection("c1", "brightdata", label, state, when, when, snapshot_id="s1", address="http://127.0.0.1:9")
        )


async def test_the_keys_1_to_5_open_the_screens_of_the_path(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(notifications=True, tooltips=True) as pilot:
        await app.settled()
        seen = []
        for one in stages():
            await pilot.press(one.key)
            await app.settled()
            screen = stage(app)
            assert (screen.name, screen.TITLE, screen.KEY) == (one.name, one.title, one.key)
            seen.append(screen.ORDER)
        assert seen == [1, 2, 3, 4, 5]


async def test_a_screen_is_the_same_when_one_comes_back(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("1")
        first = app.screen
        await pilot.press("2")
        await pilot.press("1")
        assert app.screen is first


async def test_a_stage_in_the_header_opens_its_screen_on_a_click(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.click("#tab-credentials")
        await app.settled()
        assert app.screen.name == "credentials"


async def test_a_new_workspace_begins_where_records_come_from(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(notifications=True, tooltips=True):
        await app.settled()
        assert app.screen.name == "collect"
        assert "Collect records, or import files" in words_of(app, "#path-next")


@pytest.mark.parametrize("size", SIZES)
async def test_the_header_fits_its_line_and_names_as_many_stages_as_it_can(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.pause()
        tabs = list(app.screen.query(StageTab))
        titles = ["Credentials", "Collect", "Dataset", "Fine-tune", "Chat"]
        shown = [title for tab, title in zip(tabs, titles, strict=True) if title in str(tab.content)]
        assert shown == (titles if size[0] >= 80 else ["Collect"])
        assert [str(tab.content)[0] for tab in tabs] == list("12345")
        assert max(tab.region.right for tab in tabs) <= size[0]
        assert sum(tab.has_class("-here") for tab in tabs) == 1


async def test_help_tells_what_the_screen_is_for_and_its_keys(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        for key in ("question_mark", "f1"):
            await pilot.press("2", key)
            assert isinstance(app.screen, Help)
            assert "New collection: scraper, pages, search, marketplace or files" in [
                words for _, words in app.screen.screen_keys
            ]
            assert app.screen.query_one("#help-close").region.bottom <= 24
            await pilot.press("escape")
            assert app.screen.name == "collect"


async def test_the_palette_offers_screens_themes_and_the_actions_of_the_screen(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("2")
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert {f"Go to {one.title}" for one in stages()} <= set(titles)
        assert {"Collect: Import", "Theme: dark", "Theme: light", "Quit"} <= set(titles)
        await pilot.press("ctrl+p")
        assert isinstance(app.screen, CommandPalette)


async def test_a_chosen_theme_is_kept_in_the_workspace_with_the_rest_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shop" / "webtune.toml"
    file.parent.mkdir(mode=0o700)
    file.write_text("# mine\n[money]\ncap_usd = 3.0  # enough\n")
    app = app_on(tmp_path)
    async with app.run_test(notifications=True, tooltips=True) as pilot:
        await app.settled()
        app.theme = "webtune-light"
        await until(pilot, lambda: 'theme = "webtune-light"' in file.read_text())
    assert file.read_text().startswith("# mine\n[money]\ncap_usd = 3.0  # enough\n")


async def test_settings_choose_the_theme_and_an_unknown_one_falls_back(tmp_path: Path) -> None:
    assert app_on(tmp_path, Settings(theme="webtune-light")).theme == "webtune-light"
    assert app_on(tmp_path, Settings(theme="gone")).theme == "webtune-dark"


@pytest.mark.parametrize("theme", ["webtune-dark", "webtune-light"])
def test_words_stand_out_from_their_ground_in_our_themes(tmp_path: Path, theme: str) -> None:
    app = app_on(tmp_path, Settings(theme=theme))
    colours = app.get_css_variables()
    for words in ("foreground", "text-muted", "primary", "success", "warning", "error", "accent"):
        for ground in ("background", "surface", "panel"):
            contrast = contrast_ratio(Color.parse(colours[words]), Color.parse(colours[ground]))
            assert contrast >= 4.0, (words, ground, contrast)


async def test_quitting_with_nothing_under_way_just_ends(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("ctrl+q")
    assert app.return_value == 0


async def test_quitting_says_what_goes_on_and_can_be_taken_back(tmp_path: Path) -> None:
    put_collection(tmp_path, CollectionState.RUNNING)
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, Quit))
        assert isinstance(app.screen, Quit)
        assert any("Amazon products" in line for line in app.screen.goes_on)
        await pilot.press("escape")
        assert not isinstance(app.screen, Quit) and app.is_running
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, Quit))
        await pilot.press("ctrl+q")
    assert app.return_value == 0


async def test_work_that_stops_with_the_app_is_named_apart(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    going = asyncio.Event()

    async def endless() -> AsyncIterator[int]:
        going.set()
        await asyncio.Event().wait()
        yield 0

    async with app.run_test(notifications=True, tooltips=True) as pilot:
        await app.settled()
        stage(app).follow(endless(), lambda _: None, group="test", label="Importing rows.csv", survives=False)
        await going.wait()
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, Quit))
        assert isinstance(app.screen, Quit)
        assert app.screen.stops == ["Importing rows.csv"]


async def test_unfinished_work_is_offered_at_the_start_and_its_key_leads_there(tmp_path: Path) -> None:
    put_collection(tmp_path, CollectionState.RUNNING)
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("5")
        notice = app.screen.query_one(Notices)
        assert notice.display and "Amazon products" in str(notice.content)
        assert notice.region.y == app.screen.query_one(PathBar).region.bottom
        await pilot.press("u")
        await app.settled()
        assert app.screen.name == "collect" and not app.screen.query_one(Notices).display


async def test_a_second_app_is_read_only_and_names_the_holder(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "shop", command="webtune train"):
        app = app_on(tmp_path)
        async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
            await app.settled()
            await pilot.press("2")
            await pilot.pause()
            text = on_screen(app)
            assert "read-only" in text and "webtune train (pid" in text and "since" in text
            bindings = {active.binding.action: active.enabled for active in app.screen.active_bindings.values()}
            assert bindings["new"] is False and bindings["import_files"] is False
            await pilot.press("n")
            assert app.screen.name == "collect"


async def test_a_read_only_app_offers_to_write_once_the_holder_is_gone(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    app.may_open_anew = True
    with Workspace.open(tmp_path / "shop", command="webtune train"):
        running = app.run_test(size=(80, 24), notifications=True, tooltips=True)
        pilot = await running.__aenter__()
        await app.settled()
        await pilot.press("3", "W")
        await app.look_for_holder()
        assert not app.place.is_free and not app.opens_anew
    try:
        await app.look_for_holder()
        await pilot.pause()
        assert "nobody else writes any more; W opens it for writing." in on_screen(app)
        await pilot.press("W")
        await pilot.pause()
        assert app.opens_anew and app.current_mode == "dataset" and app.return_code == 0
    finally:
        await running.__aexit__(None, None, None)


@pytest.mark.parametrize("size", [(59, 24), (80, 15), (20, 5)])
async def test_a_window_that_is_too_small_says_so_politely(tmp_path: Path, size: tuple[int, int]) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.pause()
        assert app.screen.query_one("#too-small").display
        assert not app.screen.query_one("#body").display
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert not app.screen.query_one("#too-small").display and app.screen.query_one("#body").display


async def test_a_small_failure_is_a_passing_message(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(notifications=True, tooltips=True) as pilot:
        await app.settled()
        stage(app).launch(failing(Offline("No way out " + EVERYTHING, hint="Check the cable.")), "fail")
        await until(pilot, lambda: len(app.screen.query(Toast)) == 1)
        text = "".join(note.message for note in app._notifications)
        assert "No way out" in text and "Check the cable." in text
        assert not any(character in text for character in FORBIDDEN)


async def test_a_failure_is_a_dialogue_with_cause_next_step_and_details(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        error = StorageFailed("The disk said " + EVERYTHING, hint="Look at it.", fields={"path": "/x"})
        stage(app).launch(failing(error), "fail")
        await until(pilot, lambda: isinstance(app.screen, Message))
        assert isinstance(app.screen, Message)
        assert "The disk said" in app.screen.text and app.screen.hint == "Look at it."
        assert "storage_failed" in app.screen.details and "/x" in app.screen.details
        for markup in MARKUPS:
            assert markup in app.screen.text
        await pilot.press("enter")
        assert isinstance(app.screen, StageScreen)


async def test_an_expected_error_in_a_handler_does_not_end_the_app(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(notifications=True, tooltips=True) as pilot:
        await app.settled()
        for node in (app, app.screen):
            node.post_message(
                Callback(callback=failing(StorageFailed(f"The disk of {node} is gone", hint="Plug it in.")))
            )
            await until(pilot, lambda: isinstance(app.screen, Message))
            await pilot.press("escape")
            assert isinstance(app.screen, StageScreen)
        await pilot.press("1")
        assert app.screen.name == "credentials"


async def test_a_fault_of_ours_leaves_a_private_report_without_keys_and_ends_with_70(
    tmp_path: Path, home_of_its_own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = app_on(tmp_path)

    async def fault() -> None:
        api_key = "sk-verysecretverysecret1234"
        secret = Secret(api_key)
        raise RuntimeError(f"bad thing with Bearer {api_key}\x1b]0;T\x07" + repr(secret))

    with pytest.raises(RuntimeError):
        async with app.run_test(notifications=True, tooltips=True) as pilot:
            await app.settled()
            stage(app).launch(fault, "fail")
            await until(pilot, lambda: app._exception is not None)
    assert app.return_code == 70
    printed = capsys.readouterr()
    shown = printed.err + printed.out
    unwrapped = shown.replace("\n", "")
    assert "a fault of its own" in unwrapped and "crash-" in unwrapped
    assert "verysecret" not in shown and "\x1b]0" not in shown and "api_key" not in shown
    reports = list(home_of_its_own.rglob("crash-*.txt"))
    assert len(reports) == 1 and reports[0].stat().st_mode & 0o777 == 0o600
    assert "verysecret" not in reports[0].read_text() and "RuntimeError" in reports[0].read_text()


@pytest.mark.parametrize("markup", MARKUPS)
async def test_a_message_shows_outside_text_as_written_and_a_click_on_it_does_nothing(
    tmp_path: Path, markup: str
) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await app.settled()
        app.notify(markup, title=markup)
        await until(pilot, lambda: len(app.screen.query(Toast)) == 1)
        await until(pilot, lambda: markup in on_screen(app))
        await pilot.click(Toast)
        await pilot.pause()
        assert app.is_running and app.return_value is None


def test_the_net_lets_no_control_byte_through_and_keeps_plain_text() -> None:
    terminal_net.install()
    rendered = Strip.render_style(Style(bold=True), f"plain {ESCAPES}\n", color_system=1)
    inside = re.sub(r"^\x1b\[[0-9;]*m|\x1b\[0m$", "", rendered)
    assert "plain" in inside and not any(character in inside for character in (*FORBIDDEN, "\n"))
    link = Strip.render_style(Style(link="http://x/\x1b]0;T\x07"), "text", color_system=1)
    assert "]0;T" not in link


def test_the_first_frame_loads_no_network_no_sdk_no_keyring_and_no_service(tmp_path: Path) -> None:
    program = """
import asyncio, json, sys
from pathlib import Path
from webtune_tui.settings import Settings
from webtune_tui.tui.app import WebtuneApp
HEAVY = ("httpx", "httpx2", "openai", "pydantic", "keyring", "sqlite3", "torch", "plotext", "webtune_tui.bootstrap")
seen = []
class Watched(WebtuneApp):
    def _display(self, screen, renderable):
        if renderable is not None and not seen:
            seen.append([name for name in HEAVY if name in sys.modules])
        super()._display(screen, renderable)
async def main():
    app = Watched(Path(sys.argv[1]), Settings())
    async with app.run_test():
        await app.settled()
asyncio.run(main())
print(json.dumps(seen))
"""
    script = tmp_path / "first_frame.py"
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, script, tmp_path / "shop"], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout) == [[]]


def contrast_ratio(first: Color, second: Color) -> float:
    """The contrast of two colours as WCAG 2 defines it: 1 to 21."""

    def luminance(colour: Color) -> float:
        parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def failing(error: Exception):  # type: ignore[no-untyped-def]  # a coroutine function that always raises
    async def work() -> None:
        raise error

    return work


async def test_a_worker_that_finds_its_widgets_gone_with_the_app_is_no_fault(tmp_path: Path) -> None:
    app = app_on(tmp_path)

    async def look_too_late() -> None:
        while not app.is_leaving:
            await asyncio.sleep(0)
        app.query_one("#gone")

    async with app.run_test(size=(80, 24)):
        await app.settled()
        worker = app.run_worker(look_too_late())
    assert worker.state is WorkerState.ERROR and app.return_code != 70
