"""A checked, priced request for a collection, as it is shown before anything is sent."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from webtune_tui.domain import clock
from webtune_tui.domain.addresses import host_of, is_loopback
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.settings import Settings
from webtune_tui.sources import brightdata_requests as wire
from webtune_tui.sources import catalogue
from webtune_tui.sources.base import CollectRequest, PagesRequest, Scraper, ScraperDoor, TriggerRequest

SOURCE = "brightdata"
MARKETPLACE = "marketplace"
SNAPSHOT_SOURCES = (SOURCE, MARKETPLACE)
_SHOWN_INPUTS = 20


def new_collection_id() -> str:
    """A short id that sorts by day."""
    return f"c{datetime.now(UTC):%y%m%d}-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class CollectPlan:
    """A checked request with what it will cost at most, before anything is sent.

    ``source`` is the module of ``sources`` that carries it out. ``path``, ``query`` and ``body`` are what goes over the
    wire; ``command`` is the same as a ``webtune`` command line. ``stored`` is what the collection remembers of the
    request, ``request_key`` is equal for plans that ask for the same; ``earlier`` is the newest collection of the last
    thirty days that did, since asking again pays again. A plan is good for one collection: starting it
    again goes on with the one it began.
    """

    source: str
    label: str
    request: CollectRequest
    address: str
    is_sandbox: bool
    worst_case_records: int
    estimated_cost: float
    basis: str
    path: str
    query: Mapping[str, str]
    body: str
    command: str
    stored: Mapping[str, Any]
    request_key: str
    earlier: str | None = None
    collection_id: str = field(default_factory=new_collection_id)

    @property
    def curl(self) -> str:
        """The request as a ``curl`` command; the key stays in the environment."""
        if isinstance(self.request, PagesRequest) and not self.path:  # fetched by this machine itself
            return shlex.join(["curl", "--location", *self.request.urls[:_SHOWN_INPUTS]])
        return curl_of(self.address, self.path, self.query, self.body)


def make_plan(
    settings: Settings,
    scraper: str,
    inputs: Sequence[Mapping[str, Any]],
    *,
    discover_by: str | None,
    limit_per_input: int | None,
    max_records: int | None,
    known: catalogue.Catalogue | None = None,
    output_fields: tuple[str, ...] = (),
) -> CollectPlan:
    """Checks a request against the scraper's declared inputs and prices it. Raises NotFound, UsageError.

    ``known`` is the list of scrapers, the bundled one where it is not given.
    """
    chosen = (known or catalogue.bundled()).find(scraper)
    door = catalogue.choose_door(chosen, inputs, discover_by)
    for name, value in (("limit per input", limit_per_input), ("most records", max_records)):
        if value is not None and value < 1:
            raise UsageError(f"The {name} must be at least 1, not {value}", hint="Give a whole number.")
    request, worst_case = _request(settings, chosen, door, inputs, limit_per_input, max_records)
    request = dataclasses.replace(request, output_fields=output_fields)
    price = settings.price_per_1000_records
    address = settings.brightdata_url
    return CollectPlan(
        source=SOURCE,
        label=chosen.name,
        request=request,
        address=address,
        is_sandbox=is_loopback(host_of(address)),
        worst_case_records=worst_case,
        estimated_cost=round(worst_case * price / 1000, 6),
        basis=f"at most {worst_case:,} records x ${price:g} per 1,000, price of {settings.price_dated}",
        path=wire.TRIGGER_PATH,
        query=wire.trigger_query(request),
        body=wire.trigger_body(request),
        command=_command(request),
        stored={
            "scraper_id": request.scraper_id,
            "scraper": chosen.name,
            "discover_by": request.discover_by,
            "inputs": [dict(given) for given in request.inputs],
            "limit_per_input": request.limit_per_input,
            "max_records": request.max_records,
            "output_fields": list(request.output_fields),
        }
        | price_of(settings, SOURCE),
        request_key=request_key_of(SOURCE, request.scraper_id, request.discover_by, request.inputs),
    )


def price_of(settings: Settings, source: str) -> dict[str, Any]:
    """The person's price for what a source delivers, as a collection remembers it."""
    if source == MARKETPLACE:
        return {
            "price_per_1000": settings.marketplace_price_per_1000_records,
            "price_dated": settings.marketplace_price_dated,
        }
    return {"price_per_1000": settings.price_per_1000_records, "price_dated": settings.price_dated}


def draft_of(plan: CollectPlan) -> Collection:
    """A collection as it is stored before anything is sent."""
    now = clock.now()
    return Collection(
        collection_id=plan.collection_id,
        source=plan.source,
        label=plan.label,
        state=CollectionState.DRAFT,
        created_at=now,
        updated_at=now,
        request=dict(plan.stored),
        address=plan.address,
        is_sandbox=plan.is_sandbox,
        estimated_cost=plan.estimated_cost,
        request_key=plan.request_key,
    )


def fingerprint_of(plan: CollectPlan) -> str:
    """What tells one request from another in the journal."""
    sent = f"{plan.address}\n{sorted(plan.query.items())}\n{plan.body}"
    return _digest(sent)


def request_key_of(source: str, *parts: Any) -> str:
    """A key that is equal for requests of the same things; the limits and the order of inputs don't count."""
    told = [sorted(_text(item) for item in part) if isinstance(part, list | tuple) else _text(part) for part in parts]
    return _digest(_text([source, told]))


def curl_of(address: str, path: str, query: Mapping[str, str], body: str) -> str:
    """A call as a ``curl`` command that reads the key from the environment."""
    url = f"{address.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
    words = ["curl", "-X", "POST", url, "-H", "Content-Type: application/json", "--data-binary", body]
    return f'{shlex.join(words)} -H "Authorization: Bearer $BRIGHTDATA_API_TOKEN"'


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _request(
    settings: Settings,
    scraper: Scraper,
    door: ScraperDoor,
    inputs: Sequence[Mapping[str, Any]],
    limit_per_input: int | None,
    max_records: int | None,
) -> tuple[TriggerRequest, int]:
    """What is sent, and how many records it can bring at most. What can bring many is always capped."""
    brings_many = catalogue.brings_many(scraper, door)
    cap = max_records or (settings.max_records if brings_many else None)
    per_input = 1
    limit = None
    if door.discover_by is not None:
        limit = per_input = limit_per_input or settings.limit_per_input
    elif limit_per_input is not None:
        raise UsageError(
            "A limit per input works for discovery only", hint="Leave --limit-per-input out; use --max-records."
        )
    elif brings_many:
        per_input = cap or 1
    worst_case = len(inputs) * per_input
    request = TriggerRequest(
        scraper_id=scraper.scraper_id,
        inputs=tuple(dict(given) for given in inputs),
        discover_by=door.discover_by,
        limit_per_input=limit,
        max_records=cap,
    )
    return request, min(worst_case, cap) if cap else worst_case


def _command(request: TriggerRequest) -> str:
    """The request as a command line that can be typed again."""
    words = ["webtune", "collect", SOURCE, "--scraper", request.scraper_id]
    if request.discover_by is not None:
        words += ["--discover-by", request.discover_by]
    is_text = all(isinstance(value, str) for given in request.inputs for value in given.values())
    if len(request.inputs) > _SHOWN_INPUTS or not is_text:  # a number or a list is no word of a command line
        words += ["--inputs", "inputs.jsonl"]
    else:
        for given in request.inputs:
            words += ["--input", *(f"{name}={value}" for name, value in given.items())]
    if request.limit_per_input is not None:
        words += ["--limit-per-input", str(request.limit_per_input)]
    if request.max_records is not None:
        words += ["--max-records", str(request.max_records)]
    return shlex.join(words)
