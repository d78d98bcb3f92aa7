"""Fields that a recipe's template takes and that no record has: told after a run, whose rows they leave empty."""

from __future__ import annotations

import difflib

from webtune_tui.pipeline.template_set import TemplateSet
from webtune_tui.services.prepare_map import parsed
from webtune_tui.storage.live_records import RecordQueries

_LOOKED_AT = 200  # records, spread over all


def unknown_fields(templates: TemplateSet | None, records: RecordQueries) -> list[str]:
    """A note for each such field; none without a template."""
    if templates is None:
        return []
    known = dict.fromkeys(name for record in records.sample(_LOOKED_AT) for name in parsed(record.fields))
    return [_note(name, list(known)) for name in templates.fields if name not in known] if known else []


def _note(name: str, known: list[str]) -> str:
    like = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {{{like[0]}}}?" if like else "; its lines vanish"
    return f"The template's field {{{name[:80]}}} is in none of the records that were looked at{hint}"
