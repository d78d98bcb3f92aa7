"""Answers in the wanted languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.flags import LANGUAGE_UNKNOWN, flagged
from webtune_tui.pipeline.languages import UNKNOWN, known_code, language_of, require_languages
from webtune_tui.pipeline.wording import unspaced_share

_SHORT = 4  # words that tell no language for sure
_SHORT_UNSPACED = 6  # characters


@dataclass(frozen=True)
class Language:
    """Keeps the answers in some languages. What is too short or too unclear to tell is kept and flagged."""

    name: ClassVar[str] = "language"
    title: ClassVar[str] = "Language of answers"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 26
    is_default: ClassVar[bool] = False

    languages: list[str] = option(  # noqa: RUF009 - it makes a field with a factory
        [], label="Languages", help="ISO 639-1 codes such as en, de; none lets every language pass."
    )
    confidence: float = option(
        0.6, label="Sure from", help="An answer is dropped when its language is told so surely.", minimum=0, maximum=1
    )

    def __post_init__(self) -> None:
        """Refuses codes that no language has."""
        for code in self.languages:
            if known_code(code) is None:
                raise UsageError(f"There is no language {code!r}", hint="Give ISO 639-1 codes such as en, de, pt, ja.")

    def require(self) -> None:
        """Refuses to run without the library that tells languages."""
        if self.languages:
            require_languages()

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Drops an answer that is surely in another language."""
        if not self.languages:
            return draft
        answer = draft.answer
        if _is_too_short(answer):
            return flagged(draft, LANGUAGE_UNKNOWN) if answer.strip() else draft
        ((code, confidence),) = language_of([answer])
        if code in {known_code(wanted) for wanted in self.languages}:
            return draft
        if code == UNKNOWN or confidence < self.confidence:
            return flagged(draft, LANGUAGE_UNKNOWN)
        return Dropped(draft.record_id, "language", self.name, f"{code} {confidence:.2f}")


def _is_too_short(text: str) -> bool:
    words: Sequence[str] = text[:200].split(maxsplit=_SHORT)
    if len(words) >= _SHORT:
        return False
    return not (len(text) >= _SHORT_UNSPACED and unspaced_share(text[:200]) > 0.5)


STEP = Language
