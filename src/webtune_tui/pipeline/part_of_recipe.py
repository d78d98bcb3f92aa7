"""Recipes with some steps left out, to see what the others do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from webtune_tui.pipeline.recipe import Recipe, step_class


def without_stages(recipe: Recipe, stages: Collection[str]) -> Recipe:
    """The recipe without the steps of some stages."""
    return _only(recipe, [one.name for one in recipe.steps if step_class(one.name).stage not in stages])


def without_steps(recipe: Recipe) -> Recipe:
    """The builder or the template alone: what the raw records would give."""
    return _only(recipe, ())


def before_step(recipe: Recipe, name: str) -> Recipe:
    """The recipe up to a step, without it and what comes after it."""
    names = [one.name for one in recipe.steps]
    return _only(recipe, names[: names.index(name)])


def through_step(recipe: Recipe, name: str) -> Recipe:
    """The recipe up to a step and with it, also where it is switched off."""
    names = [one.name for one in recipe.steps]
    part = _only(recipe, names[: names.index(name) + 1])
    steps = tuple(replace(one, enabled=True) if one.name == name else one for one in part.steps)
    return replace(part, steps=steps)


def _only(recipe: Recipe, names: Collection[str]) -> Recipe:
    wanted = frozenset(names)
    steps = tuple(replace(one, enabled=one.enabled and one.name in wanted) for one in recipe.steps)
    return replace(recipe, steps=steps)
