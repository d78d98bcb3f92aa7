"""Parts of a recipe run the steps that they say, whatever the recipe itself switches on."""

from __future__ import annotations

from dataclasses import replace

from webtune_tui.pipeline.edit import kept
from webtune_tui.pipeline.part_of_recipe import up_to_step, with_step, without_steps
from webtune_tui.pipeline.recipe import default_recipe


def on(recipe: object) -> list[str]:
    return [one.name for one in recipe.steps if one.enabled]  # type: ignore[attr-defined]


def test_without_steps_nothing_runs_and_no_edit_counts() -> None:
    recipe = replace(default_recipe(), edits=(kept("ex-1"),))
    assert on(without_steps(recipe)) == [] and not without_steps(recipe).edits


def test_a_recipe_up_to_a_step_ends_with_it_also_where_it_is_off() -> None:
    recipe = default_recipe()
    part = up_to_step(with_step(recipe, "length"), "length")
    names = [one.name for one in recipe.steps]
    assert on(part)[-1] == "length" and set(on(part)) <= set(names[: names.index("length") + 1])
    assert not recipe.choice("length").enabled
