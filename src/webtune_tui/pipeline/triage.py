"""Triage: the kinds of harm that a set of pairs can do, and what in a recipe mends each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webtune_tui.domain.options import options_of
from webtune_tui.pipeline.recipe import Recipe, step_class, step_names


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
