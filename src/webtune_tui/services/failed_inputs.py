"""The inputs of a collection that brought an error or a bare warning, and which of them are worth another try."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.records import Collection, Record
from webtune_tui.sources.base import ScraperDoor
from webtune_tui.sources.catalogue import Catalogue

_WORTH_A_RETRY = frozenset({"crawl_failed", "crawl_error", "blocked", "no_peers"}) | {
    "cut_body",
    "http_429",
    "rate_limited",
    "robots_unreachable",
    "service_error",
    "service_unavailable",
    "slow",
    "unreachable",
}  # fmt: skip - the second group is of single pages


@dataclass(frozen=True, slots=True)
class FailedInput:
    """An input that failed with a code of the service; ``rows`` counts the rows that say so."""

    input: Mapping[str, Any]
    code: str
    message: str
    rows: int = 1

    @property
    def may_be_retried(self) -> bool:
        """Whether trying again can help: a trouble on the way, not a dead page or a bad input."""
        return self.code in _WORTH_A_RETRY or "timeout" in self.code or self.code.startswith("http_5")


def failed_inputs_of(records: Iterable[Record], sent: Sequence[Mapping[str, Any]]) -> list[FailedInput]:
    """The failures in error and warning rows, one for each input and code, in the order in which they came.

    An input is told as it was sent where it can be found in what was sent: the service adds fields of its own, and
    discovery names the item where it stopped, with the query beside it.
    """
    found: dict[tuple[str, str], FailedInput] = {}
    for record in records:
        fields = record.fields
        code = _text(fields, "error_code", "warning_code") or "unknown"
        given = _as_sent(fields, sent)
        key = json.dumps(given, sort_keys=True, ensure_ascii=False), code
        if key in found:
            found[key] = replace(found[key], rows=found[key].rows + 1)
        else:
            found[key] = FailedInput(given, code, _text(fields, "error", "warning"))
    return list(found.values())


def inputs_to_retry(
    collection: Collection, failures: Sequence[FailedInput], known: Catalogue, *, every: bool
) -> list[Mapping[str, Any]]:
    """The inputs of a retry, each once, with only the fields that the scraper's door takes.

    Raises:
        UsageError: there is nothing to try again.
    """
    wanted = [failure for failure in failures if every or failure.may_be_retried]
    if not wanted:
        codes = ", ".join(sorted({failure.code for failure in failures}))
        raise UsageError(
            f"No failed input of {collection.collection_id} is worth another try" + (f": {codes}" if codes else ""),
            hint="Try all of them anyway with --all." if failures else "Nothing failed.",
        )
    taken = _fields_of_door(collection, known)
    unique: dict[str, Mapping[str, Any]] = {}
    for failure in wanted:
        given = {name: value for name, value in failure.input.items() if taken is None or name in taken}
        if given:
            unique.setdefault(json.dumps(given, sort_keys=True), given)
    if not unique:
        raise UsageError(
            f"The failed rows of {collection.collection_id} name no input", hint="Collect with inputs of your own."
        )
    return list(unique.values())


def _as_sent(fields: Mapping[str, Any], sent: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    candidates = [fields.get("discovery_input"), fields.get("input")]
    told = [given for given in candidates if isinstance(given, Mapping) and given]
    for given in told:
        for ours in sent:
            if ours and all(given.get(name) == value for name, value in ours.items()):
                return dict(ours)
    return dict(told[0]) if told else {}


def _fields_of_door(collection: Collection, known: Catalogue) -> frozenset[str] | None:
    """The input names of the collection's door, ``None`` where they are not known."""
    try:
        scraper = known.find(str(collection.request.get("scraper_id", "")))
    except NotFound:
        return None
    wanted = collection.request.get("discover_by")
    doors: list[ScraperDoor] = [door for door in scraper.doors if door.discover_by == wanted]
    if collection.request.get("adopted"):
        doors = list(scraper.doors)
    names = frozenset(field.name for door in doors for field in door.inputs)
    return names or None


def _text(fields: Mapping[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := fields.get(name), str) and value), "")
