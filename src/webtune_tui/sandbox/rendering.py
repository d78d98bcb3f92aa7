"""Rows as the service sends them: json, ndjson, jsonl or csv, gzip on demand."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence

from starlette.responses import Response

from webtune_tui.sandbox.records import Row

FORMATS = ("json", "ndjson", "jsonl", "csv")
MEDIA_TYPES = {
    "json": "application/json; charset=utf-8",
    "ndjson": "application/x-ndjson; charset=utf-8",
    "jsonl": "application/x-ndjson; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_text(rows: Sequence[Row], form: str) -> str:
    """The rows in one of FORMATS."""
    if form == "json":
        return compact(rows)
    if form == "csv":
        return as_csv(rows)
    return "".join(compact(row) + "\n" for row in rows)


def as_csv(rows: Sequence[Row]) -> str:
    """A table with every column that a row has, in the order of appearance; nested values as JSON."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    file = io.StringIO()
    table = csv.DictWriter(file, columns, lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow({name: cell(value) for name, value in row.items()})
    return file.getvalue()


def cell(value: object) -> object:
    if value is None:
        return ""
    return value if isinstance(value, (str, int, float)) and not isinstance(value, bool) else compact(value)


def response(rows: Sequence[Row], form: str, *, compress: bool) -> Response:
    """The download itself; ``compress`` gives a gzip file, not a content encoding."""
    body = as_text(rows, form).encode("utf-8")
    if not compress:
        return Response(body, media_type=MEDIA_TYPES[form])
    return Response(gzip.compress(body, mtime=0), media_type="application/gzip")
