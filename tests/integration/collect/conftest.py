"""The real service on a real workspace against a double of Bright Data, with a clock that tests own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.servers.brightdata import FaultyBrightData, bright_data
from webtune_tui.domain.events import CollectEvent, CollectionChanged
from webtune_tui.domain.records import Collection
from webtune_tui.services.accounts import AccountsService
from webtune_tui.services.collect import CollectPlan, CollectService
from webtune_tui.services.money import MoneyService
from webtune_tui.services.patience import Waiting
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace

__all__ = ["bright_data"]

CATEGORY = "https://www.amazon.com/gp/bestsellers/office-products"


@dataclass
class FakeTime:
    """Monotonic time that moves only by sleeping, and remembers how long each sleep was."""

    moment: float = 1000.0
    sleeps: list[float] = field(default_factory=list)
    at_sleep: Callable[[int], None] = lambda number: None

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.moment += seconds
        self.at_sleep(len(self.sleeps))
        await asyncio.sleep(0)

    @property
    def waiting(self) -> Waiting:
        return Waiting(sleep=self.sleep, monotonic=lambda: self.moment, jitter=lambda: 0.0)


@dataclass
class Desk:
    """What a test works with: one opened workspace and its services."""

    workspace: Workspace
    settings: Settings
    time: FakeTime
    money: MoneyService
    collect: CollectService
    events: list[CollectEvent] = field(default_factory=list)

    async def plan(self, **changes: Any) -> CollectPlan:
        return await self.collect.plan("amazon-products", [{"category_url": CATEGORY}], **changes)

    async def start(self, plan: CollectPlan | None = None, *, deadline: float | None = None) -> Collection:
        return await self.follow(self.collect.start(plan or await self.plan(), deadline=deadline))

    async def resume(self, collection_id: str, *, deadline: float | None = None) -> Collection:
        return await self.follow(self.collect.resume(collection_id, deadline=deadline))

    async def follow(self, events: AsyncGenerator[CollectEvent, None]) -> Collection:
        last: Collection | None = None
        async with aclosing(events):
            async for event in events:
                self.events.append(event)
                if isinstance(event, CollectionChanged):
                    last = event.collection
        assert last is not None
        return last

    async def only(self) -> Collection:
        (collection,) = await self.collect.collections()
        return collection


OpenDesk = Callable[..., Desk]


@pytest.fixture
async def open_desk(
    tmp_path: Path, bright_data: FaultyBrightData, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OpenDesk]:
    """Opens the workspace of the test; a second call is the next start of the program."""
    monkeypatch.setenv("BRIGHTDATA_API_TOKEN", "sandbox-key-123")
    monkeypatch.setenv("WEBTUNE_BRIGHTDATA_URL", bright_data.base_url)
    opened: list[Desk] = []

    def open_one(**settings: Any) -> Desk:
        for desk in opened:
            desk.workspace.close()
        chosen = Settings(**({"brightdata_url": bright_data.base_url} | settings))
        workspace = Workspace.open(tmp_path / "workspace", command="test")
        money, time = MoneyService(workspace, chosen), FakeTime()
        collect = CollectService(workspace, chosen, AccountsService(chosen), money, waiting=time.waiting)
        opened.append(Desk(workspace, chosen, time, money, collect))
        return opened[-1]

    yield open_one
    for desk in opened:
        await desk.collect.aclose()
        desk.workspace.close()


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    return open_desk()
