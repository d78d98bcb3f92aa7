"""What conditions and facets ask of messages is found out once, kept, and never answered wrongly meanwhile."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.unit.services.test_example_listing import pages
from tests.unit.services.test_prepare import add_records, prepare, product
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_facets import FacetCounts, facet_condition
from webtune_tui.domain.examples import ContentSum, Message, encode_messages
from webtune_tui.pipeline.languages import language_named
from webtune_tui.services import body_facts, body_facts_run
from webtune_tui.services.body_facts import BodyFactsService
from webtune_tui.services.body_facts_run import FactsRun, Looked
from webtune_tui.services.curate import CurateService
from webtune_tui.storage.body_facts import Extent, KeptFacts
from webtune_tui.storage.dataset_types import BuildReport, Revision, Totals
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

ENGLISH = "This kettle boils the water quickly and it keeps the tea warm."
PORTUGUESE = "Esta chaleira ferve a água depressa e mantém o chá quente durante horas."


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


@pytest.fixture
def head(workspace: Workspace) -> Revision:
    """Thirty examples, every fifth of them in Portuguese."""
    store = DatasetStore(workspace.database)
    build = store.begin_build()
    rows = []
    for n in range(30):
        text = encode_messages([Message("user", f"Item {n}?"), Message("assistant", ENGLISH if n % 5 else PORTUGUESE)])
        rows.append((n, f"ex-{n}", "train", text, 20, "", str(n + 1), f"ex-{n}", "shop"))
    store.add_rows(build, rows)
    store.seal(build, Totals(ContentSum(0, 30), train=30), "o200k_base")
    return store.publish(build, BuildReport("", "o200k_base", "{}", ""))


async def portuguese(curate: CurateService) -> list[str]:
    return await pages(await curate.listing(where="language = pt"))


async def all_of(events: AsyncGenerator[object, None]) -> list[object]:
    async with aclosing(events):
        return [event async for event in events]


async def test_a_condition_on_languages_is_right_before_and_after_edits(workspace: Workspace, head: Revision) -> None:
    curate = CurateService(workspace)
    fifth = [f"ex-{n}" for n in range(0, 30, 5)]
    assert await portuguese(curate) == fifth
    assert await BodyFactsService(workspace).is_known(head, with_languages=True)
    await curate.edit("ex-0", {"assistant": ENGLISH})
    assert await portuguese(curate) == fifth[1:]
    await curate.edit("ex-1", {"assistant": PORTUGUESE})
    assert await portuguese(curate) == ["ex-1", *fifth[1:]]
    await curate.undo()
    await curate.undo()
    assert await portuguese(curate) == fifth
    await curate.redo()
    assert await portuguese(curate) == fifth[1:]


async def test_a_program_of_its_own_looks_at_many(
    workspace: Workspace, head: Revision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_facts, "_FEW", 0)
    looked = await all_of(BodyFactsService(workspace).find_out(head, with_languages=True))
    assert looked[-1] == Looked(30, 30, 30)
    assert sorted(KeptFacts(workspace.database).languages().values()) == ["en", "pt"]


async def test_what_was_found_before_a_stop_is_kept_and_the_next_time_goes_on(
    workspace: Workspace, head: Revision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_facts_run, "_AT_ONCE", 4)
    extent = Extent(head.build, head.revision, True)
    run = FactsRun(workspace.database).events(extent)
    assert [next(run), next(run)] == [Looked(4, 30, 4), Looked(8, 30, 8)]
    run.close()
    curate = CurateService(workspace)
    listing = await curate.listing(where="language = pt")
    listing.stop()
    assert [found async for found in listing.find()][-1].is_complete is False
    assert len(KeptFacts(workspace.database).missing(extent).body_ids) == 22
    assert await portuguese(curate) == [f"ex-{n}" for n in range(0, 30, 5)]
    assert not KeptFacts(workspace.database).missing(extent).body_ids


async def test_rows_are_listed_as_far_as_their_messages_are_looked_at(
    workspace: Workspace, head: Revision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_facts_run, "_AT_ONCE", 10)
    listing = await CurateService(workspace).listing(where="language = pt")
    told = [(found.count, found.looked.done if found.looked else None) async for found in listing.find()]
    assert told[:3] == [(2, 10), (4, 20), (6, 30)]
    assert told[-1] == (6, None) and listing.found.is_complete


async def test_facets_tell_the_others_before_languages_are_known(workspace: Workspace, head: Revision) -> None:
    curate = CurateService(workspace)
    first, *between, last = [one for one in await all_of(curate.facets()) if _is_of_languages(one)]
    assert isinstance(first, FacetCounts) and "language" not in first.counts
    assert first.missing == {"language": "counting languages …"} and first.counts["source"] == {"shop": 30}
    assert between and all(isinstance(one, Progressed) for one in between)
    assert isinstance(last, FacetCounts) and not last.missing
    assert last.counts["language"] == {"en": 24, "pt": 6}
    for value, count in last.counts["language"].items():
        assert len(await pages(await curate.listing(where=facet_condition("language", value)))) == count
    (again,) = [one for one in await all_of(curate.facets(where="language = pt")) if isinstance(one, FacetCounts)]
    assert again.counts["language"] == {"pt": 6}


def _is_of_languages(event: object) -> bool:
    return isinstance(event, FacetCounts) or (isinstance(event, Progressed) and event.stage == "languages")


async def test_who_reads_only_gets_the_right_rows_and_keeps_nothing(workspace: Workspace, head: Revision) -> None:
    with Workspace.open(workspace.root, command="test", write=False) as reading:
        curate = CurateService(reading)
        assert await portuguese(curate) == [f"ex-{n}" for n in range(0, 30, 5)]
        (counted,) = [one for one in await all_of(curate.facets()) if isinstance(one, FacetCounts)]
        assert "read-only" in counted.missing["language"]
    assert len(KeptFacts(workspace.database).missing(Extent(head.build, head.revision, False)).body_ids) == 30


async def test_a_run_with_a_filter_by_language_keeps_what_it_found(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(40)])
    await prepare(workspace)
    plain = DatasetStore(workspace.database).head()
    assert plain is not None and len(_missing(workspace, plain)) == plain.totals.content.count
    text = workspace.recipe_path.read_text(encoding="utf-8")
    (before,) = re.findall(r"\[steps\.language\][^\[]*\[\][^\[]*", text)
    after = before.replace("enabled = false", "enabled = true").replace("languages = []", 'languages = ["en"]')
    assert after != before
    workspace.recipe_path.write_text(text.replace(before, after), encoding="utf-8")
    await prepare(workspace, seed=5)
    head = DatasetStore(workspace.database).head()
    assert head is not None and head.build != plain.build
    assert await BodyFactsService(workspace).is_known(head, with_languages=True)
    with workspace.database.read() as connection:
        kept = {row[0]: tuple(row)[1:] for row in connection.execute("SELECT * FROM body_facts")}
    facts = KeptFacts(workspace.database)
    codes = {code: number for number, code in facts.languages().items()}
    found = facts.facts(list(kept), language_named)
    assert kept == {number: (*one[:3], codes[str(one.language)]) for number, one in found}
    assert len(kept) == head.totals.content.count


def _missing(workspace: Workspace, revision: Revision) -> Sequence[int]:
    return KeptFacts(workspace.database).missing(Extent(revision.build, revision.revision, False)).body_ids


async def test_nobody_looks_for_languages_who_does_not_ask(workspace: Workspace, head: Revision) -> None:
    curate = CurateService(workspace)
    (counted,) = [one for one in await all_of(curate.facets(with_languages=False)) if isinstance(one, FacetCounts)]
    assert not counted.missing and "language" not in counted.counts
    assert len(await pages(await curate.listing(where="turns = 2"))) == 30
    assert KeptFacts(workspace.database).languages() == {}
