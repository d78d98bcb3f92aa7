"""Recipes with some steps left out, to see what the others do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from webtune_tui.pipeline.recipe import Recipe


def without_steps(recipe: Recipe) -> Recipe:
    """The builder or the template alone, without edits: what the raw records would give."""
    return replace(_only(recipe, ()), edits=())


def with_step(recipe: Recipe, name: str) -> Recipe:
    """The recipe with a step on, whatever it says of it."""
    steps = tuple(replace(one, enabled=True) if one.name == name else one for one in recipe.steps)
    return replace(recipe, steps=steps)


def up_to_step(recipe: Recipe, name: str) -> Recipe:
    """The recipe up to a step and with it."""
    names = [one.name for one in recipe.steps]
    return _only(recipe, names[: names.index(name) + 1])


def _only(recipe: Recipe, names: Collection[str]) -> Recipe:
    wanted = frozenset(names)
    steps = tuple(replace(one, enabled=one.enabled and one.name in wanted) for one in recipe.steps)
    return replace(recipe, steps=steps)
