"""A person is erased from the names that people give: tags, names of versions, saved views, passes of a review."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.integration.purge.planted import NAME, Planted, traces
from webtune_tui.bootstrap import Services, open_services
from webtune_tui.domain.erasure import PersonFound, PersonRemoved
from webtune_tui.domain.mentions import Person
from webtune_tui.domain.reviews import Pass, Review
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edit import operation_of
from webtune_tui.services.table_views import SavedView
from webtune_tui.settings import Settings
from webtune_tui.storage.drafts import EditDraft, EditDrafts

PERSON = Person((NAME, "zaira.q@quintanilha.example", "https://people.example/in/zaira-quintanilha"))
TAG = "Zaira-Quintanilha"


@pytest.fixture
async def services(copied: Callable[[], Planted]) -> AsyncIterator[Services]:
    async with open_services(copied().root, Settings(), command="test") as opened:
        yield opened


async def purged(services: Services) -> tuple[PersonFound, PersonRemoved]:
    found: PersonFound | None = None
    async with aclosing(services.purge.find(PERSON)) as events:
        async for event in events:
            found = event if isinstance(event, PersonFound) else found
    assert found is not None
    removed: PersonRemoved | None = None
    async with aclosing(services.purge.remove(PERSON, found)) as events:
        async for told in events:
            removed = told if isinstance(told, PersonRemoved) else removed
    assert removed is not None
    return found, removed


async def test_names_that_hold_the_person_are_gone_from_the_bytes_of_the_workspace(services: Services) -> None:
    root: Path = services.workspace.root
    examples = [
        one.example_id
        for one in (await services.curate.page(limit=100)).examples
        if not any(word in one.prompt + one.answer for word in ("number 40", "number 41", NAME, "Rua"))
    ]
    for tag, some in ((TAG, examples[:3]), ("keep-me", examples[1:4])):
        await services.editing.apply(operation_of("tag", tag=tag), Selection.of(*some))
    await services.editing.apply(operation_of("tag", tag="of-a-tag"), Selection((), f"flag:tag:{TAG}"))
    for name in ("zaira_quintanilha.v1", "ZAIRA-QUINTANILHA.v2", "of-the-shop"):
        await services.editing.name_version(name)
    await services.table_views.save(SavedView("Hers", where=f'flags has "tag:{TAG}"'))
    await services.table_views.save(SavedView("Zaira Quintanilha, all"))
    await services.table_views.save(SavedView("Short ones", where="tokens < 50"))
    ids = tuple(examples[:2])
    await services.review.keep(Review("all", "0", ids, (Pass("Zaira Quintanilha", {ids[0]: "keep"}), Pass("Jo"))))
    drafts = EditDrafts(root)
    drafts.keep(EditDraft(examples[0], "[]", {1: "Zaira Quintanilha, typed and never saved"}))
    assert any("workspace.db" in one for one in traces(root))

    found, removed = await purged(services)

    assert list(traces(root)) == []
    assert any(place.startswith("version_names") for place in found.places["texts"])
    assert found.matches["drafts"] == 2 and removed.removed["texts"] == found.matches["texts"]
    assert [view.name for view in (await services.table_views.views()).views] == ["Short ones"]
    assert sorted(name for one in await services.curate.versions() for name in one.names) == [
        "erased-1", "erased-2", "of-the-shop",
    ]  # fmt: skip
    after = {one.example_id: one.flags for one in (await services.curate.page(limit=100)).examples}
    assert "tag:keep-me" in after[examples[1]] and not [one for one in after[examples[0]] if "uintanilha" in one]
    kept = await services.review.kept()
    assert kept is not None and [one.name for one in kept.passes] == ["[erased]", "Jo"]
    async with aclosing(services.prepare.run()) as events:
        async for _ in events:
            pass
    assert list(traces(root)) == []


async def test_what_was_typed_elsewhere_for_an_example_of_the_person_goes_with_it(services: Services) -> None:
    drafts = EditDrafts(services.workspace.root)
    page = await services.curate.page(limit=100)
    theirs = next(one.example_id for one in page.examples if "number 41" in one.prompt + one.answer)
    other = next(one.example_id for one in page.examples if one.example_id != theirs)
    path, kept = drafts.write_outside(theirs, "the street alone"), drafts.write_outside(other, "of a lamp")
    await purged(services)
    assert kept.exists() and not path.exists()
