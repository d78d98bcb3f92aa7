"""Statistics of a workspace: hand-counted, kept, carried over edits, exact in the fields that were always there."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.records_in import add_records, product
from webtune_tui.domain.conditions import compiled
from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.selections import Selection
from webtune_tui.domain.statistics import DatasetStatistics, StatisticsGroup
from webtune_tui.pipeline.edits.tag import Tag
from webtune_tui.services import statistics, statistics_run
from webtune_tui.services.curate import CurateService
from webtune_tui.services.editing import EditingService
from webtune_tui.services.prepare import PrepareService
from webtune_tui.services.statistics import StatisticsReady, StatisticsService
from webtune_tui.services.statistics_run import Counted, StatisticsRun, one_of
from webtune_tui.settings import Settings
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.deletion import CollectionDeletion
from webtune_tui.storage.kept_statistics import KeptStatistics
from webtune_tui.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


async def prepared(workspace: Workspace, rows: list[dict[str, Any]]) -> None:
    add_records(workspace, rows)
    async for _ in PrepareService(workspace, Settings()).run():
        pass


async def listed(workspace: Workspace, condition: str) -> int:
    listing = await CurateService(workspace).listing(where=condition)
    *_, last = [one async for one in listing.find()]
    return last.count


def group(found: DatasetStatistics, name: str) -> StatisticsGroup:
    return next(one for one in found.groups if one.name == name)


def rows_of(found: DatasetStatistics, name: str) -> dict[str, int]:
    return {row.label: row.count for row in group(found, name).rows}


async def test_a_small_set_counted_by_hand(workspace: Workspace) -> None:
    await prepared(workspace, [product(number, brand="Maker" if number < 12 else None) for number in range(20)])
    found = await StatisticsService(workspace).of()
    examples = (await CurateService(workspace).page(limit=100)).examples
    assert found.examples == len(examples) == 20
    assert sum(row.count for row in group(found, "tokens").rows) == 20
    assert rows_of(found, "turns") == {"3": 20}
    assert rows_of(found, "splits") == {
        split: sum(example.split == split for example in examples) for split in ("train", "validation", "test")
    }
    assert rows_of(found, "domains") == {"shop.example": 20}
    assert rows_of(found, "sources") == {"test": 20}
    assert rows_of(found, "coverage") == {"brand": 12, "description": 20, "features": 20, "title": 20}
    assert group(found, "cost").note == "No provider is chosen."
    assert found.plain["tokens_per_example"]["max"] == max(example.tokens for example in examples)
    assert found.plain["answer_characters"]["min"] == min(len(example.answer) for example in examples)
    assert found.plain["tokens_total"] == sum(example.tokens for example in examples)
    assert list(found.to_plain()) == [
        "dataset_version", "content_hash", "examples", "splits", "encoding", "tokens_total", "tokens_per_split",
        "tokens_per_example", "answer_characters", "messages_per_example", "flags", "sources", "groups",
    ]  # fmt: skip
    json.dumps(found.to_plain())


async def test_a_template_says_which_fields_are_read(workspace: Workspace) -> None:
    service = PrepareService(workspace, Settings())
    await service.set_option(
        {"template.user": "Tell of {title} at {price.amount}\n- {features[]}", "template.assistant": "{description}"}
    )
    await prepared(workspace, [product(number, price={"amount": 3} if number < 5 else {}) for number in range(20)])
    found = await StatisticsService(workspace).of()
    assert rows_of(found, "coverage") == {"description": 20, "features[]": 20, "title": 20, "price.amount": 5}
    assert "price.amount" in group(found, "coverage").summary


async def test_bars_select_the_examples_that_they_count(workspace: Workspace) -> None:
    rows = [product(number, brand="Maker" if number % 3 else "", **{"Odd [name": number % 2}) for number in range(24)]
    await prepared(workspace, rows)
    await CurateService(workspace).edit((await CurateService(workspace).page()).examples[0].example_id, {"user": "Hi?"})
    found = await StatisticsService(workspace).of()
    store = DatasetStore(workspace.database)
    head = store.head()
    assert head is not None
    run = StatisticsRun(workspace.database, has_languages=True)
    facts = [one.as_fields() for _, one in run.facts(store.stream(head), head)]
    for one in found.groups:
        for row in one.rows:
            if one.unit == "examples":
                assert row.count == sum(map(compiled(row.condition).matches, facts)), row
                assert row.count == await listed(workspace, row.condition), row
            elif one.rows:
                assert await listed(workspace, row.condition), row


async def test_counting_is_kept_and_told_at_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    await prepared(workspace, [product(number) for number in range(12)])
    service = StatisticsService(workspace)
    first = [event async for event in service.run(in_process=True)]
    assert any(isinstance(event, Progressed) for event in first)

    def refuse(*_: object) -> None:
        raise AssertionError("it was counted before")

    monkeypatch.setattr(StatisticsRun, "events", refuse)
    again = [event async for event in StatisticsService(workspace).run()]
    assert again == first[-1:]
    assert isinstance(again[0], StatisticsReady)


async def test_after_random_edits_only_the_changed_examples_are_counted(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepared(workspace, [product(number) for number in range(30)])
    monkeypatch.setattr(statistics_run, "FEW", 0)
    curate, service, rng = CurateService(workspace), StatisticsService(workspace), random.Random(5)
    before = await service.of()
    monkeypatch.setattr(StatisticsRun, "events", _only_from_another)
    for step in range(12):
        ids = [example.example_id for example in (await curate.page(limit=100)).examples]
        match rng.randrange(4):
            case 0:
                await curate.drop(rng.sample(ids, 2))
            case 1:
                await curate.edit(rng.choice(ids), {"assistant": f"Resposta número {step}. " * rng.randrange(1, 9)})
            case 2:
                await _quietly(curate.undo)
            case 3:
                await _quietly(curate.redo)
        if step % 3 == 2:
            assert _without_words(await service.of()) == _without_words(_counted_anew(workspace))
    kept = KeptStatistics(workspace.database).entries()
    assert 1 < len(kept) <= 4
    older = next(
        one for one in await curate.versions() if one.content_hash not in {entry.content_hash for entry in kept}
    )
    back = await service.of(older.content_hash)
    assert back.examples == older.examples
    assert before.dataset_version in group(back, "vocabulary").note
    monkeypatch.undo()
    *_, last = [event async for event in service.run(older.content_hash, in_process=True, is_anew=True)]
    assert isinstance(last, StatisticsReady)
    assert "As of" not in group(last.statistics, "vocabulary").note
    assert _without_words(last.statistics) == _without_words(back)


def _only_from_another(self: StatisticsRun, revision: Revision) -> Iterator[Counted]:
    entry = self._kept.entries()[-1]
    known = statistics_run.counted_in(self._kept, entry)
    assert known is not None and entry.revision != revision.revision
    counted = self.after(known, revision)
    assert counted is not None
    yield counted


async def _quietly(act: Any) -> None:
    try:
        await act()
    except UsageError:
        return


def _counted_anew(workspace: Workspace) -> DatasetStatistics:
    head = DatasetStore(workspace.database).head()
    assert head is not None
    *_, counted = StatisticsRun(workspace.database, has_languages=True).whole(head)
    assert isinstance(counted, Counted)
    return statistics.statistics_of(head, counted, statistics.groups.unknown_group("cost", "Cost", ""))


def _without_words(found: DatasetStatistics) -> dict[str, Any]:
    body = found.to_plain()
    body["groups"] = [one for one in body["groups"] if one["name"] not in ("vocabulary", "cost")]
    return body


async def test_tags_are_counted_although_the_content_stays_the_same(workspace: Workspace) -> None:
    await prepared(workspace, [product(number) for number in range(12)])
    service = StatisticsService(workspace)
    before = await service.of()
    await EditingService(workspace).apply(Tag("good"), Selection(where='domain = "shop.example" and language = "en"'))
    after = await service.of()
    assert after.content_hash == before.content_hash
    assert rows_of(after, "flags")["tag:good"] == rows_of(after, "languages")["en"]


async def test_another_program_counts_large_sets_the_same(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepared(workspace, [product(number) for number in range(12)])
    events = [event async for event in StatisticsService(workspace).run()]
    assert isinstance(events[0], Progressed)
    assert events[0].total == 12
    assert isinstance(events[-1], StatisticsReady)
    assert _without_words(events[-1].statistics) == _without_words(_counted_anew(workspace))


async def test_deleting_a_collection_forgets_what_was_counted(workspace: Workspace) -> None:
    await prepared(workspace, [product(number) for number in range(12)])
    await StatisticsService(workspace).of()
    assert KeptStatistics(workspace.database).entries()
    CollectionDeletion(workspace.database).delete("c-1", lambda done, total: None)
    assert not KeptStatistics(workspace.database).entries()
    found = await StatisticsService(workspace).of()
    assert rows_of(found, "domains") == {"no address": 12}
    assert rows_of(found, "freshness") == {"unknown": 12}
    assert group(found, "coverage").of == 0


async def test_what_was_deleted_while_it_was_counted_is_not_kept(workspace: Workspace) -> None:
    await prepared(workspace, [product(number) for number in range(12)])
    async with aclosing(StatisticsService(workspace).run(in_process=True)) as events:
        assert isinstance(await anext(events), Progressed)
        CollectionDeletion(workspace.database).delete("c-1", lambda done, total: None)
        assert isinstance(await anext(events), StatisticsReady)
    assert not KeptStatistics(workspace.database).entries()


async def test_a_missing_language_part_is_said_and_counted_once_it_is_there(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepared(workspace, [product(number) for number in range(12)])
    monkeypatch.setattr(statistics, "_has_languages", lambda: False)
    found = group(await StatisticsService(workspace).of(), "languages")
    assert not found.is_known and "webtune-tui[lang]" in found.note
    monkeypatch.undo()
    assert group(await StatisticsService(workspace).of(), "languages").of == 12


async def test_cost_is_that_of_the_estimate_and_a_refused_one_is_said(workspace: Workspace) -> None:
    await prepared(workspace, [product(number) for number in range(12)])

    async def estimate(content_hash: str) -> Estimate:
        return Estimate("openai", "gpt-x", 9_000, 3, 1.5, None, None, None, "a price list", "2026-11-01")

    async def refuse(content_hash: str) -> Estimate:
        raise NotFound("There is no provider 'gone'", hint="See: webtune providers")

    cost = group(await StatisticsService(workspace, estimate).of(), "cost")
    assert sum(row.cost or 0 for row in cost.rows) == pytest.approx(1.5, abs=1e-4)
    refused = group(await StatisticsService(workspace, refuse).of(), "cost")
    assert not refused.is_known and "gone" in refused.note


async def test_no_dataset_and_an_unknown_version_are_said(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="no dataset"):
        await StatisticsService(workspace).of()
    await prepared(workspace, [product(number) for number in range(12)])
    with pytest.raises(NotFound, match="ffff"):
        await StatisticsService(workspace).of("ffff")


def test_samples_are_powers_of_two() -> None:
    assert [one_of(count, 20_000) for count in (0, 20_000, 20_001, 1_000_000)] == [1, 1, 2, 64]
