"""What goes over the wire to Bright Data and what its answers mean: pure functions, no connection."""

from __future__ import annotations

import csv
import email.utils
import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.domain.masking import mask
from webtune_tui.domain.terminal_text import display
from webtune_tui.sources.base import Batch, FilterRequest, SnapshotListing, SnapshotStatus, TriggerRequest

TRIGGER_PATH = "/datasets/v3/trigger"
FILTER_PATH = "/datasets/filter"
RUNNING_WORDS = frozenset(
    {"starting", "running", "building", "collecting", "digesting", "pending", "queued", "scheduled"}
)
_STOPPED = {"failed": "failed", "error": "failed", "canceled": "cancelled", "cancelled": "cancelled"}
_REASON_KEYS = ("error", "error_message", "message", "failure_reason")
_LONGEST_WORDS = 500
_MOST_BATCHES = 100_000


def trigger_query(request: TriggerRequest) -> dict[str, str]:
    """The query of the trigger, in the order in which it is sent."""
    query = {"dataset_id": request.scraper_id, "include_errors": "true"}
    if request.discover_by is not None:
        query |= {"type": "discover_new", "discover_by": request.discover_by}
        if request.limit_per_input is not None:
            query["limit_per_input"] = str(request.limit_per_input)
    if request.max_records is not None:
        query["limit_multiple_results"] = str(request.max_records)
    if request.output_fields:
        query["custom_output_fields"] = "|".join(request.output_fields)
    return query


def trigger_body(request: TriggerRequest) -> str:
    """The body of the trigger, byte for byte."""
    return json.dumps([dict(given) for given in request.inputs], ensure_ascii=False, separators=(",", ":"))


def filter_body(request: FilterRequest) -> str:
    """The body of a marketplace filter, byte for byte."""
    body = {"dataset_id": request.dataset_id, "records_limit": request.limit, "filter": dict(request.condition)}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def download_query(form: str, batch: Batch | None) -> dict[str, str]:
    """The query of a download."""
    return {"format": form} if batch is None else batches_query(form, batch.size) | {"part": str(batch.number)}


def batches_query(form: str, size: int) -> dict[str, str]:
    """The query of the question for batches; its values must equal those of the downloads."""
    return {"format": form, "batch_size": str(size)}


def batches_in(text: str) -> int | None:
    """The number of batches in the answer to that question."""
    body = parse_json(text)
    count = _count(body.get("parts")) if isinstance(body, Mapping) else None
    return count if count and count <= _MOST_BATCHES else None


def inputs_of(text: str) -> list[dict[str, str]] | None:
    """The inputs in the service's CSV of them, or ``None`` where it can't be read. Empty cells are left out."""
    try:
        rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""), strict=True))
    except csv.Error:
        return None
    if any(None in row for row in rows):
        return None
    return [{name: value for name, value in row.items() if value} for row in rows] or None


def same_inputs(ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, str]]) -> bool:
    """Whether the service's table of inputs is what we sent: in any order, with columns of its own beside ours."""
    sent = [{name: _cell(value) for name, value in given.items() if value not in (None, "")} for given in ours]
    names = set().union(*sent)
    told = [{name: value for name, value in given.items() if name in names} for given in theirs]
    return Counter(map(_sorted_text, sent)) == Counter(map(_sorted_text, told))


def fields_in(text: str) -> dict[str, str] | None:
    """The active fields of a dataset's metadata with their types, or ``None`` where the answer is something else."""
    body = parse_json(text)
    fields = body.get("fields") if isinstance(body, Mapping) else None
    if not isinstance(fields, Mapping) or not fields:
        return None
    return {
        str(name): str(told.get("type") or "")
        for name, told in fields.items()
        if isinstance(told, Mapping) and told.get("active") is not False
    }


def words_of(text: str) -> str:
    """The service's own words out of an error body: short, without keys, safe to show."""
    body = parse_json(text)
    if isinstance(body, Mapping):
        text = _reason(body) or text
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]{0,200}>", " ", text)).strip()
    return display(mask(plain[: 4 * _LONGEST_WORDS]), limit=_LONGEST_WORDS) or "(no words)"


def parse_json(text: str) -> Any:
    """The value of a JSON text, or ``None`` where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def snapshot_id_of(text: str) -> str | None:
    """The snapshot id in the answer of a trigger, or ``None`` where it can't be read."""
    body = parse_json(text)
    found = body.get("snapshot_id") if isinstance(body, Mapping) else None
    return found if isinstance(found, str) and re.fullmatch(r"[\w.-]{1,200}", found) else None


def status_of(snapshot_id: str, text: str) -> SnapshotStatus:
    """The progress of a snapshot. A word that is not known, or a missing one, means: keep waiting."""
    body = parse_json(text)
    if not isinstance(body, Mapping):
        return SnapshotStatus(snapshot_id, "running", "unreadable", message=words_of(text))
    raw = body.get("status")
    word = raw if isinstance(raw, str) else ""
    state = "ready" if word == "ready" else _STOPPED.get(word, "running")
    return SnapshotStatus(
        snapshot_id=snapshot_id,
        state=state,
        raw_state=display(word, limit=60) or "no status",
        records=_count(body.get("records", body.get("dataset_size") if state == "ready" else None)),
        errors=_count(body.get("errors")),
        error_codes=_codes(body.get("error_codes")),
        message=words_of(text) if state == "failed" else "",
        scraper_id=body["dataset_id"] if isinstance(body.get("dataset_id"), str) else "",
    )


def day_before(time: str) -> str:
    """The day before an RFC 3339 time: the service compares whole days by a clock of its own."""
    return (clock.parse_rfc3339(time) - timedelta(days=1)).date().isoformat()


def listings_of(text: str, *, ahead: float = 0.0) -> list[SnapshotListing] | None:
    """The rows of the service's list of snapshots, or ``None`` where the answer is no list.

    ``ahead`` is how many seconds the service's clock is before ours: times are told as our clock has them.
    """
    body = parse_json(text)
    if isinstance(body, Mapping):  # with a total the list lies inside
        body = next((value for value in body.values() if isinstance(value, list)), None)
    if not isinstance(body, list):
        return None
    return [
        SnapshotListing(
            snapshot_id=row["id"],
            scraper_id=str(row.get("dataset_id") or ""),
            state=str(row.get("status") or ""),
            created_at=_by_our_clock(str(row.get("created") or ""), ahead),
            records=_count(row.get("dataset_size")),
        )
        for row in body
        if isinstance(row, Mapping) and isinstance(row.get("id"), str)
    ]


def is_running_notice(head: bytes) -> bool:
    """Whether a whole 200 body is a notice such as ``{"status":"running", ...}`` and no data."""
    if not head.lstrip().startswith(b"{") or len(head) > 2000:
        return False
    body = parse_json(head.decode("utf-8", "replace"))
    return (
        isinstance(body, Mapping)
        and set(body) <= {"status", "message", "snapshot_id", "dataset_id", "running_time"}
        and body.get("status") in RUNNING_WORDS
    )


def recommended_wait(headers: Mapping[str, str], text: str, *, now: datetime | None = None) -> float | None:
    """The seconds to wait by the header, else by the words (``try again in 30s``), else ``None``."""
    wait = retry_after(headers.get("retry-after"), now=now)
    if wait is not None:
        return wait
    match = re.search(r"try again in (\d{1,4})\s*s", text)
    return float(match.group(1)) if match else None


def retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Retry-After in seconds, given as seconds or as an HTTP date; ``None`` for nonsense and for times gone by."""
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text):
        return float(text)
    moment = moment_of(text)
    seconds = 0.0 if moment is None else (moment - (now or datetime.now(UTC))).total_seconds()
    return seconds if seconds > 0 else None


def moment_of(http_date: str | None) -> datetime | None:
    """The moment of an HTTP date, or ``None`` for nonsense."""
    try:
        moment = email.utils.parsedate_to_datetime(http_date or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _cell(value: Any) -> str:
    """A value as it stands in a cell of the service's table."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _sorted_text(given: Mapping[str, str]) -> str:
    return json.dumps({name: value.strip() for name, value in given.items()}, sort_keys=True)


def _by_our_clock(time: str, ahead: float) -> str:
    try:
        moment = clock.parse_rfc3339(time)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return time if not ahead else clock.rfc3339(moment.timestamp() - ahead)
    except (ValueError, OverflowError, OSError):
        return time


def _reason(body: Mapping[Any, Any]) -> str:
    found = next((body[key] for key in _REASON_KEYS if isinstance(body.get(key), str) and body[key]), "")
    details = [f"{pair[0]}: {pair[1]}" for pair in _pairs(body.get("errors"))]
    details += [str(item) for item in body.get("validation_errors") or () if isinstance(item, str)]
    return " · ".join([part for part in (found, "; ".join(details[:10])) if part])


def _pairs(value: Any) -> list[list[Any]]:
    if not isinstance(value, list):
        return []
    return [pair for pair in value if isinstance(pair, list) and len(pair) == 2]


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


def _codes(value: Any) -> dict[str, int]:
    if not isinstance(value, Mapping):
        return {}
    return {display(str(code), limit=60): count for code, count in value.items() if isinstance(count, int)}
