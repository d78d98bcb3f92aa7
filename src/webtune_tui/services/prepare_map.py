"""The workspace's records as drafts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from webtune_tui.domain.record_fields import host_of as domain_of
from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft
from webtune_tui.storage.live_records import LiveRecord, LiveRow

_DIGITS_ALIKE = bytes(ord("0") if chr(code).isdigit() else ord(" ") for code in range(128)) + b" " * 128
_NINETEEN_DIGITS = b"0" * 19  # looked for first: a regular expression takes eight times as long
_LONG_NUMBER = re.compile(r"[:,\[]\s*-?[0-9]{19}")
_KINDS = {kind.value: kind for kind in RecordKind}


def drafts_of(rows: Iterable[LiveRecord]) -> list[Draft]:
    """The records as drafts."""
    return [
        Draft(
            record_id=row.record_id,
            key=row.key,
            kind=row.kind,
            fields=parsed(row.fields),
            source=row.source,
            label=row.label,
            url=row.url,
            domain=domain_of(row.url),
            collected_at=row.collected_at,
            raw_file=row.raw_file,
        )
        for row in rows
    ]


def drafts_of_rows(rows: Iterable[LiveRow]) -> list[Draft]:
    """The records as drafts."""
    return [
        Draft(record_id, key, _KINDS[kind], parsed(fields), source, label, url, domain_of(url), collected_at, raw_file)
        for record_id, key, kind, fields, source, label, url, collected_at, raw_file in rows
    ]


def with_own_keys(batches: Iterable[Sequence[LiveRow]]) -> Iterator[list[LiveRow]]:
    """The records in batches, each with a key of its own: equal keys, which come one after the other, are numbered."""
    previous, repeated = None, 0
    for rows in batches:
        own = list(rows)
        for number, row in enumerate(rows):
            if row[1] == previous:
                repeated += 1
                own[number] = (row[0], f"{previous}\n{repeated}", *row[2:])
            else:
                previous, repeated = row[1], 0
        yield own


def parsed(fields: str) -> Any:
    """The fields of a record as the standard library reads them, mostly by a faster parser."""
    digits = fields.encode("utf-8", "surrogatepass").translate(_DIGITS_ALIKE)
    if _NINETEEN_DIGITS in digits and _LONG_NUMBER.search(fields):
        return json.loads(fields)  # the fast parser makes fractions of whole numbers beyond 64 bits
    try:
        return orjson.loads(fields)
    except orjson.JSONDecodeError:  # half of a surrogate pair, NaN
        return json.loads(fields)
