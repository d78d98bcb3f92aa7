"""A checked, priced request for records of a ready dataset of the marketplace."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping
from typing import Any

from webtune_tui.domain.addresses import host_of, is_loopback
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.services.collect_plan import MARKETPLACE, CollectPlan, price_of, request_key_of
from webtune_tui.settings import Settings
from webtune_tui.sources import brightdata_requests as wire
from webtune_tui.sources import conditions
from webtune_tui.sources.base import FilterRequest
from webtune_tui.sources.catalogue import Catalogue


def make_filter_plan(
    settings: Settings,
    known: Catalogue,
    dataset_id: str,
    condition: Mapping[str, Any],
    fields: Mapping[str, str] | None,
    *,
    max_records: int | None,
) -> CollectPlan:
    """Checks a filter against the dataset's fields, where they are known, and prices it. Raises UsageError."""
    if not dataset_id.startswith("gd_"):
        with contextlib.suppress(NotFound):
            dataset_id = known.find(dataset_id).scraper_id
    conditions.check(condition, fields)
    limit = settings.max_records if max_records is None else max_records
    if limit < 1:
        raise UsageError(f"The most records must be at least 1, not {limit}", hint="Give a whole number.")
    request = FilterRequest(dataset_id, dict(condition), limit)
    label = dataset_id
    with contextlib.suppress(NotFound):
        label = known.find(dataset_id).name
    price = price_of(settings, MARKETPLACE)
    address = settings.brightdata_url
    return CollectPlan(
        source=MARKETPLACE,
        label=label,
        request=request,
        address=address,
        is_sandbox=is_loopback(host_of(address)),
        worst_case_records=limit,
        estimated_cost=round(limit * price["price_per_1000"] / 1000, 6),
        basis=f"at most {limit:,} records x ${price['price_per_1000']:g} per 1,000, price of {price['price_dated']}",
        path=wire.FILTER_PATH,
        query={},
        body=wire.filter_body(request),
        command=_command(request),
        stored={"scraper_id": dataset_id, "scraper": label, "filter": dict(condition), "max_records": limit} | price,
        request_key=request_key_of(MARKETPLACE, dataset_id, dict(condition)),
    )


def _command(request: FilterRequest) -> str:
    """The request as a command line; a nested filter is read from a file."""
    words = ["webtune", "collect", "dataset", request.dataset_id]
    written = conditions.written(request.condition)
    if written is None:
        words += ["--filter", "filter.json"]
    else:
        for text in written:
            words += ["--where", text]
        if request.condition.get("operator") == "or":
            words.append("--any")
    return shlex.join([*words, "--max-records", str(request.limit)])
