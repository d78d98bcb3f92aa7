"""Triage: the kinds of harm that a set of pairs can do, and the checks that find them in one pair.

Every check is that of the step which mends it; a kind whose library is not installed is not checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from webtune_tui.domain.errors import ExtraMissing
from webtune_tui.domain.options import build, options_of
from webtune_tui.pipeline.base import Draft, Dropped, Step
from webtune_tui.pipeline.recipe import Recipe, step_class, step_names
from webtune_tui.pipeline.tokens import TokenCounter

ROWS_KEPT = 200


@dataclass(frozen=True, slots=True)
class Harm:
    """One kind of harm. ``weight`` is how much one such row harms beside another; ``steps`` mend it.

    ``options`` are those of the recipe that the fix sets beside switching the steps on.
    """

    name: str
    title: str
    why: str
    weight: float
    steps: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)


HARMS = (
    Harm(
        "empty",
        "Empty answers",
        "A row without an answer teaches the model to say nothing.",
        10,
        ("error_rows", "empty_targets"),
    ),
    Harm(
        "cut",
        "Cut answers",
        "An answer that ends in mid-sentence, or is cut by the trainer, teaches the model to stop there.",
        9,
        ("token_budget", "cut_answers"),
    ),
    Harm(
        "shared_targets",
        "Shared answers",
        "One answer under many questions teaches the model to answer anything with it.",
        8,
        ("shared_targets",),
        {"steps.shared_targets.policy": "keep-one"},
    ),
    Harm(
        "duplicates",
        "Duplicates",
        "Copies are learned by heart, and lie in training and test at once, so that the score lies too.",
        7,
        ("exact_duplicates", "near_duplicates"),
    ),
    Harm(
        "personal_data",
        "Personal data",
        "What stands in the training data can be asked out of the model again.",
        9,
        ("redact",),
        {"steps.redact.policy": "redact"},
    ),
    Harm(
        "boilerplate",
        "Boilerplate",
        "Menus, cookie and shipping notes that recur are learned first, since they are seen most.",
        6,
        ("boilerplate",),
        {"steps.boilerplate.policy": "remove"},
    ),
    Harm(
        "copied_prompt",
        "Copied prompt",
        "An answer that repeats the title or the prompt teaches the model to repeat the question.",
        8,
        ("empty_targets", "copied_prompt"),
        {"steps.empty_targets.title_as_target": "true", "steps.copied_prompt.action": "drop"},
    ),
    Harm(
        "language",
        "Other languages",
        "Answers in other languages than the rest make the model change its language unasked.",
        5,
        ("language",),
    ),
    Harm(
        "length",
        "Too short or long",
        "Very short answers teach nothing, very long ones outweigh all others.",
        4,
        ("length", "substance"),
    ),
    Harm(
        "placeholders",
        "Placeholders",
        "“No description available” is learned as the answer to everything that is rare.",
        8,
        ("placeholder_rows",),
    ),
)
OVER_THE_SET = ("shared_targets", "duplicates")
"""Harms that are found among all pairs, not in one."""


def harm_named(name: str) -> Harm:
    """A harm by its name."""
    return next(one for one in HARMS if one.name == name)


def fix_of(harm: Harm, recipe: Recipe, *, main_language: str = "") -> dict[str, str]:
    """The keys of the recipe that mend a harm and are not set yet; none where its steps are not there."""
    wanted = {f"steps.{name}.enabled": "true" for name in harm.steps if name in step_names()}
    known = {f"steps.{name}.{one.name}" for name in harm.steps if name in step_names() for one in _options(name)}
    wanted |= {key: value for key, value in harm.options.items() if key in known}
    if harm.name == "language" and main_language and "steps.language.languages" in known:
        wanted["steps.language.languages"] = main_language
    return {key: value for key, value in wanted.items() if _value(recipe, key) != value}


class Checks:
    """The checks of one pair, made from the recipe's options; what a step that surveys learned comes with it."""

    def __init__(self, recipe: Recipe, counter: TokenCounter, learned: Mapping[str, Step] | None = None) -> None:
        self._recipe = recipe
        self._counter = counter
        self._learned = learned or {}
        self._steps = {name: self._step(name) for harm in HARMS for name in harm.steps if self._is_per_pair(name)}
        self._find = private_data_finder()

    def is_checked(self, harm: Harm) -> bool:
        """Whether the part that looks for a harm is there."""
        if harm.name == "language":
            return language_finder() is not None
        if harm.name == "boilerplate":
            return "boilerplate" in self._learned
        return any(name in step_names() for name in harm.steps)

    def found(self, draft: Draft) -> Iterator[tuple[str, str]]:
        """The harms of one pair, each once, with a word on it."""
        harms: dict[str, str] = {}
        for name in ("empty_targets", "placeholder_rows", "length", "substance"):
            outcome = self._outcome(name, draft)
            if isinstance(outcome, Dropped):
                harms.setdefault(_HARM_OF_REASON.get(outcome.reason, ""), outcome.detail)
        if "empty" not in harms:
            harms |= self._found_in_texts(draft)
        harms.pop("", None)
        if "empty" in harms or "placeholders" in harms:
            harms.pop("length", None)  # the shortest of all; it is told once
        yield from harms.items()

    def _found_in_texts(self, draft: Draft) -> dict[str, str]:
        harms: dict[str, str] = {}
        copied = self._outcome("copied_prompt", draft)
        if isinstance(copied, Dropped):
            harms["copied_prompt"] = copied.detail
        for name in ("token_budget", "cut_answers"):
            outcome = self._outcome(name, draft)
            if isinstance(outcome, Dropped) or "cut" in outcome.flags:
                harms["cut"] = name
        if kinds := self._find([one.content for one in draft.messages]):
            harms["personal_data"] = ", ".join(sorted(kinds))
        if "boilerplate" in self._steps:
            outcome = self._outcome("boilerplate", draft)
            if isinstance(outcome, Dropped) or outcome.messages != draft.messages or "boilerplate" in outcome.flags:
                harms["boilerplate"] = ""
        return harms

    def mended(self, harm: Harm, draft: Draft) -> Draft | Dropped:
        """What the steps that mend a harm make of one pair."""
        current = draft
        for name in harm.steps:
            if name in self._steps:
                outcome = self._outcome(name, current)
                if isinstance(outcome, Dropped):
                    return outcome
                current = outcome
        return current

    def _outcome(self, name: str, draft: Draft) -> Draft | Dropped:
        step = self._steps.get(name)
        if step is None:
            return draft
        if step.stage == "example":
            return step.apply(draft)
        return _through_fields(step, draft)

    def _is_per_pair(self, name: str) -> bool:
        return name in step_names() and step_class(name).stage != "corpus" and name not in ("error_rows", "language")

    def _step(self, name: str) -> Step:
        if name in self._learned:
            return self._learned[name]
        values = dict(self._recipe.choice(name).options)
        known = {one.name for one in _options(name)}
        values |= {key: value for key, value in _FORCED.get(name, {}).items() if key in known}
        step: Step = build(step_class(name), values, where=f"[steps.{name}]")
        if hasattr(step, "counter"):
            step = replace(step, counter=self._counter)  # type: ignore[type-var]  # every step is a dataclass
        return step


@dataclass(slots=True)
class Tally:
    """Counts of one harm, and the first rows that have it."""

    count: int = 0
    rows: list[tuple[str, int]] = field(default_factory=list)
    drops: int = 0
    mends: int = 0
    left: int = 0

    def add(self, example_id: str, record_id: int) -> None:
        """One more row."""
        self.count += 1
        if len(self.rows) < ROWS_KEPT:
            self.rows.append((example_id, record_id))


class Languages:
    """The languages of answers; which one most answers have is known at the end."""

    def __init__(self) -> None:
        self._find = language_finder()
        self.tallies: dict[str, Tally] = {}

    def add(self, rows: Sequence[tuple[str, int, str]]) -> None:
        """Takes (example id, record id, answer) of a batch; short and unclear answers have no language."""
        if self._find is None:
            return
        told = [row for row in rows if len(row[2]) >= _SHORTEST_TOLD]
        for (example_id, record_id, _), (code, sure) in zip(told, self._find([row[2] for row in told]), strict=True):
            if code and sure >= _SURE:
                self.tallies.setdefault(code, Tally()).add(example_id, record_id)

    @property
    def main(self) -> str:
        """The language of most answers; empty where none was told."""
        return max(self.tallies, key=lambda code: (self.tallies[code].count, code), default="")

    def others(self, main: str) -> Tally:
        """The answers in other languages than the main one."""
        told = Tally()
        for code, tally in sorted(self.tallies.items(), key=lambda pair: (-pair[1].count, pair[0])):
            if code != main:
                told.count += tally.count
                told.rows = [*told.rows, *tally.rows][:ROWS_KEPT]
        return told

    def words(self, main: str) -> str:
        """How many answers each language has."""
        counts = Counter({code: tally.count for code, tally in self.tallies.items()})
        return ", ".join(f"{code} {count:,}" for code, count in counts.most_common(6)) if main else ""


def language_finder() -> Callable[[Sequence[str]], Sequence[tuple[str, float]]] | None:
    """Tells the language of texts as (code, confidence); ``None`` where the library for it is not installed."""
    from webtune_tui.pipeline.languages import language_of, require_languages  # only a triage needs them

    try:
        require_languages()
    except ExtraMissing:
        return None
    return language_of


def private_data_finder() -> Callable[[Sequence[str]], Mapping[str, int]]:
    """Counts the personal data in texts by kind."""
    from webtune_tui.pipeline.private_data.finder import private_data_in  # its rules take a while to compile

    return private_data_in


def _through_fields(step: Step, draft: Draft) -> Draft | Dropped:
    """What a step that works on fields makes of messages: each text is a field of its own."""
    fields = {f"text{number}": message.content for number, message in enumerate(draft.messages)}
    outcome = step.apply(draft.evolved(fields=fields, wanted=()))
    if isinstance(outcome, Dropped):
        return outcome
    messages = tuple(
        replace(message, content=str(outcome.fields.get(f"text{number}") or ""))
        for number, message in enumerate(draft.messages)
    )
    return outcome.evolved(fields=draft.fields, messages=messages)


def _options(name: str) -> list[Any]:
    return list(options_of(step_class(name)))


def _value(recipe: Recipe, key: str) -> str:
    """What the recipe says of a key of a step, as text."""
    _, name, option = key.split(".")
    choice = recipe.choice(name)
    if option == "enabled":
        return "true" if choice.enabled else "false"
    default = next(one.default for one in _options(name) if one.name == option)
    value = choice.options.get(option, default)
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


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
