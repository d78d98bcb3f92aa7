"""What is looked for, and what a find is."""

from __future__ import annotations

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
    if len(hits) < 2:
        return hits
    hits.sort(key=lambda hit: (hit.start, hit.end))
    if all(former.end <= later.start for former, later in pairwise(hits)):
        return hits
    kept: list[Hit] = []
    group: list[Hit] = []
    reach = -1
    for hit in hits:
        if hit.start >= reach:
            kept += _best(group)
            group = []
        group.append(hit)
        reach = max(reach, hit.end)
    return kept + _best(group)


def _best(group: list[Hit]) -> list[Hit]:
    """The finds of one run of overlapping ones that can stand together."""
    if len(group) < 2:
        return group
    kept: list[Hit] = []
    for kind in sorted({hit.kind for hit in group}, key=RANK.__getitem__):
        others = sorted(kept)
        of_kind = sorted((h for h in group if h.kind == kind), key=lambda h: (h.start - h.end, h.start))
        for hit in of_kind:
            if not any(hit.start < other.end and other.start < hit.end for other in others):
                kept.append(hit)
                others.append(hit)
    return sorted(kept, key=lambda hit: hit.start)
