"""What every part of collecting shares: the rows of collections, their logs, and the connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from webtune_tui import registry
from webtune_tui.domain.addresses import host_of
from webtune_tui.domain.records import Collection
from webtune_tui.services.accounts import AccountsService
from webtune_tui.services.patience import Waiting
from webtune_tui.services.stepwise import to_the_end
from webtune_tui.services.traffic import PacedService, Traffic
from webtune_tui.sources.base import ScrapingService
from webtune_tui.storage.collections import CollectionRepository


class CollectionBook:
    """Collections and their logs, off the event loop; a call under way ends before a cancelled caller goes on."""

    def __init__(self, rows: CollectionRepository) -> None:
        self.rows = rows

    async def find(self, collection_id: str) -> Collection | None:
        """One collection as it is stored."""
        return await to_the_end(lambda: self.rows.get(collection_id))

    async def set(self, collection_id: str, level: str = "", **changes: Any) -> Collection:
        """Changes a collection; with a level its message goes into the log too."""
        if level and changes.get("message"):
            await to_the_end(lambda: self.rows.log(collection_id, changes["message"], level))
        return await to_the_end(lambda: self.rows.change(collection_id, **changes))

    async def log(self, collection: Collection, message: str, level: str = "info") -> None:
        """Adds a line to a collection's log."""
        await to_the_end(lambda: self.rows.log(collection.collection_id, message, level))


class Connections:
    """One connection for each source and address, made when it is needed; those of an address share its traffic."""

    def __init__(self, accounts: AccountsService, waiting: Waiting | None = None) -> None:
        self._accounts = accounts
        self._waiting = waiting or Waiting()
        self._clients: dict[tuple[str, str], ScrapingService] = {}
        self._traffic: dict[str, Traffic] = {}
        self._making = asyncio.Lock()

    async def to(self, source: str, address: str) -> ScrapingService:
        """The connection of a source. httpx is loaded here: only what talks to the network pays for it."""
        async with self._making:  # several collections may ask for the first time at once
            if (source, address) not in self._clients:
                create: Callable[..., ScrapingService] = await asyncio.to_thread(
                    lambda: registry.load("sources", source).create
                )
                client = await asyncio.to_thread(create, address, self._accounts.find)
                self._clients[source, address] = PacedService(client, self.traffic(address))
        return self._clients[source, address]

    async def of(self, collection: Collection) -> ScrapingService:
        """The connection to the service that makes a collection."""
        return await self.to(collection.source, collection.address)

    def traffic(self, address: str) -> Traffic:
        """What this process sends to an address, all collections together."""
        host = host_of(address)
        return self._traffic.setdefault(host, Traffic(host, self._waiting))

    async def aclose(self) -> None:
        """Closes them all."""
        while self._clients:
            _, client = self._clients.popitem()
            await client.aclose()
