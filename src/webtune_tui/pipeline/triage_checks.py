"""The checks that find harm in one pair.

Every check is that of the step which mends it; a kind whose library is not installed is not checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from webtune_tui.domain.errors import ExtraMissing
from webtune_tui.domain.options import build, options_of
from webtune_tui.pipeline.base import Draft, Dropped, Step
from webtune_tui.pipeline.recipe import Recipe, step_class, step_names
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.pipeline.triage import HARMS, Harm, harm_named
from webtune_tui.pipeline.triage_counts import Fate, Judged


class Checks:
    """The checks of one pair, made from the recipe's options; what a step that surveys learned comes with it."""

    def __init__(self, recipe: Recipe, counter: TokenCounter, learned: Mapping[str, Step] | None = None) -> None:
        self._recipe = recipe
        self._counter = counter
        self._learned = learned or {}
        self._steps = {name: self._step(name) for harm in HARMS for name in harm.steps if _is_per_pair(name)}
        self._in_texts: dict[str, Callable[[Draft], bool]] = {
            "copied_prompt": self._is_copied,
            "cut": self._is_cut,
            "personal_data": self._is_private,
            "boilerplate": self._has_boilerplate,
        }

    def is_checked(self, harm: Harm) -> bool:
        """Whether the part that looks for a harm is there."""
        if harm.name == "language":
            return self._languages_of is not None
        if harm.name == "boilerplate":
            return "boilerplate" in self._learned
        return any(name in step_names() for name in harm.steps)

    def judged(self, drafts: Sequence[Draft]) -> list[Judged]:
        """What is found in each of some pairs."""
        languages = self._languages([draft.answer for draft in drafts])
        return [
            Judged([(name, self._fate(name, draft)) for name in self.harms(draft)], language)
            for draft, language in zip(drafts, languages, strict=True)
        ]

    def harms(self, draft: Draft) -> list[str]:
        """The harms of one pair, each once; those of the language and of the set are found elsewhere."""
        found = self._plain_harms(draft)
        if "empty" not in found:
            found |= {name: None for name, has in self._in_texts.items() if has(draft)}
        if "empty" in found or "placeholders" in found:
            found.pop("length", None)  # the shortest of all; it is told once
        return list(found)

    def _plain_harms(self, draft: Draft) -> dict[str, None]:
        """What the answer's first look tells."""
        found: dict[str, None] = {}
        for name in _PLAIN:
            outcome = self._outcome(name, draft)
            if isinstance(outcome, Dropped) and outcome.reason in _HARM_OF_REASON:
                found[_HARM_OF_REASON[outcome.reason]] = None
        return found

    # What the fix does

    def _fate(self, name: str, draft: Draft) -> Fate:
        outcome = self._mended(harm_named(name), draft)
        if isinstance(outcome, Dropped):
            return "drops"
        return "left" if self._has(name, outcome.evolved(flags=())) else "mends"

    def _mended(self, harm: Harm, draft: Draft) -> Draft | Dropped:
        """What the steps that mend a harm make of one pair."""
        current = draft
        for name in harm.steps:
            outcome = self._outcome(name, current)
            if isinstance(outcome, Dropped):
                return outcome
            current = outcome
        return current

    def _has(self, name: str, draft: Draft) -> bool:
        if name not in self._in_texts:
            return name in self.harms(draft)
        plain = self._plain_harms(draft)
        return name in plain or ("empty" not in plain and self._in_texts[name](draft))

    # Single harms

    def _is_copied(self, draft: Draft) -> bool:
        return isinstance(self._outcome("copied_prompt", draft), Dropped)

    def _is_cut(self, draft: Draft) -> bool:
        for name in ("token_budget", "cut_answers"):
            outcome = self._outcome(name, draft)
            if isinstance(outcome, Dropped) or "cut" in outcome.flags:
                return True
        return False

    def _is_private(self, draft: Draft) -> bool:
        texts = [message.content for message in draft.messages]
        may_hold, private_data_in = self._private_data
        return may_hold("\n".join(texts)) and bool(private_data_in(texts))

    def _has_boilerplate(self, draft: Draft) -> bool:
        step = self._learned.get("boilerplate")
        if step is None:
            return False
        probe = _as_fields(draft)
        return step.apply(probe) is not probe

    @cached_property
    def _private_data(self) -> tuple[Callable[[str], bool], Callable[[Sequence[str]], Mapping[str, int]]]:
        from webtune_tui.pipeline.private_data.finder import (  # its rules take a while to compile
            may_hold,
            private_data_in,
        )

        return may_hold, private_data_in

    # Languages

    def _languages(self, answers: Sequence[str]) -> list[str]:
        """The language of each answer; empty where it is short or unclear."""
        if self._languages_of is None:
            return [""] * len(answers)
        long = [answer for answer in answers if len(answer) >= _SHORTEST_TOLD]
        told = iter(self._languages_of(long))
        return [_sure(*next(told)) if len(answer) >= _SHORTEST_TOLD else "" for answer in answers]

    @cached_property
    def _languages_of(self) -> Callable[[Sequence[str]], Sequence[tuple[str, float]]] | None:
        """Tells the languages of texts with confidence; ``None`` where the library for it is not installed."""
        from webtune_tui.pipeline.languages import language_of, require_languages  # only a triage needs them

        try:
            require_languages()
        except ExtraMissing:
            return None
        return language_of

    # Steps

    def _outcome(self, name: str, draft: Draft) -> Draft | Dropped:
        step = self._steps.get(name)
        if step is None:
            return draft
        return step.apply(draft) if step.stage == "example" else _through_fields(step, draft)

    def _step(self, name: str) -> Step:
        if name in self._learned:
            return self._learned[name]
        values = dict(self._recipe.choice(name).options)
        known = {one.name for one in options_of(step_class(name))}
        values |= {key: value for key, value in _FORCED.get(name, {}).items() if key in known}
        step: Step = build(step_class(name), values, where=f"[steps.{name}]")
        if hasattr(step, "counter"):
            step = replace(step, counter=self._counter)  # type: ignore[type-var]  # every step is a dataclass
        return step


def _is_per_pair(name: str) -> bool:
    return name in step_names() and step_class(name).stage != "corpus" and name not in ("error_rows", "language")


def _as_fields(draft: Draft) -> Draft:
    """The draft for a step that works on fields: each text is a field of its own."""
    fields = {f"text{number}": message.content for number, message in enumerate(draft.messages)}
    return draft.evolved(fields=fields, wanted=())


def _through_fields(step: Step, draft: Draft) -> Draft | Dropped:
    """What a step that works on fields makes of messages."""
    outcome = step.apply(_as_fields(draft))
    if isinstance(outcome, Dropped):
        return outcome
    messages = tuple(
        replace(message, content=str(outcome.fields.get(f"text{number}") or ""))
        for number, message in enumerate(draft.messages)
    )
    return outcome.evolved(fields=draft.fields, messages=messages)


def _sure(code: str, confidence: float) -> str:
    return code if confidence >= _SURE else ""


_PLAIN = ("empty_targets", "placeholder_rows", "length", "substance")
_HARM_OF_REASON = {
    "empty": "empty",
    "title_as_target": "copied_prompt",
    "placeholder": "placeholders",
    "short": "length",
    "long": "length",
}
_FORCED: Mapping[str, Mapping[str, Any]] = {
    "empty_targets": {"title_as_target": True},
    "copied_prompt": {"action": "drop"},
}
_SHORTEST_TOLD = 40  # characters from which a language can be told
_SURE = 0.6
