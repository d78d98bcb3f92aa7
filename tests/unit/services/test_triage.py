"""Triage on a real workspace: each harm is counted before and after, with its rows and a fix that works."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from webtune_tui.bootstrap import Services, open_services
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.triage import Tile, TriageReport
from webtune_tui.pipeline.triage import HARMS
from webtune_tui.services.triage import Triaged
from webtune_tui.settings import Settings

WORDS = ("oak", "steel", "linen", "copper", "glass", "cork", "wool", "clay", "brass", "pine", "slate", "felt")


def text(number: int) -> str:
    """A description like no other."""
    told = " ".join(f"{WORDS[(number * 5 + n * n) % 12]}{(number * 31 + n) % 97}" for n in range(14))
    return f"This {WORDS[number % 12]} piece number {number} is made of {told} and lasts for years of daily use."


def rows() -> list[dict[str, object]]:
    good = [{"title": f"{WORDS[n % 12].title()} thing {n}", "description": text(n)} for n in range(40)]
    return [
        *good,
        {"title": "Bare shelf", "description": ""},
        {"title": "Bare table", "description": "   "},
        {"title": "Dull lamp", "description": "No description available."},
        {"title": "Echoing radio", "description": "Echoing radio"},
        {**good[3], "shelf": "B"},
        {"title": f"{good[5]['title']}", "description": text(5).replace("daily use", "daily work")},
        {"title": " ".join(f"quite{n}" for n in range(30)), "description": text(7)},
        {"title": "The long one", "description": " ".join(text(100 + n) for n in range(60))},
        {"title": "Tiny", "description": "Small."},
    ]


async def brought(root: Path, file: Path, records: list[dict[str, object]]) -> None:
    file.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    async with (
        open_services(root, Settings(), command="test") as services,
        aclosing(services.imports.run([file])) as events,
    ):
        async for _ in events:
            pass


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    await brought(tmp_path / "shop", tmp_path / "rows.jsonl", rows())
    async with open_services(tmp_path / "shop", Settings(), command="test") as opened:
        yield opened


async def look(services: Services) -> TriageReport:
    async with aclosing(services.triage.run()) as events:
        seen = [event async for event in events]
    assert isinstance(seen[-1], Triaged)
    return seen[-1].report


async def prepare(services: Services) -> None:
    async with aclosing(services.prepare.run()) as events:
        async for _ in events:
            pass


def tile(report: TriageReport, name: str) -> Tile:
    return next(one for one in report.tiles if one.name == name)


async def test_the_raw_pairs_are_counted_and_then_what_is_left_of_them(services: Services) -> None:
    before = await look(services)
    assert {one.name for one in before.tiles} == {harm.name for harm in HARMS} and len(before.tiles) == 10
    counts = {name: tile(before, name).before for name in ("empty", "placeholders", "copied_prompt", "cut")}
    assert counts == {"empty": 2, "placeholders": 1, "copied_prompt": 1, "cut": 1}
    assert tile(before, "duplicates").before == 2 and tile(before, "shared_targets").before == 1
    assert tile(before, "length").before >= 1
    assert all(one.after is None for one in before.tiles) and before.examples is None
    assert before.leak["raw_random_split_rate"] > 0

    await prepare(services)
    after = await look(services)
    assert {name: tile(after, name).before for name in counts} == counts
    assert [tile(after, name).after for name in counts] == [0, 0, 0, 0]
    assert tile(after, "duplicates").after == tile(after, "shared_targets").after == 0
    assert after.leak["shared_clusters"] == 0 and after.examples == (await services.curate.version()).examples


async def test_a_fix_does_what_it_foretold(services: Services) -> None:
    off = ("placeholder_rows", "exact_duplicates", "near_duplicates", "token_budget", "shared_targets")
    await services.prepare.set_option({f"steps.{name}.enabled": "false" for name in off})
    await prepare(services)
    harmed = await look(services)
    assert (
        tile(harmed, "placeholders").after == 1
        and tile(harmed, "duplicates").after == tile(harmed, "duplicates").before
    )
    placeholders, cut, shared = (tile(harmed, name) for name in ("placeholders", "cut", "shared_targets"))
    assert placeholders.fix == {"steps.placeholder_rows.enabled": "true"} and placeholders.drops == 1
    assert (cut.after, cut.drops, cut.mends, cut.left) == (1, 0, 1, 0)
    assert shared.after == 1 and shared.fix == {"steps.shared_targets.enabled": "true"}
    assert harmed.tiles[0].now > 0

    listed = await services.triage.rows(placeholders)
    assert [(one.title, one.is_in_version, one.is_harmed_now) for one in listed] == [("Dull lamp", True, True)]
    assert (await services.curate.example(listed[0].example_id)).answer == "No description available."

    for one in (placeholders, cut, shared, tile(harmed, "duplicates")):
        await services.prepare.set_option(one.fix)
    kept = await services.triage.newest()
    assert kept is not None and kept.has_recipe_changed and not kept.have_records_changed
    await prepare(services)
    mended = await look(services)
    assert [tile(mended, name).after for name in ("placeholders", "cut", "shared_targets", "duplicates")] == [0] * 4


async def test_the_report_is_kept_without_any_text_of_a_record_and_says_when_it_is_old(
    services: Services, tmp_path: Path
) -> None:
    assert await services.triage.newest() is None
    await look(services)
    kept = await services.triage.newest()
    assert kept is not None and not (kept.have_records_changed or kept.has_recipe_changed or kept.has_version_changed)
    stored = (tmp_path / "shop" / "workspace.db-wal").read_bytes() + (tmp_path / "shop" / "workspace.db").read_bytes()
    place = stored.rindex(b'"tiles"')
    assert b"Dull lamp" not in stored[place : place + 20_000]
    file = tmp_path / "more.jsonl"
    file.write_text(json.dumps({"title": "One more", "description": text(900)}), encoding="utf-8")
    async with aclosing(services.imports.run([file])) as events:
        async for _ in events:
            pass
    kept = await services.triage.newest()
    assert kept is not None and kept.have_records_changed


async def test_a_workspace_without_records_says_what_to_do(tmp_path: Path) -> None:
    async with open_services(tmp_path / "empty", Settings(), command="test") as services:
        with pytest.raises(InvalidInput, match="no records"):
            await look(services)
