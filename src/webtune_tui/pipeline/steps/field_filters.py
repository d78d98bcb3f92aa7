"""Records by their fields: ``rating >= 4 and brand is not empty``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from webtune_tui.domain.conditions import compiled, has_field
from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped

_DETAIL_LIMIT = 200


@dataclass(frozen=True)
class FieldFilters:
    """Keeps the records whose fields fulfil a condition. Rows that were written as examples pass by the same rule."""

    name: ClassVar[str] = "field_filters"
    title: ClassVar[str] = "Conditions on fields"
    stage: ClassVar[str] = "record"
    order: ClassVar[int] = 25
    is_default: ClassVar[bool] = True
    only_reports: ClassVar[bool] = True

    where: str = option(
        "", label="Keep records where", help="Such as: rating >= 4 and brand is not empty. Empty keeps all."
    )
    unknown: tuple[str, ...] = ()
    """The fields of the condition that no record of a survey had."""

    def __post_init__(self) -> None:
        """Refuses what is no condition."""
        if self.where.strip():
            compiled(self.where)

    @property
    def needs_survey(self) -> bool:
        """Whether there is anything to look for in a sample."""
        return bool(self.where.strip())

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Drops a record that does not fulfil the condition, and names the part that it fails."""
        if not self.where.strip():
            return draft
        condition = compiled(self.where)
        if condition.matches(draft.fields):
            return draft
        failing = condition.failing(draft.fields)
        missing = [name for name in condition.unknown_in(draft.fields) if name in failing]
        detail = f"not {failing}" + (f" (no field {', '.join(missing)})" if missing else "")
        return Dropped(draft.record_id, "field_filter", self.name, detail[:_DETAIL_LIMIT])

    def observe(self, drafts: Sequence[Draft]) -> Counter[str]:
        """How many records have each field of the condition; ``""`` counts the records."""
        seen = Counter({"": len(drafts)})
        if self.needs_survey:
            names = compiled(self.where).fields
            for draft in drafts:
                seen.update(name for name in names if has_field(draft.fields, name))
        return seen

    def learned(self, observed: Iterable[Counter[str]]) -> Self:
        """The step that knows which fields no record has."""
        seen: Counter[str] = sum(observed, Counter())
        if not self.needs_survey or not seen[""]:
            return self
        return replace(self, unknown=tuple(name for name in compiled(self.where).fields if not seen[name]))

    def findings(self) -> Sequence[Mapping[str, Any]]:
        """The fields that no record has: most likely misspelled."""
        return [{"field": name, "told": f"{name}: no record has this field"} for name in self.unknown]


STEP = FieldFilters
