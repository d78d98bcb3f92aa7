"""The routes below `/datasets/v3`: trigger, scrape, progress, snapshot and what belongs to them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from webtune_tui.sandbox import catalogue, errors, queries, rendering
from webtune_tui.sandbox.jobs import Delivery, Job, JobBook, Order, Stage, page
from webtune_tui.sandbox.queries import whole_number
from webtune_tui.sandbox.state import refuse_without_funds, rfc3339, sandbox_of

SCRAPE_INPUTS = 20
SCRAPE_SECONDS = 60
STILL_SCRAPING = (
    "Your request is still in progress and cannot be retrieved in this call. Use the provided Snapshot ID to track "
    "progress via the Monitor Snapshot endpoint and download it once ready via the Download Snapshot endpoint."
)


async def read_order(request: Request, kind: str) -> Order:
    """The checked order of a trigger or scrape call. Raises Refusal."""
    query = request.query_params
    collecting = queries.choice(query, "type", ("discover_new", "url_collection"))
    queries.choice(query, "format", rendering.FORMATS)
    limit = whole_number(query, "limit_per_input", minimum=1)
    total = whole_number(query, "limit_multiple_results", minimum=1)
    include_errors = queries.truth(query, "include_errors")
    scraper = catalogue.load().scraper(query.get("dataset_id"))
    door = scraper.door(collecting if kind == "trigger" else None, query.get("discover_by"))
    inputs, beside = queries.inputs_of(await queries.triggered_body(request))
    custom = names_beside(beside, "custom_input_fields")
    scraper.check(door, inputs, custom)
    if kind == "scrape" and len(inputs) > SCRAPE_INPUTS:
        raise errors.validation_errors(f'"input" must contain less than or equal to {SCRAPE_INPUTS} items')
    asked = query.get("custom_output_fields") or beside.get("custom_output_fields")
    return Order(
        scraper.id,
        door,
        inputs,
        include_errors,
        limit or number_beside(beside, "limit_per_input"),
        total or number_beside(beside, "limit_multiple_results"),
        queries.columns(asked if isinstance(asked, str) else None),
        custom,
        kind,
    )


def number_beside(beside: Mapping[str, Any], name: str) -> int | None:
    value = beside.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise errors.validation_errors(f'"{name}" must be greater than or equal to 1')
    return value


def names_beside(beside: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = beside.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise errors.validation_errors(f'"{name}" must be an array')
    return tuple(value)


async def trigger(request: Request) -> Response:
    refuse_without_funds(request)
    order = await read_order(request, "trigger")
    job = sandbox_of(request).book.start(order)
    return JSONResponse({"snapshot_id": job.id})


async def scrape(request: Request) -> Response:
    """Waits for the rows up to a minute of the service's time, else hands out the snapshot's id."""
    refuse_without_funds(request)
    order = await read_order(request, "scrape")
    book = sandbox_of(request).book
    job = book.start(order)
    await book.clock.wait(min(SCRAPE_SECONDS, book.seconds_left(job)))
    if book.stage(job) in (Stage.STARTING, Stage.RUNNING, Stage.BUILDING):
        late = {"snapshot_id": job.id, "message": STILL_SCRAPING}
        return JSONResponse(late, 202, headers={"retry-after": "10"})
    rows = [] if book.stage(job) is Stage.FAILED else book.delivery(job).rows
    return rendering.response(rows, request.query_params.get("format", "json"), compress=False)


async def progress(request: Request) -> Response:
    book, job = found(request)
    return JSONResponse(progress_of(book, job))


def progress_of(book: JobBook, job: Job) -> dict[str, object]:
    """The status of a snapshot with the counters that its stage has."""
    stage = book.stage(job)
    status = "ready" if stage in (Stage.BUILDING, Stage.EXPIRED) else stage.value
    known: dict[str, object] = {"status": status, "snapshot_id": job.id, "dataset_id": job.order.dataset_id}
    if stage is Stage.CANCELED:
        return {**known, "error_codes": {"aborted_page": len(job.order.inputs)}}
    if stage is Stage.FAILED:
        return {**known, "error_message": job.failure}
    if stage.is_under_way:
        return {**known, "running_time": round(book.age(job) * 1000)}
    return {**known, **counters(book, job, book.delivery(job))}


def counters(book: JobBook, job: Job, delivery: Delivery) -> dict[str, object]:
    milliseconds = round(book.timing.duration * 1000)
    codes = {"error_codes": dict(delivery.error_codes)} if delivery.error_codes else {}
    return {
        **codes,
        "records": delivery.records,
        "errors": delivery.errors,
        "collection_duration": milliseconds,
        "avg_duration_per_input": milliseconds // len(job.order.inputs),
    }


async def snapshot(request: Request) -> Response:
    query = request.query_params
    form = queries.choice(query, "format", rendering.FORMATS) or "ndjson"
    compress = queries.truth(query, "compress")
    batch_size = whole_number(query, "batch_size", minimum=1000)
    part = whole_number(query, "part", minimum=1) or 1
    book, job = found(request)
    waiting = waiting_answer(book.stage(job))
    if waiting:
        return JSONResponse(waiting, 202)
    rows = page(finished_rows(book, job), batch_size, part)
    book.count_download(job)
    return rendering.response(rows, form, compress=compress)


def waiting_answer(stage: Stage) -> dict[str, str] | None:
    """The body of the 202 that says to come back, None when there is nothing to wait for."""
    if stage.is_under_way:
        return {"status": stage.value, "message": "Snapshot is not ready yet, try again in 30s"}
    if stage is Stage.BUILDING:
        return {"status": "building", "message": "Snapshot is building, try again in 30s"}
    return None


def finished_rows(book: JobBook, job: Job) -> list[Mapping[str, Any]]:
    """The rows of a snapshot that has ended. Raises Refusal."""
    stage = book.stage(job)
    if stage is Stage.EXPIRED:
        raise errors.Refusal(400, errors.SNAPSHOT_EXPIRED)
    rows = [] if stage in (Stage.FAILED, Stage.CANCELED) else book.delivery(job).rows
    if not rows:
        raise errors.Refusal(400, errors.SNAPSHOT_EMPTY)
    return list(rows)


async def parts(request: Request) -> Response:
    query = request.query_params
    queries.choice(query, "format", rendering.FORMATS)
    batch_size = whole_number(query, "batch_size", minimum=1000)
    book, job = found(request)
    if waiting_answer(book.stage(job)):
        raise errors.Refusal(400, errors.SNAPSHOT_NOT_READY)
    count = len(finished_rows(book, job))
    return JSONResponse({"parts": -(-count // batch_size) if batch_size else 1})


async def cancel(request: Request) -> Response:
    book, job = found(request)
    book.cancel(job)
    return errors.text("OK")


async def sent_input(request: Request) -> Response:
    """The inputs as a table."""
    _, job = found(request, errors.INPUT_UNKNOWN)
    columns = list(dict.fromkeys(name for given in job.order.inputs for name in given))
    file = io.StringIO()
    table = csv.DictWriter(file, columns, lineterminator="\n")
    table.writeheader()
    table.writerows({name: rendering.cell(value) for name, value in given.items()} for given in job.order.inputs)
    return Response(file.getvalue().rstrip("\n"), media_type="text/csv; charset=utf-8")


async def log(request: Request) -> Response:
    """One line for each input, in a form of ours; the service's own form is not documented."""
    book = sandbox_of(request).book
    job = next((job for job in book.all() if job.id == request.path_params["snapshot_id"]), None)
    if job is None:
        raise errors.Refusal(404, {"error": "Snapshot not found"})
    return JSONResponse([{"input": dict(given), "status": book.stage(job).value} for given in job.order.inputs])


async def snapshots(request: Request) -> Response:
    """The history of one scraper, newest first."""
    query = request.query_params
    dataset_id = query.get("dataset_id")
    if not dataset_id:
        raise errors.validation_errors('"dataset_id" is required')
    status = queries.choice(query, "status", ("starting", "running", "ready", "failed", "canceled"))
    skip = whole_number(query, "skip", minimum=0) or 0
    limit = whole_number(query, "limit", minimum=1, maximum=5000) or 1000
    start, end = queries.moment(query, "from_date"), queries.moment(query, "to_date", end_of_day=True)
    book = sandbox_of(request).book
    rows = [
        row_of_history(book, job)
        for job in book.all()
        if job.order.dataset_id == dataset_id
        and (start is None or job.created >= start)
        and (end is None or job.created < end)
    ]
    rows = [row for row in rows if status is None or row["status"] == status]
    shown = rows[skip : skip + limit]
    return JSONResponse({"total": len(rows), "snapshots": shown} if queries.truth(query, "with_total") else shown)


def row_of_history(book: JobBook, job: Job) -> dict[str, object]:
    status = progress_of(book, job)
    return {
        "id": job.id,
        "created": rfc3339(job.created),
        "status": status["status"],
        "dataset_id": job.order.dataset_id,
        "dataset_size": status.get("records", 0),
    }


def found(request: Request, otherwise: str = errors.SNAPSHOT_UNKNOWN) -> tuple[JobBook, Job]:
    """The snapshot that the path names. Raises Refusal."""
    book = sandbox_of(request).book
    try:
        return book, book.find(request.path_params["snapshot_id"])
    except errors.Refusal:
        raise errors.Refusal(400 if otherwise == errors.INPUT_UNKNOWN else 404, otherwise) from None


ROUTES = [
    Route("/datasets/v3/trigger", trigger, methods=["POST"]),
    Route("/datasets/v3/scrape", scrape, methods=["POST"]),
    Route("/datasets/v3/progress/{snapshot_id}", progress),
    Route("/datasets/v3/snapshots", snapshots),
    Route("/datasets/v3/snapshot/{snapshot_id}", snapshot),
    Route("/datasets/v3/snapshot/{snapshot_id}/parts", parts),
    Route("/datasets/v3/snapshot/{snapshot_id}/input", sent_input),
    Route("/datasets/v3/snapshot/{snapshot_id}/cancel", cancel, methods=["POST"]),
    Route("/datasets/v3/log/{snapshot_id}", log),
]
