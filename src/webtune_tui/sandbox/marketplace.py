"""`POST /datasets/filter` over the bundled records, and its snapshots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from webtune_tui.sandbox import catalogue, errors, queries, records, rendering
from webtune_tui.sandbox.jobs import Clock, Timing, new_id, page
from webtune_tui.sandbox.queries import whole_number
from webtune_tui.sandbox.records import Row
from webtune_tui.sandbox.state import refuse_without_funds, rfc3339, sandbox_of

DEEPEST_NESTING = 3
PRICE_PER_RECORD = 0.0025
NO_MATCH = "Provided filter did not match any records"


def includes(value: Any, wanted: Any) -> bool:
    terms = wanted if isinstance(wanted, list) else [wanted]
    if isinstance(value, list):
        return any(str(term) in str(item) for term in terms for item in value)
    return isinstance(value, str) and any(str(term) in value for term in terms)


def array_includes(value: Any, wanted: Any) -> bool:
    terms = wanted if isinstance(wanted, list) else [wanted]
    return isinstance(value, list) and any(term in value for term in terms)


def compared(value: Any, wanted: Any, test: Callable[[Any, Any], bool]) -> bool:
    both_numbers = all(isinstance(side, (int, float)) for side in (value, wanted))
    return (both_numbers or (isinstance(value, str) and isinstance(wanted, str))) and test(value, wanted)


OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, wanted: value == wanted,
    "!=": lambda value, wanted: value != wanted,
    "<": lambda value, wanted: compared(value, wanted, lambda left, right: left < right),
    "<=": lambda value, wanted: compared(value, wanted, lambda left, right: left <= right),
    ">": lambda value, wanted: compared(value, wanted, lambda left, right: left > right),
    ">=": lambda value, wanted: compared(value, wanted, lambda left, right: left >= right),
    "in": lambda value, wanted: isinstance(wanted, list) and value in wanted,
    "not_in": lambda value, wanted: isinstance(wanted, list) and value not in wanted,
    "includes": includes,
    "not_includes": lambda value, wanted: not includes(value, wanted),
    "array_includes": array_includes,
    "not_array_includes": lambda value, wanted: not array_includes(value, wanted),
    "is_null": lambda value, _: value is None,
    "is_not_null": lambda value, _: value is not None,
}
WITHOUT_VALUE = ("is_null", "is_not_null")


@dataclass(frozen=True, slots=True)
class FilterJob:
    """One filter run with what it found; ``created`` in Unix seconds."""

    id: str
    dataset_id: str
    created: float
    rows: Sequence[Row]

    def status(self, clock: Clock, timing: Timing) -> str:
        age = clock.elapsed(self.created)
        if age < timing.starting:
            return "scheduled"
        return "building" if age < timing.duration else "ready"


def check_filter(given: Any, fields: Mapping[str, Any], depth: int = 1) -> None:
    """Raises Refusal for a filter that the service would not take."""
    if not isinstance(given, dict):
        raise errors.validation_errors('"filter" must be of type object')
    if "filters" in given:
        queries.choice(given, "operator", ("and", "or"))
        if depth > DEEPEST_NESTING or not isinstance(given["filters"], list) or not given["filters"]:
            raise errors.validation_errors(f'"filters" must be a list, nested at most {DEEPEST_NESTING} deep')
        for inner in given["filters"]:
            check_filter(inner, fields, depth + 1)
        return
    if given.get("name") not in fields:
        raise errors.validation_errors(f'"name" must be one of the fields of the dataset, got {given.get("name")}')
    if given.get("operator") not in OPERATORS:
        raise errors.validation_errors(f'"operator" must be one of [{", ".join(OPERATORS)}]')
    if given["operator"] not in WITHOUT_VALUE and "value" not in given:
        raise errors.validation_errors('"value" is required')


def matches(row: Row, given: Mapping[str, Any]) -> bool:
    """Whether a row passes a checked filter."""
    if "filters" in given:
        every = all if given.get("operator", "and") == "and" else any
        return every(matches(row, inner) for inner in given["filters"])
    return OPERATORS[given["operator"]](row.get(given["name"]), given.get("value"))


async def start_filter(request: Request) -> Response:
    refuse_without_funds(request)
    body = await queries.json_body(request)
    if not isinstance(body, dict) or not isinstance(body.get("dataset_id"), str):
        raise errors.validation_errors('"dataset_id" is required')
    fields = catalogue.load().fields.get(body["dataset_id"])
    if fields is None:
        raise errors.Refusal(404, errors.DATASET_UNKNOWN)
    check_filter(body.get("filter"), fields)
    limit = body.get("records_limit")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise errors.validation_errors('"records_limit" must be greater than or equal to 1')
    rows = [row for row in records.load().rows if records.is_data(row) and matches(row, body["filter"])][:limit]
    if not rows:
        raise errors.Refusal(422, {"error": NO_MATCH})
    sandbox = sandbox_of(request)
    job = FilterJob(new_id("snap_"), body["dataset_id"], sandbox.book.clock.now(), rows)
    sandbox.filters[job.id] = job
    return JSONResponse({"snapshot_id": job.id})


def found(request: Request) -> tuple[FilterJob, str]:
    """The run that the path names, and its status. Raises Refusal."""
    sandbox = sandbox_of(request)
    job = sandbox.filters.get(request.path_params["snapshot_id"])
    if job is None:
        raise errors.Refusal(404, errors.SNAPSHOT_UNKNOWN)
    return job, job.status(sandbox.book.clock, sandbox.book.timing)


def described(job: FilterJob, status: str) -> dict[str, object]:
    is_ready = status == "ready"
    return {
        "id": job.id,
        "created": rfc3339(job.created),
        "status": status,
        "dataset_id": job.dataset_id,
        "view_id": "sandbox",
        "customer_id": "hl_sandbox",
        "dataset_size": len(job.rows) if is_ready else 0,
        "file_size": len(rendering.as_text(job.rows, "jsonl").encode("utf-8")) if is_ready else 0,
        "cost": round(len(job.rows) * PRICE_PER_RECORD, 4) if is_ready else 0,
    }


async def meta(request: Request) -> Response:
    return JSONResponse(described(*found(request)))


async def every(request: Request) -> Response:
    sandbox = sandbox_of(request)
    book = sandbox.book
    jobs = sorted(sandbox.filters.values(), key=lambda job: job.created, reverse=True)
    return JSONResponse([described(job, job.status(book.clock, book.timing)) for job in jobs])


async def download(request: Request) -> Response:
    query = request.query_params
    form = queries.choice(query, "format", rendering.FORMATS) or "jsonl"
    batch_size = whole_number(query, "batch_size", minimum=1000)
    part = whole_number(query, "part", minimum=1) or 1
    compress = queries.truth(query, "compress")
    job, status = found(request)
    if status != "ready":
        return JSONResponse({"status": status, "message": "Snapshot is not ready yet, try again in 10s"}, 202)
    return rendering.response(page(job.rows, batch_size, part), form, compress=compress)


async def parts(request: Request) -> Response:
    batch_size = whole_number(request.query_params, "batch_size", minimum=1000)
    job, status = found(request)
    if status != "ready":
        raise errors.Refusal(400, errors.SNAPSHOT_NOT_READY)
    return JSONResponse({"parts": -(-len(job.rows) // batch_size) if batch_size else 1})


ROUTES = [
    Route("/datasets/filter", start_filter, methods=["POST"]),
    Route("/datasets/snapshots", every),
    Route("/datasets/snapshots/{snapshot_id}", meta),
    Route("/datasets/snapshots/{snapshot_id}/download", download),
    Route("/datasets/snapshots/{snapshot_id}/parts", parts),
]
