"""The recipe: what it takes, what it refuses, and that its file keeps the person's words."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.errors import UsageError
from webtune_tui.pipeline.recipe import STAGES, default_recipe, parse_edit, parse_recipe, step_class, step_names
from webtune_tui.services.recipes import default_text
from webtune_tui.storage.recipe_file import RecipeFile, edit_to_toml, split_edits, with_edits

TEXTS = st.text(max_size=40) | st.sampled_from(
    ['"""', "\\", "\n[split]\nseed = 9\n", "[[edits]]", "\x00\x7f\x1b", "é\u2028"]
)
EDITS = st.lists(
    st.builds(lambda ids: {"drop": ids}, st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3))
    | st.builds(
        lambda one, places: {"example": one, "set": places},
        st.text(min_size=1, max_size=8),
        st.dictionaries(st.sampled_from(["system", "user", "assistant", "messages[1].content"]), TEXTS, min_size=1),
    ),
    max_size=5,
)


def parse(text: str) -> Any:
    return parse_recipe(tomllib.loads(text), where="recipe.toml")


def test_the_written_default_recipe_is_the_default_recipe() -> None:
    assert parse(default_text()).to_plain() == default_recipe().to_plain()


_FIRST_STEPS = {
    "error_rows", "normalise_text", "placeholder_rows", "empty_targets", "length", "token_budget",
    "exact_duplicates", "near_duplicates", "shared_targets",
}  # fmt: skip


def test_steps_run_by_stage_and_order() -> None:
    names = [name for name in step_names() if name in _FIRST_STEPS]
    assert names == [
        "error_rows", "normalise_text", "placeholder_rows", "empty_targets", "length", "token_budget",
        "exact_duplicates", "near_duplicates", "shared_targets",
    ]  # fmt: skip
    stages = [STAGES.index(step_class(name).stage) for name in step_names()]
    assert stages == sorted(stages)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[stepz]", "stepz"),
        ("[steps.nosuch]\nenabled = true", "nosuch"),
        ("[steps.length]\nminimun = 3", "minimun"),
        ("[steps.length]\nminimum = 'many'", "minimum"),
        ("[steps.length]\nenabled = 'yes'", "enabled"),
        ("[steps.near_duplicates]\nsimilarity = 1.5", "similarity"),
        ("[steps.shared_targets]\npolicy = 'all'", "policy"),
        ("[split]\ntrain = 0.5\nvalidation = 0.1\ntest = 0.1", "add up"),
        ("[split]\nseed = 'x'", "seed"),
        ("[split]\ntrian = 0.5", "trian"),
        ("[template]\nuser = 'x'", "assistant"),
        ("[template]\nasistant = 'x'", "asistant"),
        ("[[edits]]\nexample = 'x'", "number 1"),
        ("[[edits]]\ndrop = 'x'", "number 1"),
        ("[[mix]]\nratio = 0.5", "mix"),
        ("steps = 3", "steps"),
    ],
)
def test_what_does_not_fit_is_named(text: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert named in caught.value.message
    assert "recipe.toml" in caught.value.message
    assert caught.value.hint


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("[split]\nseed = = 3\n")
    with pytest.raises(UsageError, match="line 2"):
        RecipeFile(path).read()


def test_two_shares_make_the_third() -> None:
    assert parse("[split]\ntest = 0.2").split.train == pytest.approx(0.7)


@given(EDITS)
def test_edits_come_back_from_the_file_as_they_were(edits: list[dict[str, Any]]) -> None:
    text = with_edits(default_text(), edits)
    assert tomllib.loads(text).get("edits", []) == edits
    assert parse(text).to_plain()["edits"] == edits
    assert split_edits(text)[0].strip().startswith("# The recipe")
    assert with_edits(text, []).strip() == default_text().strip()


@given(EDITS, EDITS)
def test_writing_edits_keeps_what_a_person_wrote_around_them(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    mine = "# mine\n[split]\nseed = 5 # my seed\n"
    by_hand = mine + "".join(map(edit_to_toml, before)) + "[steps.length]\nenabled = true # I want it\n"
    text = with_edits(by_hand, after)
    assert tomllib.loads(text).get("edits", []) == after
    assert "# mine" in text and "# my seed" in text and "# I want it" in text


def test_setting_a_value_keeps_comments_and_order(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("# top\n[split] # shares\nseed = 1 # why one\n\n[steps.length]\nenabled = false\n")
    text = RecipeFile(path).with_values({"split.seed": 7, "steps.length.minimum": 90, "template.user": "a\n{b}"})
    assert "# top\n[split] # shares\nseed = 7 # why one" in text
    assert parse_toml_of(text) == {
        "split": {"seed": 7},
        "steps": {"length": {"enabled": False, "minimum": 90}},
        "template": {"user": "a\n{b}"},
    }


def parse_toml_of(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def test_a_stored_edit_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError):
        parse_edit({"example": "x", "set": {}}, where="here")
