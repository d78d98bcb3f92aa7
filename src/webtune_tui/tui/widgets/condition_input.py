"""A line for a condition on examples, with completion of fields, comparisons and values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from textual.suggester import Suggester
from textual.widgets import Input

from webtune_tui.domain.conditions import quoted
from webtune_tui.domain.example_facets import facet_condition
from webtune_tui.domain.example_fields import FIELD_WORDS
from webtune_tui.domain.examples import Split

_LAST_WORD = re.compile(r"[^\s()]*\Z")
_BARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_BEFORE_A_FIELD = ("", "and", "or", "not", "(")
_COMPARISONS = (">=", "<=", "=", "!=", "~", ">", "<", "has", "in", "is", "between", "contains", "starts", "not")
_DEFAULT_VALUES: Mapping[str, Sequence[str]] = {
    "split": [split.value for split in Split],
    "edited": ["true", "false"],
    "flags": ["near-duplicate", "edited", "cut", "shared-target", "redacted"],
}


class ConditionInput(Input):
    """The line. It completes fields, comparisons and values."""

    def __init__(self, *, id: str | None = None) -> None:
        self._completing = ConditionSuggester()
        super().__init__(
            id=id,
            compact=True,
            placeholder='tokens > 800 and source ~ "amazon"   (→ completes)',
            suggester=self._completing,
        )

    def offer(self, *, source: Sequence[str], flags: Sequence[str]) -> None:
        """Completes these sources and flags from now on."""
        self._completing.values = {**_DEFAULT_VALUES, "source": source, "flags": flags or _DEFAULT_VALUES["flags"]}


class ConditionSuggester(Suggester):
    """Completes the word that is being typed."""

    def __init__(self, values: Mapping[str, Sequence[str]] = _DEFAULT_VALUES) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.values = values

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line with its last word completed."""
        match = _LAST_WORD.search(value)
        word = match[0] if match else ""
        before = value[: len(value) - len(word)].split()
        if not word:
            return None
        for offered in self._offered(before, word):
            if offered.startswith(word) and offered != word:
                return value + offered[len(word) :]
        return None

    def _offered(self, before: Sequence[str], word: str) -> Sequence[str]:
        last = before[-1].lower() if before else ""
        if word.startswith("flag:"):
            return [facet_condition("flag", one) for one in self.values.get("flags", ())]
        if last in _BEFORE_A_FIELD or last.endswith("("):
            return [*FIELD_WORDS, "flag:", "not"]
        if last in FIELD_WORDS:
            return _COMPARISONS
        if last == "is":
            return ("empty", "not", "true", "false")
        field = before[-2].lower() if len(before) > 1 else ""
        if last in _COMPARISONS:
            return [one if _BARE.fullmatch(one) else quoted(one) for one in self.values.get(field, ())]
        return ("and", "or")
