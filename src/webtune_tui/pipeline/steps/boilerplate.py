"""Lines that recur across a source: navigation, shipping notes, cookie texts, footers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from zlib import crc32

from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.recurring_lines import (
    Bounds,
    Lines,
    Recurring,
    SeenText,
    folded_line,
    recurring_lines,
    seen_text,
    without_lines,
)

REMOVE, FLAG, DROP = "remove", "flag", "drop"

_Group = tuple[str, str]  # source and domain; an empty domain stands for all of a source
_SHORTEST = 40  # characters of a text that can carry boilerplate
_SUBSTANCE_WORDS = 3
_SUBSTANCE_CHARACTERS = 12
_MOST_TEXTS = 3_000  # of a group; bounds the memory
_FLAG = "boilerplate"


@dataclass(frozen=True)
class Boilerplate:
    """Takes lines out of texts that stand in many texts of the same source with other words around them.

    A text of which nothing would stay is a duplicate rather than boilerplate and is left as it is.
    """

    name: ClassVar[str] = "boilerplate"
    title: ClassVar[str] = "Boilerplate"
    stage: ClassVar[str] = "record"
    order: ClassVar[int] = 30
    is_default: ClassVar[bool] = True

    policy: str = option(
        REMOVE,
        label="Recurring lines",
        help="remove: take them out; flag: mark the example; drop: also drop rows of which nothing stays.",
        choices=(REMOVE, FLAG, DROP),
    )
    share: float = option(
        0.03, label="Share of records", help="In which a line stands to recur.", minimum=0.001, maximum=1.0
    )
    records: int = option(5, label="Fewest records", help="In which a line stands to recur.", minimum=2)
    words: int = option(4, label="Fewest words", help="Shorter lines stay, unless they have 20 characters.", minimum=1)
    keep: list[str] = option(  # noqa: RUF009 - it answers a dataclass field
        [], label="Lines to keep", help="These stay although they recur."
    )
    found: Mapping[_Group, Mapping[str, Recurring]] = field(default_factory=dict)
    """The boilerplate of each source and domain by its folded line."""
    lines: Mapping[_Group, Lines] = field(default_factory=dict)

    def observe(self, drafts: Sequence[Draft]) -> dict[_Group, list[SeenText]]:
        """The lines of the long texts, by source and domain."""
        seen: dict[_Group, list[SeenText]] = defaultdict(list)
        for draft in drafts:
            for _, text in _long_texts(draft):
                seen[draft.source, draft.domain].append(seen_text(draft.key, text))
        return dict(seen)

    def learned(self, observed: Iterable[Mapping[_Group, Sequence[SeenText]]]) -> Boilerplate:
        """The step with the lines that recur in a source or in one of its domains."""
        groups: dict[_Group, list[SeenText]] = defaultdict(list)
        for part in observed:
            for group, texts in part.items():
                groups[group] += texts
                if len(groups[group]) > 2 * _MOST_TEXTS:
                    groups[group] = _bounded(groups[group])
        bounds = Bounds(self.share, self.records, self.words, frozenset(map(folded_line, self.keep)))
        found = {group: recurring_lines(_bounded(texts), bounds) for group, texts in sorted(groups.items())}
        for source in sorted({source for source, _ in groups}):
            domains = [group for group in groups if group[0] == source]
            if len(domains) > 1:
                everywhere = _bounded([text for group in domains for text in groups[group]])
                found[source, ""] = recurring_lines(everywhere, bounds) | found.get((source, ""), {})
        lines = {
            (source, domain): Lines.of({**units, **found.get((source, ""), {})})
            for (source, domain), units in found.items()
        }
        return replace(self, found=found, lines=lines)

    def findings(self) -> list[dict[str, Any]]:
        """Each recurring line with its source, its domain, its share, its records and some of their keys."""
        return [
            {
                "line": one.line,
                "source": source,
                "domain": domain,
                "share": round(one.share, 4),
                "records": one.records,
                "samples": list(one.samples),
            }
            for (source, domain), units in sorted(self.found.items())
            for one in sorted(units.values(), key=lambda one: (-one.records, one.line))
        ]

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Takes the source's recurring lines out of the long texts."""
        lines = self.lines.get((draft.source, draft.domain)) or self.lines.get((draft.source, ""))
        if lines is None or not lines.units:
            return draft
        left: dict[str, str] = {}
        gone = 0
        has_substance = has_boilerplate = False
        for name, text in _long_texts(draft):
            rest, count = without_lines(text, lines)
            has_boilerplate |= bool(count)
            if not _is_substance(rest):
                continue
            has_substance = True
            if count:
                left[name] = rest
                gone += count
        if not has_boilerplate:
            return draft
        if self.policy == FLAG:
            return draft if _FLAG in draft.flags else draft.evolved(flags=(*draft.flags, _FLAG))
        if self.policy == DROP and not has_substance:
            return Dropped(draft.record_id, "boilerplate", self.name)
        if not left:
            return draft
        removed = {**draft.removed, _FLAG: draft.removed.get(_FLAG, 0) + gone}
        return draft.with_fields({**draft.fields, **left}, self.name).evolved(removed=removed)


def _long_texts(draft: Draft) -> Iterator[tuple[str, str]]:
    """The fields that can carry boilerplate; rows written as examples have none."""
    if draft.is_written:
        return
    for name in draft.wanted or draft.fields:
        value = draft.fields[name]
        if isinstance(value, str) and len(value) >= _SHORTEST:
            yield name, value


def _is_substance(text: str) -> bool:
    return len(text) >= _SUBSTANCE_CHARACTERS or len(text.split()) >= _SUBSTANCE_WORDS


def _bounded(texts: list[SeenText]) -> list[SeenText]:
    """At most so many texts, always the same ones whatever the order in which they came."""
    if len(texts) <= _MOST_TEXTS:
        return texts
    return sorted(texts, key=lambda text: (_mark(text.key), text.key, text.lines))[:_MOST_TEXTS]


def _mark(key: str) -> int:
    return crc32(key.encode("utf-8", "surrogatepass"))


STEP = Boilerplate
