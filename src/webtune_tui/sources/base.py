"""What a source is: something that brings records, described well enough that forms and flags can be made from it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from webtune_tui.domain.credentials import Secret
from webtune_tui.domain.errors import ServiceUnavailable, TryLater, WorkFailed


@dataclass(frozen=True, slots=True)
class ScraperInput:
    """One input field of a scraper's door."""

    name: str
    required: bool
    kind: str
    example: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class ScraperDoor:
    """One way into a scraper: collect given URLs (``discover_by`` is ``None``) or discover by something."""

    discover_by: str | None
    inputs: tuple[ScraperInput, ...]


@dataclass(frozen=True, slots=True)
class Scraper:
    """A scraper of the catalogue with its doors and output fields.

    ``aliases`` are further names that it goes by; ``category`` and ``use_cases`` are the service's words for what it is
    good for.
    """

    scraper_id: str
    name: str
    domain: str
    doors: tuple[ScraperDoor, ...]
    fields: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    description: str = ""
    category: str = ""
    use_cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TriggerRequest:
    """What a trigger sends. The limits count records; ``None`` sends none. No ``output_fields`` means all of them."""

    scraper_id: str
    inputs: tuple[Mapping[str, Any], ...]
    discover_by: str | None = None
    limit_per_input: int | None = None
    max_records: int | None = None
    output_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilterRequest:
    """What a marketplace filter sends: the records of a ready dataset that pass ``condition``, at most ``limit``."""

    dataset_id: str
    condition: Mapping[str, Any]
    limit: int


@dataclass(frozen=True, slots=True)
class PagesRequest:
    """Pages that are fetched one by one through ``via``: direct, unlocker or serp. ``zone`` is the account's."""

    urls: tuple[str, ...]
    via: str
    zone: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of the account; ``kind`` is the service's word, such as unblocker or serp."""

    name: str
    kind: str


SnapshotRequest = TriggerRequest | FilterRequest
CollectRequest = SnapshotRequest | PagesRequest


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page whose body lies in a file: where it ended up, what it says it is, and its size in bytes."""

    url: str
    final_url: str
    status: int
    media_type: str
    charset: str | None
    size: int
    fetched_at: str


class PageRefused(WorkFailed):
    """A page can't be had; ``reason`` is a short word for it such as robots, private_address, http_404, too_large."""

    code = "page_refused"

    def __init__(self, message: str, *, reason: str, status: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.status = status


class PageFetcher(Protocol):
    """Fetches single pages; one module of ``sources`` per way, with ``create(settings, find_key)``."""

    async def fetch(self, url: str, target: Path) -> FetchedPage:
        """Streams the body of a page into ``target``.

        Raises:
            PageRefused: this page can't be had. Trying again would not help.
            OutcomeUnknown: a paid request was sent and its reply lost.
            RateLimited, Offline, ServiceUnavailable: not now; nothing was paid.
        """
        ...

    async def aclose(self) -> None:
        """Closes the connections."""
        ...


@dataclass(frozen=True, slots=True)
class SnapshotStatus:
    """A snapshot's progress. ``state`` is ready, failed, cancelled or running; ``raw_state`` the service's word."""

    snapshot_id: str
    state: str
    raw_state: str
    records: int | None = None
    errors: int | None = None
    error_codes: Mapping[str, int] = field(default_factory=dict)
    message: str = ""
    scraper_id: str = ""


class SnapshotNotReady(TryLater):
    """The snapshot is still being made; ``retry_after`` is the wait in seconds that the service recommends."""

    code = "not_ready"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(ServiceUnavailable):
    """The service answered with a fault of its own; ``retry_after`` is in seconds where it said when."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message, hint="Try again later.")
        self.retry_after = retry_after


class CutBody(TryLater):
    """A download ended before its end, or is not what was asked for; fetching again is free."""

    code = "cut_body"


class NoBatches(WorkFailed):
    """The service does not hand out this snapshot in batches; the whole of it can be fetched."""

    code = "no_batches"


class SnapshotEmpty(WorkFailed):
    """The snapshot is finished and holds nothing."""

    code = "snapshot_empty"


class SnapshotMissing(WorkFailed):
    """The service does not know the snapshot, or no longer keeps it."""

    code = "snapshot_missing"


class SnapshotExpired(SnapshotMissing):
    """The service no longer keeps the snapshot."""

    code = "snapshot_expired"


@dataclass(frozen=True, slots=True)
class SnapshotListing:
    """One row of the service's own list of snapshots; the way to find a trigger whose reply was lost."""

    snapshot_id: str
    scraper_id: str
    state: str
    created_at: str
    records: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One part of a download: its number as the service counts, and the records that a full one holds."""

    number: int
    size: int


class ScrapingService(Protocol):
    """A remote service that collects for us (Bright Data). Every method may raise the errors of domain/errors.py."""

    address: str

    async def trigger(self, request: SnapshotRequest) -> str:
        """Starts a paid collection, sent exactly once, and answers its snapshot id.

        Raises:
            OutcomeUnknown: the request may have been accepted, but its reply was lost or unreadable.
        """
        ...

    async def progress(self, snapshot_id: str) -> SnapshotStatus:
        """The snapshot's state."""
        ...

    def download(self, snapshot_id: str, target: Path, batch: Batch | None = None) -> AsyncGenerator[int, None]:
        """Streams the records, or one batch of them, as NDJSON into ``target``; yields the bytes so far.

        Raises:
            NoBatches: a batch was asked for, and the service has no such thing.
            TryLater: not now; nothing is lost.
        """
        ...

    async def batches(self, snapshot_id: str, size: int) -> int:
        """In how many batches of ``size`` records (at least 1,000) a ready snapshot can be fetched.

        Raises:
            NoBatches: the service does not hand it out so.
        """
        ...

    async def inputs_of(self, snapshot_id: str) -> Sequence[Mapping[str, str]] | None:
        """The inputs that a snapshot was started with, as texts; ``None`` where the service can't tell."""
        ...

    async def fields_of(self, dataset_id: str) -> Mapping[str, str] | None:
        """The field names of a dataset with their types; ``None`` where the service can't tell."""
        ...

    async def cancel(self, snapshot_id: str) -> None:
        """Asks the service to stop."""
        ...

    async def snapshots(self, scraper_id: str, since: str) -> Sequence[SnapshotListing]:
        """The account's snapshots of a scraper since an RFC 3339 time."""
        ...

    async def aclose(self) -> None:
        """Closes the connections."""
        ...


class KeyLookup(Protocol):
    """Finds the key of a service for a host; see services/accounts.py."""

    async def __call__(self, name: str, host: str) -> Secret:
        """The key. Raises CredentialMissing."""
        ...
