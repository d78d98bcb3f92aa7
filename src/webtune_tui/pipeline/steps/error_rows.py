"""Rows that a source sent instead of data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft, Dropped

_DETAIL_LIMIT = 200
_MESSAGES = ("{kind}", "{kind}_message", "message", "detail")
_CODES = ("{kind}_code", "code", "status_code")


@dataclass(frozen=True)
class ErrorRows:
    """Takes out error and warning rows; they stay stored with their code."""

    name: ClassVar[str] = "error_rows"
    title: ClassVar[str] = "Error and warning rows"
    stage: ClassVar[str] = "record"
    order: ClassVar[int] = 10
    is_default: ClassVar[bool] = True

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Drops what is no data; the detail is the source's code and message, such as ``dead_page: Not found``."""
        if draft.kind is RecordKind.DATA:
            return draft
        kind = draft.kind.value
        code = _first(draft, kind, _CODES)
        message = _first(draft, kind, _MESSAGES)
        parts = (code, message) if message != code else (code,)
        return Dropped(draft.record_id, kind, self.name, ": ".join(filter(None, parts))[:_DETAIL_LIMIT])


def _first(draft: Draft, kind: str, names: tuple[str, ...]) -> str:
    """The first filled one of the fields in one line. An object's code or message is meant where there is an object."""
    for name in names:
        value: Any = draft.fields.get(name.format(kind=kind))
        if isinstance(value, dict):
            value = value.get("code" if names is _CODES else "message")
        if isinstance(value, str | int) and not isinstance(value, bool) and (text := " ".join(str(value).split())):
            return text
    return ""


STEP = ErrorRows
