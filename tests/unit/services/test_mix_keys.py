"""Parts of the mix are set, changed and taken out by keys of the recipe, as templates are."""

from __future__ import annotations

from pathlib import Path

import pytest

from webtune_tui.bootstrap import open_services
from webtune_tui.domain.errors import UsageError
from webtune_tui.settings import Settings
from webtune_tui.tui.presentation.recipe_form import recipe_parts


async def test_a_mix_is_made_and_undone_by_keys(tmp_path: Path) -> None:
    async with open_services(tmp_path / "shop", Settings(), command="test") as services:
        prepare = services.prepare
        general = {"mix.general.match": "general*.jsonl, *.org", "mix.general.share": "0.3"}
        assert await prepare.set_option(general | {"mix.rest.share": "0.7", "mix.rest.cap": "500"})
        parts = (await prepare.recipe())["mix"]
        assert [(one["name"], one["match"], one["share"], one["cap"]) for one in parts] == [
            ("general", ["general*.jsonl", "*.org"], 0.3, 0), ("rest", ["*"], 0.7, 500)
        ]  # fmt: skip
        mix = next(one for one in recipe_parts(await prepare.recipe(), await prepare.steps()) if one.name == "mix")
        assert [(one.key, one.value) for one in mix.fields if one.label == "general: share"] == [
            ("mix.general.share", "0.3")
        ]
        assert await prepare.set_option({"mix.rest.share": "", "mix.rest.cap": ""})
        assert [one["name"] for one in (await prepare.recipe())["mix"]] == ["general"]
        with pytest.raises(UsageError, match="A part of the mix has no option 'colour'"):
            await prepare.set_option({"mix.general.colour": "red"})
        with pytest.raises(UsageError, match="share"):
            await prepare.set_option({"mix.general.share": "-1"})
