"""Stand-ins for collecting and importing with everything that the screen Collect may ask of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.tui.fake_services import WHEN, AppOnFakes, FakeWorkspace, fake_services

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.events import CollectEvent, CollectionChanged, FileImported, Imported, ImportEvent, Progressed
from webtune_tui.domain.previews import EncodingGuess, FilePreview, FoundList
from webtune_tui.domain.records import Collection, CollectionState, Record, RecordKind
from webtune_tui.services.collect_plan import CollectPlan, draft_of, request_key_of
from webtune_tui.services.drift import CollectionDrift
from webtune_tui.services.failed_inputs import FailedInput
from webtune_tui.services.field_drift import FieldDrift
from webtune_tui.services.money import Balance
from webtune_tui.services.page_receipt import UnknownPages
from webtune_tui.services.scraper_catalogue import CatalogueInfo
from webtune_tui.settings import Settings
from webtune_tui.sources.base import PagesRequest, Scraper, ScraperDoor, ScraperInput, Zone

SHOP = Scraper(
    "gd_shop",
    "Shop products",
    "shop.example",
    (
        ScraperDoor(
            None,
            (
                ScraperInput("url", True, "url", "https://shop.example/dp/1"),
                ScraperInput("count", False, "number", "10"),
                ScraperInput("deep", False, "boolean", "false"),
                ScraperInput("tags", False, "array"),
            ),
        ),
        ScraperDoor("keyword", (ScraperInput("keyword", True, "text", "light bulb"),)),
    ),
)


def make_collection(number: int = 1, state: CollectionState = CollectionState.READY, **changes: Any) -> Collection:
    """A collection of the shop."""
    when = f"2026-11-2{number % 8}T13:{number // 60 % 60:02d}:{number % 60:02d}.000Z"
    values: dict[str, Any] = {
        "source": "brightdata", "created_at": when, "updated_at": when, "finished_at": when if state.is_final else None,
        "label": f"Shop {number}", "request": {"scraper_id": "gd_shop"}, "address": "http://127.0.0.1:1",
        "records": 120, "new": 120, "estimated_cost": 0.75, "snapshot_id": f"sd_{number}",
        "cost": 0.18 if state.is_final else None,
    } | changes  # fmt: skip
    return Collection(f"c{number}", state=state, **values)


def make_record(position: int, kind: RecordKind = RecordKind.DATA, **fields: Any) -> Record:
    """A record of the first collection."""
    return Record("c1", position, kind, f"k{position}", f"h{position}", fields or {"title": f"Item {position}"})


def make_plan(label: str, inputs: Sequence[Mapping[str, Any]], *, cost: float = 0.75, **query: str) -> CollectPlan:
    """A priced request of any source."""
    return CollectPlan(
        source="brightdata",
        label=label,
        request=PagesRequest((), "direct"),
        address="http://127.0.0.1:1",
        is_sandbox=True,
        worst_case_records=len(inputs),
        estimated_cost=cost,
        basis=f"at most {len(inputs):,} records x $1.5 per 1,000, price of 2026-11-22",
        path="/datasets/v3/trigger",
        query=query,
        body=json.dumps(list(inputs)),
        command=f"webtune collect brightdata --inputs {len(inputs)}",
        stored={"inputs": list(inputs)},
        request_key=request_key_of("brightdata", inputs),
    )


class FakeCollectService:
    """Collections as a test put them; what is started is remembered and goes where the test says."""

    def __init__(self, *known: Collection, scrapers: Sequence[Scraper] = (SHOP,)) -> None:
        self.known = {one.collection_id: one for one in known}
        self.scrapers_known = list(scrapers)
        self.records: list[Record] = []
        self.log: list[tuple[str, str, str]] = [(WHEN, "info", "begun")]
        self.failed: list[FailedInput] = []
        self.started: list[CollectPlan] = []
        self.resumed: list[str] = []
        self.adopted: list[str] = []
        self.planned: list[Sequence[Mapping[str, Any]]] = []
        self.asked: list[tuple[int, int | None, int]] = []
        self.refreshed = 0
        self.typical: float | None = None
        self.unknown = UnknownPages(0, 0.0, "")
        self.cost = 0.75
        self.live: asyncio.Queue[CollectEvent | None] = asyncio.Queue()

    async def scrapers(self, search: str = "") -> Sequence[Scraper]:
        return [one for one in self.scrapers_known if search.lower() in f"{one.name} {one.domain}".lower()] or (
            [] if search and not search.startswith("gd_") else self.scrapers_known
        )

    async def catalogue_info(self) -> CatalogueInfo:
        return CatalogueInfo("live" if self.refreshed else "bundled", "2026-11-22", len(self.scrapers_known))

    async def refresh_catalogue(self) -> CatalogueInfo:
        self.refreshed += 1
        return await self.catalogue_info()

    async def plan(self, scraper: str, inputs: Sequence[Mapping[str, Any]], **limits: Any) -> CollectPlan:
        self.planned.append(inputs)
        return make_plan("Shop products", inputs, cost=self.cost, **{k: str(v) for k, v in limits.items() if v})

    async def plan_pages(self, urls: Sequence[str], *, via: str | None, zone: str = "") -> CollectPlan:
        return make_plan(f"pages {via} {zone}".strip(), [{"url": url} for url in urls], cost=0.0)

    async def plan_search(
        self, query: str, *, engine: str = "google", zone: str = "", pages: int = 1, country: str = ""
    ) -> CollectPlan:
        return make_plan(f"{engine} {zone} {pages} {country}".strip(), [{"query": query}])

    async def plan_filter(self, dataset_id: str, condition: Mapping[str, Any], *, max_records: int) -> CollectPlan:
        return make_plan(f"{dataset_id} {max_records}", [condition])

    async def zones(self) -> Sequence[Zone]:
        return [Zone("isp1", "isp"), Zone("serp1", "serp"), Zone("unlocker1", "unblocker")]

    async def retry_plan(self, collection_id: str, *, every: bool = False) -> CollectPlan:
        wanted = [one.input for one in self.failed if every or one.may_be_retried]
        if not wanted:
            raise UsageError("Nothing that failed is worth another try", hint="Take every failed input.")
        return make_plan("again", wanted)

    async def urls_of(self, collection_id: str, *, limit: int) -> tuple[Sequence[str], int]:
        return [f"https://shop.example/dp/{place}" for place in range(3)], 3

    async def unknown_pages(self, collection_id: str) -> UnknownPages:
        return self.unknown

    async def failed_inputs(self, collection_id: str) -> Sequence[FailedInput]:
        return self.failed

    async def typical_seconds(self, collection: Collection) -> float | None:
        return self.typical

    async def start(self, plan: CollectPlan) -> AsyncIterator[CollectEvent]:
        self.started.append(plan)
        self.known[plan.collection_id] = replace(draft_of(plan), state=CollectionState.RUNNING)
        yield CollectionChanged(self.known[plan.collection_id])
        async for event in self._events():
            yield event

    async def resume(self, collection_id: str, *, resend_unknown: bool = False) -> AsyncIterator[CollectEvent]:
        self.resumed.append(f"{collection_id} again" if resend_unknown else collection_id)
        yield CollectionChanged(self.known[collection_id])
        async for event in self._events():
            yield event

    async def adopt(self, snapshot_id: str) -> AsyncIterator[CollectEvent]:
        self.adopted.append(snapshot_id)
        self.known["c7"] = make_collection(7, snapshot_id=snapshot_id)
        yield CollectionChanged(self.known["c7"])

    async def _events(self) -> AsyncIterator[CollectEvent]:
        while (event := await self.live.get()) is not None:
            if isinstance(event, CollectionChanged):
                self.known[event.collection.collection_id] = event.collection
            yield event

    async def cancel(self, collection_id: str) -> Collection:
        self.known[collection_id] = replace(self.known[collection_id], state=CollectionState.CANCELLED)
        return self.known[collection_id]

    async def collections(self) -> Sequence[Collection]:
        return list(self.known.values())

    async def events_of(self, collection_id: str) -> Sequence[tuple[str, str, str]]:
        return self.log

    async def records_of(
        self,
        collection_id: str,
        *,
        limit: int = 50,
        after: int = -1,
        before: int | None = None,
        kinds: Sequence[RecordKind] = (),
    ) -> Sequence[Record]:
        self.asked.append((after, before, limit))
        fitting = [one for one in self.records if not kinds or one.kind in kinds]
        if before is not None:
            return [one for one in fitting if one.position < before][-limit:]
        return [one for one in fitting if one.position > after][:limit]


class EndlessRecords(FakeCollectService):
    """A collection with as many records as one asks for."""

    size = 1_000_000

    async def records_of(
        self,
        collection_id: str,
        *,
        limit: int = 50,
        after: int = -1,
        before: int | None = None,
        kinds: Sequence[RecordKind] = (),
    ) -> Sequence[Record]:
        self.asked.append((after, before, limit))
        start = after + 1 if before is None else max(min(before, self.size) - limit, 0)
        return [make_record(place) for place in range(start, min(start + limit, self.size))]


class FakeMoney:
    """A cap, or none."""

    def __init__(self, cap: float | None = None, left: float | None = None) -> None:
        self.cap = cap
        self.left = left

    async def balance(self) -> Balance:
        return Balance(0.0, 0.0, self.cap, self.left)


def make_preview(path: str, **changes: Any) -> FilePreview:
    """What was found in one file."""
    values: dict[str, Any] = {
        "format": "jsonl", "encoding": "utf-8", "rows": 2,
        "encodings_possible": (EncodingGuess("utf-8", "caf\ufffd"), EncodingGuess("cp1252", "café")),
        "lists": (FoundList("items", 200), FoundList("data.rows", 12)),
    } | changes  # fmt: skip
    return FilePreview(path, **values)


@dataclass
class FakeImports:
    """Files that read as a test says."""

    previews: list[FilePreview] = field(default_factory=list)
    looked: list[dict[str, Any]] = field(default_factory=list)
    ran: list[tuple[Sequence[Path], dict[str, Any]]] = field(default_factory=list)

    async def inspect(self, paths: Sequence[Path], **said: Any) -> Sequence[FilePreview]:
        self.looked.append(said)
        return self.previews

    async def run(self, paths: Sequence[Path], **said: Any) -> AsyncIterator[ImportEvent]:
        self.ran.append((paths, said))
        collection = replace(make_collection(3), source="files")
        yield Imported(collection, (FileImported(str(paths[0]), "jsonl", "utf-8", 2, 0),), None)


class EndlessImport:
    """An import that goes on until it is stopped."""

    def __init__(self, collect: FakeCollectService) -> None:
        self._collect = collect
        self.is_stopped = False

    async def run(self, paths: Sequence[Path], **said: Any) -> AsyncIterator[ImportEvent]:
        self._collect.known["c5"] = make_collection(5, CollectionState.RUNNING, source="files", records=0, new=0)
        try:
            for done in range(1000, 10**9, 1000):
                yield Progressed("importing", min(done, 6000), unit="records")
                await asyncio.sleep(0.1)
        finally:
            self.is_stopped = True


@dataclass(frozen=True)
class FakeDependents:
    """What hangs on a collection."""

    lines: tuple[str, ...]


class FakeOrigins:
    """Remembers what was deleted."""

    def __init__(self, collect: FakeCollectService, *lines: str) -> None:
        self._collect = collect
        self.lines = lines
        self.deleted: list[str] = []

    async def dependents(self, collection_id: str) -> FakeDependents:
        return FakeDependents(self.lines)

    async def delete(self, collection_id: str) -> None:
        self.deleted.append(collection_id)
        del self._collect.known[collection_id]


DRIFT = CollectionDrift(
    previous_id="c0",
    previous_at=WHEN,
    new=12,
    changed=3,
    gone=5,
    gone_sample=("https://shop.example/dp/9",),
    fields=(FieldDrift("price", "type", "number", "text"), FieldDrift("brand", "fill", 0.98, 0.4123)),
)


class FakeDriftService:
    """The same answer for every collection."""

    def __init__(self, report: CollectionDrift | None = None) -> None:
        self._report = report

    async def report(self, collection_id: str) -> CollectionDrift | None:
        return self._report


class WritableWorkspace(FakeWorkspace):
    """A workspace with a folder for raw files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def raw_folder(self, collection_id: str) -> Path:
        return self._folder / "raw" / collection_id


def collect_app(folder: Path, collect: FakeCollectService, **parts: Any) -> AppOnFakes:
    """The real app on the screen Collect, with these collections."""
    defaults: dict[str, Any] = {
        "collect": collect, "imports": FakeImports(), "money": FakeMoney(), "workspace": WritableWorkspace(folder),
        "settings": Settings(), "drift": FakeDriftService(), "origins": None,
    }  # fmt: skip
    return AppOnFakes("collect", fake_services(**{**defaults, **parts}), folder)
