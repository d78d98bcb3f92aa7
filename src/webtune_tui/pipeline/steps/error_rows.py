"""Rows that a source sent instead of data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft, Dropped

_DETAIL_LIMIT = 200


@dataclass(frozen=True)
class ErrorRows:
    """Takes out error and warning rows; they stay stored with their code."""

    name: ClassVar[str] = "error_rows"
    title: ClassVar[str] = "Error and warning rows"
    stage: ClassVar[str] = "record"
    order: ClassVar[int] = 10
    is_default: ClassVar[bool] = True

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Drops what is no data."""
        if draft.kind is RecordKind.DATA:
            return draft
        code = draft.fields.get(f"{draft.kind.value}_code") or draft.fields.get(draft.kind.value) or ""
        return Dropped(draft.record_id, draft.kind.value, self.name, str(code)[:_DETAIL_LIMIT])


STEP = ErrorRows
