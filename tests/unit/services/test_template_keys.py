"""Several templates are set, weighted and taken out by keys of the recipe; one and several never stand together."""

from __future__ import annotations

from pathlib import Path

import pytest

from webtune_tui.bootstrap import open_services
from webtune_tui.domain.errors import UsageError
from webtune_tui.settings import Settings
from webtune_tui.tui.presentation.template_forms import TemplateForm, changed_keys, forms_of, with_new, without


def form(name: str, user: str, weight: str = "1") -> TemplateForm:
    return TemplateForm(name, weight, {"system": "", "user": user, "assistant": "{description}"})


async def test_what_the_studio_changes_is_what_the_recipe_says_then(tmp_path: Path) -> None:
    async with open_services(tmp_path / "shop", Settings(), command="test") as services:
        prepare = services.prepare
        before = forms_of(await prepare.recipe())
        assert before == [TemplateForm()]

        one = [form("", "About {title}")]
        assert await prepare.set_option(changed_keys(before, one))
        assert forms_of(await prepare.recipe()) == one

        two = with_new(one, one[0])
        assert [each.name for each in two] == ["main", "second"]
        two[1] = form("second", "Say:\n{title}", "2.5")
        assert await prepare.set_option(changed_keys(one, two))
        assert forms_of(await prepare.recipe()) == two
        assert "[template]" not in (tmp_path / "shop/recipe.toml").read_text().splitlines()

        two[1] = form("second", "Say it: {title}", "3")
        assert await prepare.set_option({"templates.second.user": "Say it: {title}", "templates.second.weight": "3"})
        assert forms_of(await prepare.recipe()) == two

        left = without(two, 0)
        assert await prepare.set_option(changed_keys(two, left))
        assert forms_of(await prepare.recipe()) == left
        assert await prepare.set_option(changed_keys(left, [TemplateForm()]))
        assert forms_of(await prepare.recipe()) == [TemplateForm()]

        with pytest.raises(UsageError, match="no key 'colour'"):
            await prepare.set_option({"templates.main.colour": "red"})
        with pytest.raises(UsageError):
            await prepare.set_option({"templates.main.user": "only a question"})
