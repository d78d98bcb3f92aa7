"""What a delivered row is: data, an error row or a warning row; its key, its address and its time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from webtune_tui.domain.records import NO_PLACE, RawPlace, Record, RecordKind, RecordRow
from webtune_tui.json_text import content_hash, encode
from webtune_tui.sources.files.base import Row

# what the service adds around a record: it changes from run to run while the record stays the same
ENVELOPE = frozenset({"timestamp", "input", "discovery_input"})
_NO_DATA = ENVELOPE | {"warning", "warning_code"}
_FAILURE_CODES = ("error_code", "warning_code")
_FAILED = _NO_DATA | {"error", "error_code"}
_KEY_FIELDS: Mapping[str, tuple[str, ...]] = {
    "gd_l7q7dkf244hwjntr0": ("asin",),
    "gd_lwhideng15g8jg63s7": ("asin",),
    "gd_le8e811kzy4ggddlq": ("review_id",),
    "gd_lhotzucw1etoe5iw1k": ("seller_id",),
    "gd_lyy3tktm25m4avu764": ("id",),
    "gd_l1vikfnt1wgvvqz95w": ("company_id", "id"),
    "gd_l1viktl72bvl7bjuj0": ("linkedin_num_id", "linkedin_id", "id"),
    "gd_lpfll7v5hcqtkxl6l": ("job_posting_id",),
    "gd_lvz8ah06191smkebj4": ("post_id",),
    "gd_lvzdpsdlw09j6t702": ("comment_id",),
    "gd_lwxkxvnf1cynvib9co": ("id",),
    "gd_lwxmeb2u1cniijd7t4": ("x_id", "id"),
    "gd_lk56epmy2i5g7lzu0k": ("video_id",),
    "gd_lk9q0ew71spt1mxywf": ("comment_id",),
    "gd_luzfs1dn2oa0teb81": ("review_id",),
    "gd_lm5zmhwd2sni130p": ("review_id",),
    "gd_lk5ns7kz21pck8jpis": ("post_id", "content_id"),
    "gd_lyclm20il4r5helnj": ("post_id", "content_id"),
    "gd_ltppn085pokosxh13": ("comment_id",),
    "gd_lu702nij2f790tmv9h": ("post_id",),
    "gd_lkf2st302ap89utw5k": ("comment_id",),
    "gd_l1vijqt9jfj7olije": ("uuid", "id"),
    "gd_m736hjp71lejc5dc0l": ("post_id",),
    "gd_m7n5v2gq296pex2f5m": ("post_id",),
    "gd_m7n5ixlw1gc4no56kx": ("post_id",),
    "gd_lyrexgxc24b3d4imjt": ("id",),
    "gd_m0ci4a4ivx3j5l6nx": ("id",),
    "gd_m18zt6ec11wfqohyrs": ("linkedin_num_id", "profile_linkedin_id"),
    "gd_l88xp4k01qnhvyqlvw": ("product_id",),
    "gd_l88xvdka1uao86xvlb": ("review_id",),
    "gd_l7j0bx501ockwldaqf": ("id",),
    "gd_lpfbbndm1xnopbrcr0": ("job_posting_id",),
    "gd_l7j1po0921hbu0ri1z": ("review_id",),
    "gd_lreq6ho72fhvovjj7a": ("id",),
    "gd_l1vikf2h1a4t6x8qzu": ("id",),
    "gd_l7qekxkv2i7ve6hx1s": ("company_id",),
    "gd_l1vil1d81g0u8763b2": ("company_id",),
    "gd_m4ijiqfp2n9oe3oluj": ("id",),
    "gd_l1vilg5a1decoahvgq": ("id",),
    "gd_lztojazw1389985ops": ("review_id",),
    "gd_l1vilsfd1xpsndbtpr": ("company_id",),
    "gd_l3lh4ev31oqrvvblv6": ("account_id",),
    "gd_lgugwl0519h1p14rwk": ("business_id", "yelp_biz_id"),
    "gd_lgzhlu9323u3k24jkv": ("review_id",),
}
_PER_ROW = ("review_id", "comment_id", "job_posting_id", "video_id", "post_id")
_DATA = RecordKind.DATA.value
_ASIN = re.compile(r"[A-Z0-9]{10}")


def kind_of(fields: Mapping[str, Any]) -> RecordKind:
    """Data has no error and at least one field besides what the service wraps around it."""
    if fields.get("error") or fields.get("error_code"):
        return RecordKind.ERROR
    if any(name not in _FAILED for name in fields):
        return RecordKind.DATA
    return RecordKind.WARNING


def is_from_service(fields: Mapping[str, Any]) -> bool:
    """Whether a row carries the marks that Bright Data puts on each of its rows."""
    if not isinstance(fields.get("input"), Mapping):
        return False
    return isinstance(fields.get("timestamp"), str) or _is_failure_alone(fields)


def _is_failure_alone(fields: Mapping[str, Any]) -> bool:
    """Whether a row tells what failed for an input and nothing else, as rows do that lost their time on the way."""
    return _FAILED.issuperset(fields) and any(
        isinstance(fields.get(name), str) and fields[name] for name in _FAILURE_CODES
    )


def place_of(row: Row, file: str = "") -> RawPlace:
    """Where the bytes of a row lie; ``file`` is its file below the collection's raw folder."""
    return RawPlace(file, row.line, row.start, row.length)


def delivered_record(
    collection_id: str,
    position: int,
    fields: Mapping[str, Any],
    scraper_id: str,
    *,
    now: str,
    place: RawPlace = NO_PLACE,
    is_overlapping: bool = False,
) -> Record:
    """A row that a scraper delivered. Error and warning rows stay rows of their own collection.

    Where the batches of a download overlap, the same input that failed in the same way is the same row.
    """
    kind = kind_of(fields)
    is_data = kind is RecordKind.DATA
    digest = content_hash(_without_envelope(fields))
    own = _failure(fields, digest) if is_overlapping else str(position)
    key = key_of(scraper_id, fields, digest) if is_data else f"{kind}:{collection_id}:{own}"
    return Record(
        collection_id=collection_id,
        position=position,
        kind=kind,
        key=key,
        content_hash=digest,
        fields=fields,
        url=url_of(fields),
        collected_at=_text(fields.get("timestamp")) or now,
        place=place,
    )


def imported_record(
    collection_id: str, position: int, fields: Mapping[str, Any], *, now: str, place: RawPlace = NO_PLACE
) -> Record:
    """A row of a file: known by its content, unless it carries the marks of a scraper's row."""
    kind = kind_of(fields) if is_from_service(fields) else RecordKind.DATA
    if kind is RecordKind.DATA and is_from_service(fields):
        return delivered_record(collection_id, position, fields, "", now=now, place=place)
    digest = content_hash(fields)
    prefix = "" if kind is RecordKind.DATA else f"{kind}:"
    return Record(
        collection_id=collection_id,
        position=position,
        kind=kind,
        key=f"{prefix}hash:{digest}",
        content_hash=digest,
        fields=fields,
        url=url_of(fields),
        collected_at=_text(fields.get("timestamp")) or now,
        place=place,
    )


def imported_row(position: int, row: Row, *, now: str, file: str = "") -> RecordRow:
    """As :func:`imported_record`, for storing: most rows of most files are plain ones, and there are millions."""
    fields = row.fields
    if "input" in fields and is_from_service(fields):
        record = imported_record("", position, fields, now=now)
        kind, key, digest = record.kind.value, record.key, record.content_hash
    else:
        digest = content_hash(fields)
        kind, key = _DATA, f"hash:{digest}"
    return RecordRow(
        position,
        kind,
        key,
        digest,
        url_of(fields),
        _text(fields.get("timestamp")) or now,
        encode(fields) if row.json is None else row.json,
        file,
        row.line,
        row.start,
        row.length,
    )


def key_of(scraper_id: str, fields: Mapping[str, Any], digest: str) -> str:
    """What stays the same when the same thing is collected again: its id at its site, its URL, or its content."""
    for name in _KEY_FIELDS.get(scraper_id, _PER_ROW):
        if value := _identifier(fields.get(name)):
            return f"{name}:{_site(fields)}:{value}"
    asin = _identifier(fields.get("asin"))
    if _ASIN.fullmatch(asin) and not any(fields.get(name) for name in ("review_text", "keyword")):
        return f"asin:{_site(fields)}:{asin}"
    if url := url_of(fields):
        return f"url:{url}"
    if value := _identifier(fields.get("id")):
        return f"id:{_site(fields)}:{value}"
    return f"hash:{digest}"


def url_of(fields: Mapping[str, Any]) -> str | None:
    """The record's own web address."""
    value = fields.get("url")
    return value if isinstance(value, str) and value.startswith(("http://", "https://")) else None


def _failure(fields: Mapping[str, Any], digest: str) -> str:
    return content_hash({"input": fields.get("input"), "discovery": fields.get("discovery_input"), "row": digest})


def _without_envelope(fields: Mapping[str, Any]) -> dict[str, Any]:
    rest = dict(fields)
    for name in ENVELOPE:
        rest.pop(name, None)
    return rest


def _site(fields: Mapping[str, Any]) -> str:
    """The host that an id counts on: the same number is another thing elsewhere."""
    match = re.match(r"https?://(?:www\.)?([^/?#\s]{1,100})", url_of(fields) or "")
    return match.group(1).lower() if match else ""


def _identifier(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()[:300]


def _text(value: Any) -> str | None:
    return value[:40] if isinstance(value, str) and value else None
