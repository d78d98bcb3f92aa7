"""The screen Credentials on the real accounts service, with keys of the environment and of this session."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.servers.brightdata import FaultyBrightData, unauthorized
from tests.tui.fake_services import until
from tests.tui.hostile import EVERYTHING, FORBIDDEN
from textual.widgets import DataTable, Input, RadioSet, Static

from webtune_tui.domain.credentials import KeySource
from webtune_tui.settings import ProviderSettings, Settings
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.confirm import Confirm
from webtune_tui.tui.modals.set_key import SetKey
from webtune_tui.tui.screens.credentials import CredentialsScreen

KEY = "sandbox-key-1234567890"


def app_on(folder: Path, settings: Settings | None = None) -> WebtuneApp:
    return WebtuneApp(folder / "shop", settings or Settings())


def screen_of(app: WebtuneApp) -> CredentialsScreen:
    assert isinstance(app.screen, CredentialsScreen)
    return app.screen


def rows(app: WebtuneApp) -> list[list[str]]:
    table = screen_of(app).query_one(DataTable)
    return [[str(cell) for cell in table.get_row_at(place)] for place in range(table.row_count)]


def row(app: WebtuneApp, title: str) -> list[str]:
    return next(cells for cells in rows(app) if cells[0] == title)


def detail(app: WebtuneApp) -> str:
    return str(screen_of(app).query_one("#credentials-detail", Static).content)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_every_service_stands_in_the_table_with_its_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefghijklmnop9876")
    app = app_on(tmp_path)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("1")
        await until(pilot, lambda: len(rows(app)) == 6)
        assert row(app, "OpenAI")[1:] == ["● not checked", "environment", "…9876", "api.openai.com"]
        assert row(app, "Bright Data")[1] == "○ no key"
        assert screen_of(app).query_one(DataTable).region.bottom <= size[1]
        assert "no account" in str(screen_of(app).query_one("#credentials-intro", Static).content)
        assert "keyring" in detail(app)


async def test_a_key_is_set_without_being_shown_and_kept_for_the_session(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("1", "s")
        await until(pilot, lambda: isinstance(app.screen, SetKey))
        field = app.screen.query_one(Input)
        assert field.password and field.has_focus
        await pilot.press("enter")
        assert isinstance(app.screen, SetKey)
        field.value = KEY
        await until(pilot, lambda: app.screen.query_one(RadioSet).pressed_index == 1)
        assert KEY not in app.export_screenshot()
        await pilot.press("enter")
        await until(pilot, lambda: row(app, "Bright Data")[2] == "this session")
        assert row(app, "Bright Data")[3] == "…7890"
        assert KEY not in app.export_screenshot()
    assert not any(KEY in path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())


async def test_a_keyring_that_fails_leads_to_the_session_only_after_asking(tmp_path: Path) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("1", "s")
        await until(pilot, lambda: isinstance(app.screen, SetKey))
        app.screen.query_one(Input).value = KEY
        app.screen.query("RadioButton").first().value = True  # type: ignore[attr-defined]  # the keyring
        await pilot.pause()
        await pilot.click("#set-key-keep")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert isinstance(app.screen, Confirm) and "keyring" in app.screen.question
        await pilot.click("#confirm-no")
        await until(pilot, lambda: isinstance(app.screen, CredentialsScreen))
        assert row(app, "Bright Data")[1] == "○ no key"


async def test_checking_asks_the_service_and_shows_whether_the_key_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIGHTDATA_API_TOKEN", KEY)
    with FaultyBrightData() as service:
        app = app_on(tmp_path, Settings(brightdata_url=service.base_url))
        async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
            await app.settled()
            await pilot.press("1", "c")
            await until(pilot, lambda: row(app, "Bright Data")[1] == "✓ works")
            await pilot.press("2", "1")
            await app.settled()
            assert row(app, "Bright Data")[1] == "✓ works"
            service.on("scrapers", unauthorized(), times=1)
            await pilot.press("C")
            await until(pilot, lambda: row(app, "Bright Data")[1] == "✗ refused")
        assert service.requests["trigger"] == 0


async def test_deleting_asks_first_and_an_inherited_key_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_on(tmp_path)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("1", "s")
        await until(pilot, lambda: isinstance(app.screen, SetKey))
        app.screen.query_one(Input).value = KEY
        await pilot.press("enter")
        await until(pilot, lambda: row(app, "Bright Data")[2] == "this session")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("enter")
        assert row(app, "Bright Data")[2] == "this session", "the safe button has the focus"
        monkeypatch.setenv("BRIGHTDATA_API_TOKEN", KEY)
        await pilot.press("2", "1")
        await until(pilot, lambda: row(app, "Bright Data")[2] == "environment")
        await pilot.press("x")
        await until(pilot, lambda: any("unset" in note.message for note in app._notifications))
        assert isinstance(app.screen, CredentialsScreen)
        assert screen_of(app)._keys["brightdata"].source is KeySource.ENVIRONMENT


async def test_a_provider_with_a_hostile_name_is_shown_as_written(tmp_path: Path) -> None:
    own = ProviderSettings(EVERYTHING, base_url="https://models.example/v1", key="mine")
    app = app_on(tmp_path, Settings(providers={EVERYTHING: own}))
    async with app.run_test(size=(200, 60), notifications=True, tooltips=True) as pilot:
        await app.settled()
        await pilot.press("1")
        await until(pilot, lambda: len(rows(app)) == 7)
        await pilot.press("down", "down", "down", "down", "down", "down")
        await pilot.pause()
        words = " ".join(rows(app)[6]) + str(screen_of(app).query_one("#credentials-detail").border_title)
        assert "[@click=app.quit]CLICK" in words
        assert not any(character in words + detail(app) for character in FORBIDDEN)
        await pilot.click(DataTable, offset=(6, 8))
        await pilot.pause()
        assert app.is_running


async def test_keys_can_be_set_beside_another_webtune_since_they_are_no_part_of_a_workspace(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "shop", command="webtune train"):
        app = app_on(tmp_path)
        async with app.run_test(notifications=True, tooltips=True) as pilot:
            await app.settled()
            await pilot.press("1", "s")
            await until(pilot, lambda: isinstance(app.screen, SetKey))
