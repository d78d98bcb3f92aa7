"""Questions by a model from the Dataset screen, at a provider double: priced, agreed to, asked once, then used."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.openai_faults import FaultyOpenAI, serving
from tests.tui.fake_services import DEADLINE_SECONDS
from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_prepare import prepare
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.confirm import Confirm
from webtune_tui.tui.modals.write_questions import WriteQuestions
from webtune_tui.tui.screens.dataset import DatasetScreen

CHAT = "POST /v1/chat/completions"
TEXTS = 3


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyOpenAI]:
    monkeypatch.setenv("OPENAI_API_KEY", "good-key-1234567890")
    with serving(FaultyOpenAI(chat_answer="What is told of it?")) as double:
        yield double


@pytest.fixture
async def app(double: FaultyOpenAI, tmp_path: Path) -> WebtuneApp:
    """The app on a workspace with a dataset of articles, its settings at the double."""
    root = tmp_path / "workspace"
    rows = [
        {"url": f"https://n.example/{n}", "title": f"Piece {n}", "article_text": product(n)["description"]}
        for n in range(TEXTS)
    ]
    with Workspace.open(root, command="test") as workspace:
        add_records(workspace, rows)
        await prepare(workspace)
    settings = Settings(provider="openai", base_model="writer", provider_urls={"openai": double.base_url})
    return WebtuneApp(root, settings)


async def until(app: WebtuneApp, pilot: Pilot[int], words: str) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while words not in state(app):
            await pilot.pause()
            await asyncio.sleep(0.01)


def state(app: WebtuneApp) -> str:
    found = app.screen.query("#questions-state")
    return str(found.first(Static).content) if found else ""


async def opened(app: WebtuneApp, pilot: Pilot[int]) -> None:
    await pilot.press("3")
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not isinstance(app.screen, WriteQuestions):
            if isinstance(app.screen, DatasetScreen) and app.screen.version is not None:
                await pilot.press("Q")
            await pilot.pause()
            await asyncio.sleep(0.01)


async def agreement(app: WebtuneApp, pilot: Pilot[int]) -> str:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not isinstance(app.screen, Confirm):
            if isinstance(app.screen, WriteQuestions):
                app.screen.query_one("#questions-ask", Button).press()
            await pilot.pause()
    return app.screen.question


async def test_questions_are_priced_agreed_to_asked_and_used(app: WebtuneApp, double: FaultyOpenAI) -> None:
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await opened(app, pilot)
        await until(app, pilot, "3 texts without a question")
        assert "No price is known" in state(app)
        reading, writing = (app.screen.query_one(f"#questions-{name}", Input) for name in ("reading", "writing"))
        reading.value, writing.value = "1", "x"
        reading.focus()
        await pilot.press("enter")
        await until(app, pilot, "does not fit")
        writing.value = "10"
        await pilot.press("enter")
        await until(app, pilot, "At most $")
        assert double.requests[CHAT] == 0
        assert "for 3 questions, for at most $" in await agreement(app, pilot)
        await pilot.press("escape")  # nothing is asked without a yes
        assert "for 3 questions" in await agreement(app, pilot)
        assert double.requests[CHAT] == 0
        await pilot.press("right", "enter")
        await until(app, pilot, "3 of 3 questions written")
        assert double.requests[CHAT] == TEXTS
        assert app.services is not None
        curate = app.services.curate
        before = await curate.version()
        await pilot.press("enter")  # prepare again
        async with asyncio.timeout(DEADLINE_SECONDS):
            while (await curate.version()).content_hash == before.content_hash:
                await pilot.pause()
                await asyncio.sleep(0.01)
        assert isinstance(app.screen, DatasetScreen)
        assert (await curate.page(text="What is told of it?")).total == TEXTS
        assert (await app.services.prepare.recipe())["build"]["documents"] == "generated"
