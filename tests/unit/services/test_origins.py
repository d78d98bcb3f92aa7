"""What depends on a collection, version by version, and a deletion that nobody waits for any more."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.services.deliveries import bring
from tests.unit.services.prepared import make_prepared
from webtune_tui.bootstrap import Services, open_services
from webtune_tui.settings import Settings
from webtune_tui.storage import deletion


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_prepared(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
async def services(prepared: Path, tmp_path: Path) -> AsyncIterator[Services]:
    root = shutil.copytree(prepared, tmp_path / "workspace")
    async with open_services(root, Settings(), command="test") as opened:
        yield opened


async def collection_of(services: Services) -> str:
    return (await services.collect.collections())[-1].collection_id


async def test_each_version_counts_the_examples_that_it_has(services: Services) -> None:
    first = await services.curate.version()
    ids = [one.example_id for one in (await services.curate.page()).examples]
    dropped = (await services.curate.drop(ids[:3])).version
    await services.curate.fix()
    edited = (await services.curate.edit(ids[5], {"assistant": "Better."})).version
    found = await services.origins.dependents(await collection_of(services))
    told = [(use.dataset_version, use.examples, use.is_working, use.is_fixed) for use in found.versions]
    assert told == [
        (edited.dataset_version, 11, True, False),
        (dropped.dataset_version, 11, False, True),
        (first.dataset_version, 14, False, False),
    ]
    assert (found.examples, found.records, found.leaving, found.shared) == (11, 14, 14, 0)
    assert found.raw_bytes > 1000


async def test_examples_of_several_records_count_once_and_jobs_and_models_are_named(services: Services) -> None:
    version = await services.curate.version()
    collection_id = await collection_of(services)
    with services.workspace.database.write() as connection:
        connection.execute("UPDATE examples SET record_ids = '1,2' WHERE record_ids = '1'")
        connection.execute("UPDATE examples SET record_ids = '999,998' WHERE record_ids = '3'")
        connection.executemany(
            "INSERT INTO jobs (job_id, provider, state, base_model, tuned_model, dataset_version, created_at)"
            " VALUES (?, 'local', ?, 'base', ?, ?, ?)",
            [
                ("job-1", "succeeded", "ft:one", version.dataset_version, "1"),
                ("job-2", "failed", None, version.content_hash, "2"),
                ("job-3", "succeeded", "ft:other", "0123456789ab", "3"),
                ("job-4", "draft", None, version.dataset_version, "4"),
            ],
        )
    found = await services.origins.dependents(collection_id)
    assert found.examples == 13
    assert [job.job_id for job in found.jobs] == ["job-2", "job-1"] and found.models == ("ft:one",)
    assert "Job job-1 (succeeded) was trained on" in " ".join(found.lines) and "ft:one" in " ".join(found.lines)
    uses = await services.origins.examples_of(2)
    assert uses.total == 2 and len({one.example_id for one in uses.examples}) == 2
    assert (await services.origins.examples_of(2, limit=1)).total == 2


async def test_records_that_stay_elsewhere_make_no_version_depend(services: Services) -> None:
    collection_id = await collection_of(services)
    bring(services.workspace, "later", [{"k": "x"}], created_at="2027-01-01T00:00:00.000Z")
    with services.workspace.database.write() as connection:
        connection.execute(
            "INSERT INTO sightings (collection_id, position, record_id)"
            " SELECT 'later', 100 + position, record_id FROM records WHERE collection_id = ?",
            (collection_id,),
        )
    found = await services.origins.dependents(collection_id)
    assert (found.shared, found.leaving, found.versions) == (14, 0, ())
    before = await services.curate.version()
    await services.origins.delete(collection_id)
    example = (await services.curate.page()).examples[0]
    (source,) = await services.origins.of_records(example.record_ids)
    assert getattr(source, "collection", None) is not None and await services.curate.version() == before
    again = [event async for event in services.prepare.run()][-1]
    assert getattr(again, "report", None) is not None
    assert (await services.curate.version()).examples >= 14


async def test_a_deletion_that_nobody_waits_for_is_taken_back_whole(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "_BATCH", 1)
    collection_id = await collection_of(services)
    folder = services.workspace.raw_folder(collection_id)
    files = sorted(path.name for path in folder.iterdir())
    work = asyncio.ensure_future(
        services.origins.delete(collection_id, told=lambda done, total: work.cancel() if done == 1 else None)
    )
    with pytest.raises(asyncio.CancelledError):
        await work
    still_there = await services.collect.collections()
    if still_there:  # the last batch may have been done before the word came
        assert len(await services.collect.records_of(collection_id, limit=99)) == 14
        assert sorted(path.name for path in folder.iterdir()) == files
    else:
        assert not folder.exists()
