"""Clean text: entities, tags, invisible characters, broken encodings, whitespace, repetitions and model tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.cleaning import Cleaner, are_plain, has_homoglyphs
from webtune_tui.pipeline.cleaning.hidden import HARMLESS_KINDS

_DEEPEST = 12
_HOMOGLYPHS = "homoglyphs"
_KINDS_HINT = f"Give some of {', '.join(HARMLESS_KINDS)}."


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
        True, label="Remove invisible characters", help="Zero-width, direction-changing, hidden and control characters."
    )
    kept_kinds: list[str] = option(  # noqa: RUF009 - it makes a field with a factory
        [], label="Invisible kinds to keep", help=f"Of {', '.join(HARMLESS_KINDS)}; none by default."
    )
    model_tokens: bool = option(
        True, label="Neutralise model tokens", help="Such as <|im_start|>, which a trainer would obey."
    )
    mojibake: bool = option(True, label="Repair broken encodings", help="Such as cafÃ© for café.")
    repeated_lines: bool = option(
        True, label="Reduce repeated lines", help="Lines and paragraphs that stand again in the same scraped text."
    )
    homoglyphs: bool = option(
        True,
        label="Flag look-alike letters",
        help="Words of Latin and Cyrillic or Greek letters. They stay as they are.",
    )

    def __post_init__(self) -> None:
        """Refuses kinds that there are not, and those that act on a terminal."""
        for kind in self.kept_kinds:
            if kind not in HARMLESS_KINDS:
                raise UsageError(f"Invisible characters of the kind {kind!r} can't be kept", hint=_KINDS_HINT)

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Cleans the texts in the fields that the example will be made of."""
        names = draft.wanted or tuple(draft.fields)
        texts = _texts([draft.fields[name] for name in names])
        if are_plain(texts):
            return self._flagged(draft, texts)
        cleaner = Cleaner(
            html=self.html,
            invisible=self.invisible,
            kept_kinds=self.kept_kinds,
            model_tokens=self.model_tokens,
            mojibake=self.mojibake,
            repeated_lines=self.repeated_lines,
        )
        cleaned = {
            name: clean
            for name in names
            if (clean := _clean(draft.fields[name], cleaner, draft.is_written, 0)) != draft.fields[name]
        }
        if cleaned:
            fields = {**draft.fields, **cleaned}
            texts = _texts([fields[name] for name in names])
            removed = _sum(draft.removed, cleaner.removed)
            draft = draft.evolved(fields=fields, touched=(*draft.touched, self.name), removed=removed)
        return self._flagged(draft, texts)

    def _flagged(self, draft: Draft, texts: Sequence[str]) -> Draft:
        if self.homoglyphs and has_homoglyphs(" ".join(texts)) and _HOMOGLYPHS not in draft.flags:
            return draft.evolved(flags=(*draft.flags, _HOMOGLYPHS))
        return draft


def _texts(values: Iterable[Any], depth: int = 0) -> list[str]:
    """The texts in the values that cleaning reaches."""
    found: list[str] = []
    for value in values:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list | tuple) and depth < _DEEPEST:
            found += _texts(value, depth + 1)
        elif isinstance(value, Mapping) and depth < _DEEPEST:
            found += _texts(value.values(), depth + 1)
    return found


def _clean(value: Any, cleaner: Cleaner, is_written: bool, depth: int) -> Any:
    if isinstance(value, str):
        return cleaner.clean(value, is_written=is_written)
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {name: _clean(item, cleaner, is_written, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [_clean(item, cleaner, is_written, depth + 1) for item in value]
    return value


def _sum(before: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {kind: before.get(kind, 0) + more.get(kind, 0) for kind in {**before, **more}}


STEP = NormaliseText
