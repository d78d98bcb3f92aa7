"""Preparation against the sandbox's answer key: every planted fault has its reason, no clean record is lost."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

import webtune_tui.sandbox
from tests.unit.services.records_in import add_records
from webtune_tui.domain.examples import Example
from webtune_tui.services.curate import CurateService
from webtune_tui.services.prepare import PrepareService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace

DATA = Path(webtune_tui.sandbox.__file__).parent / "data"
KEY: dict[str, Any] = json.loads((DATA / "MANIFEST.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """The sample records, each product once, as collecting stores them."""
    with gzip.open(DATA / "amazon_products.ndjson.gz") as stream:
        found = [json.loads(line) for line in stream]
    return list({row.get("asin") or str(number): row for number, row in enumerate(found)}.values())


@pytest.fixture(scope="module")
def prepared(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], Sequence[Example]]:
    """The reason of each dropped product, and the examples."""
    return asyncio.run(_prepared(rows, tmp_path_factory.mktemp("sandbox")))


async def _prepared(rows: list[dict[str, Any]], folder: Path) -> tuple[dict[str, str], Sequence[Example]]:
    with Workspace.open(folder / "workspace", command="test") as workspace:
        add_records(workspace, rows)
        service = PrepareService(workspace, Settings())
        async for _ in service.run():
            pass
        dropped = await service.dropped(limit=1_000)
        reasons = {str(rows[one.position].get("asin")): one.reason for one in dropped}
        page = await CurateService(workspace).page(limit=1_000)
        return reasons, page.examples


async def test_every_planted_fault_has_its_reason(prepared: tuple[dict[str, str], Sequence[Example]]) -> None:
    reasons, _ = prepared
    planted = KEY["planted"]
    for kind, reason in (
        ("empty", "empty"),
        ("placeholder", "placeholder"),
        ("title_as_description", "title_as_target"),
    ):
        assert {reasons.get(asin) for asin in planted[kind]} == {reason}, kind
    for kind, reason in (("exact_duplicate", "exact_duplicate"), ("near_duplicate", "near_duplicate")):
        for pair in planted[kind]:
            assert Counter(reasons.get(asin) for asin in pair) == {None: 1, reason: 1}, pair
    for group in planted["shared_target"]:
        assert Counter(reasons.get(asin) for asin in group) == {None: 1, "shared_target": 2}, group


async def test_no_clean_record_is_lost(prepared: tuple[dict[str, str], Sequence[Example]]) -> None:
    reasons, _ = prepared
    assert {asin: reasons[asin] for asin in KEY["clean"] if asin in reasons} == {}


async def test_nothing_of_the_dirt_is_in_an_example(prepared: tuple[dict[str, str], Sequence[Example]]) -> None:
    _, examples = prepared
    for example in examples:
        for message in example.messages:
            assert not any(
                sign in message.content for sign in ("\x1b", "\u200b", "\u202e", "&amp;", "<br", "<p>", "<li>")
            )


async def test_no_two_splits_share_a_near_duplicate_by_a_plain_count_of_words(
    prepared: tuple[dict[str, str], Sequence[Example]],
) -> None:
    """The judge is of another kind than the product: a bag of words over all pairs."""
    _, examples = prepared
    bags = [(one.split, Counter(one.answer.lower().split())) for one in examples]
    for (split, bag), (other_split, other) in combinations(bags, 2):
        if split is not other_split:
            shared = (bag & other).total() / max(bag.total(), other.total())
            assert shared < 0.9
