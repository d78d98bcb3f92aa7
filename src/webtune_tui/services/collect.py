"""Collecting records through a remote scraping service, priced, capped and resumable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webtune_tui.domain.events import CollectEvent
from webtune_tui.domain.records import Collection, Record
from webtune_tui.services.accounts import AccountsService
from webtune_tui.services.money import MoneyService
from webtune_tui.settings import Settings
from webtune_tui.sources.base import Scraper, TriggerRequest
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CollectPlan:
    """A checked request with what it will cost at most, before anything is sent.

    ``body`` and ``query`` are what goes over the wire; ``command`` is the same as a ``webtune`` command line.
    """

    request: TriggerRequest
    scraper: Scraper
    address: str
    is_sandbox: bool
    worst_case_records: int
    estimated_cost: float
    basis: str
    query: Mapping[str, str]
    body: str
    command: str


class CollectService:
    """Collections of a workspace."""

    def __init__(
        self, workspace: Workspace, settings: Settings, accounts: AccountsService, money: MoneyService
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._accounts = accounts
        self._money = money

    async def scrapers(self, search: str = "") -> Sequence[Scraper]:
        """The scrapers of the bundled catalogue that match a text, by name, site or id."""
        raise NotImplementedError

    async def plan(
        self,
        scraper: str,
        inputs: Sequence[Mapping[str, Any]],
        *,
        discover_by: str | None = None,
        limit_per_input: int | None = None,
        max_records: int | None = None,
    ) -> CollectPlan:
        """Checks a request against the scraper's declared inputs and prices it. Raises NotFound, UsageError."""
        raise NotImplementedError

    def start(self, plan: CollectPlan, *, deadline: float | None = None) -> AsyncIterator[CollectEvent]:
        """Triggers once and follows to the stored records; ends with CollectionChanged.

        Leaving the iteration leaves the remote work running; :meth:`resume` goes on.

        Raises:
            OutcomeUnknown, CapExceeded, StillRunning (``deadline`` seconds passed), CredentialRefused ...
        """
        raise NotImplementedError

    def resume(self, collection_id: str, *, deadline: float | None = None) -> AsyncIterator[CollectEvent]:
        """Goes on with a collection from where it stands; never triggers anew. An unknown one is looked up first."""
        raise NotImplementedError

    def adopt(self, snapshot_id: str, *, deadline: float | None = None) -> AsyncIterator[CollectEvent]:
        """Takes over an existing snapshot of the account as a collection."""
        raise NotImplementedError

    async def cancel(self, collection_id: str) -> Collection:
        """Asks the service to stop; answers the collection's true state."""
        raise NotImplementedError

    async def collections(self) -> Sequence[Collection]:
        """Every collection, newest first."""
        raise NotImplementedError

    async def collection(self, collection_id: str) -> Collection:
        """One collection. Raises NotFound."""
        raise NotImplementedError

    async def events_of(self, collection_id: str) -> Sequence[tuple[str, str, str]]:
        """The log of a collection: time, level, message; oldest first."""
        raise NotImplementedError

    async def records_of(self, collection_id: str, *, limit: int = 50, offset: int = 0) -> Sequence[Record]:
        """Stored records of a collection in the order of delivery, error rows included."""
        raise NotImplementedError

    async def unfinished(self) -> Sequence[Collection]:
        """Collections that can go on: running or unknown."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Closes the connections."""
        raise NotImplementedError
