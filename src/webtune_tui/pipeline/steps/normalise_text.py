"""Clean text: entities, tags, invisible characters, whitespace and model tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.cleaning import Cleaner

_DEEPEST = 12


@dataclass(frozen=True)
class NormaliseText:
    """Makes every text of a row plain and readable. Doing it twice changes nothing more."""

    name: ClassVar[str] = "normalise_text"
    title: ClassVar[str] = "Clean text"
    stage: ClassVar[str] = "record"
    order: ClassVar[int] = 20
    is_default: ClassVar[bool] = True

    html: bool = option(True, label="Tags to text", help="Lists and tables stay readable.")
    invisible: bool = option(
        True, label="Remove invisible characters", help="Zero-width, direction-changing and control characters."
    )
    model_tokens: bool = option(
        True, label="Neutralise model tokens", help="Such as <|im_start|>, which a trainer would obey."
    )

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Cleans the texts in the fields that the example will be made of."""
        cleaner = Cleaner(html=self.html, invisible=self.invisible, model_tokens=self.model_tokens)
        cleaned = {
            name: clean
            for name in draft.wanted or draft.fields
            if (clean := _clean(draft.fields[name], cleaner, draft.is_written, 0)) != draft.fields[name]
        }
        if not cleaned:
            return draft
        changed = draft.with_fields({**draft.fields, **cleaned}, self.name)
        return replace(changed, removed=dict(cleaner.removed))


def _clean(value: Any, cleaner: Cleaner, is_written: bool, depth: int) -> Any:
    if isinstance(value, str):
        return cleaner.clean(value, is_written=is_written)
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {name: _clean(item, cleaner, is_written, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [_clean(item, cleaner, is_written, depth + 1) for item in value]
    return value


STEP = NormaliseText
