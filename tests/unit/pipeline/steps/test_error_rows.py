"""Rows without data are kept apart with what their source said."""

from __future__ import annotations

from typing import Any

import pytest

from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.steps.error_rows import ErrorRows


@pytest.mark.parametrize(
    ("kind", "fields", "detail"),
    [
        (RecordKind.ERROR, {"error": "Page not found", "error_code": "dead_page"}, "dead_page: Page not found"),
        (RecordKind.ERROR, {"error": "Page not\nfound"}, "Page not found"),
        (RecordKind.ERROR, {"error_code": "blocked"}, "blocked"),
        (RecordKind.ERROR, {"error": {"code": 429, "message": "Too many"}, "error_code": None}, "Too many"),
        (RecordKind.WARNING, {"warning": "Invalid input", "warning_code": "dead_page"}, "dead_page: Invalid input"),
        (RecordKind.ERROR, {}, ""),
    ],
    ids=range(6),
)
def test_the_detail_has_code_and_message(kind: RecordKind, fields: dict[str, Any], detail: str) -> None:
    assert ErrorRows().apply(Draft(7, "k", kind, fields)) == Dropped(7, kind.value, "error_rows", detail)


def test_data_goes_on() -> None:
    draft = Draft(7, "k", RecordKind.DATA, {"error": "0.5 mm"})
    assert ErrorRows().apply(draft) is draft
