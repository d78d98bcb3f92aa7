"""What is looked for, and what a find is."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

KINDS = (
    "token_url",
    "api_key",
    "crypto_address",
    "iban",
    "codice_fiscale",
    "email",
    "mac",
    "card",
    "nir",
    "cnpj",
    "cpf",
    "aadhaar",
    "my_number",
    "steuer_id",
    "dni",
    "ssn",
    "nhs",
    "bsn",
    "ip",
    "phone",
)
"""Every kind, the most specific first: where two finds overlap, the earlier kind stays."""

RANK = {kind: rank for rank, kind in enumerate(KINDS)}


class Hit(NamedTuple):
    """A find: ``text[start:end]`` is of the kind, to the character."""

    kind: str
    start: int
    end: int


def without_overlaps(hits: list[Hit]) -> list[Hit]:
    """The finds in text order. Of two that overlap the more specific kind stays, of one kind the longer."""
    hits.sort(key=_place)
    if all(former.end <= later.start for former, later in pairwise(hits)):
        return hits
    return [hit for together in _touching(hits) for hit in (_strongest(together) if len(together) > 1 else together)]


def _touching(hits: list[Hit]) -> Iterator[list[Hit]]:
    """Finds in text order, cut wherever none reaches over: sorting out stays quick however many there are."""
    together: list[Hit] = []
    reach = 0
    for hit in hits:
        if together and hit.start >= reach:
            yield together
            together = []
        together.append(hit)
        reach = max(reach, hit.end)
    if together:
        yield together


def _strongest(hits: list[Hit]) -> list[Hit]:
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (RANK[hit.kind], hit.start - hit.end, hit.start)):
        place = bisect_left(kept, hit.start, key=_start)
        is_free_before = place == 0 or kept[place - 1].end <= hit.start
        if is_free_before and (place == len(kept) or hit.end <= kept[place].start):
            kept.insert(place, hit)
    return kept


def _place(hit: Hit) -> tuple[int, int]:
    return hit.start, hit.end


def _start(hit: Hit) -> int:
    return hit.start
