"""A listing gives the rows of a plain list, whatever was edited, sorted or filtered before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import product as product_of
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.services.test_prepare import add_records, prepare, product
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.example_facets import FacetCounts, facet_condition
from webtune_tui.domain.example_fields import condition_on_examples, matches
from webtune_tui.domain.examples import Example
from webtune_tui.services.curate import CurateService
from webtune_tui.services.example_listing import ExampleListing, _Places
from webtune_tui.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


async def found(listing: ExampleListing) -> None:
    async for _ in listing.find():
        pass


async def pages(listing: ExampleListing, size: int = 7) -> list[str]:
    searching = asyncio.ensure_future(found(listing))
    ids: list[str] = []
    first = await listing.page(0, size)
    await searching
    total = listing.found.count
    for offset in range(0, total, size):
        page = first if offset == 0 and len(first.examples) == size else await listing.page(offset, size)
        ids += [example.example_id for example in page.examples]
    return ids


async def everything(curate: CurateService) -> list[Example]:
    return list((await curate.page(limit=1_000)).examples)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_the_place_of_each_row_is_found_among_places_with_none_or_several(counts: list[int]) -> None:
    rows = [(ordinal, number) for ordinal, count in enumerate(counts) for number in range(count)]
    places = _Places([(ordinal, count) for ordinal, count in enumerate(counts) if count != 1], len(rows))
    for offset, (ordinal, number) in enumerate(rows):
        start, before = places.at(offset)
        after_start = [row for row in rows if row[0] >= start]
        assert after_start[before] == (ordinal, number)
        if number == 0:
            assert places.of(ordinal) == offset


async def test_after_edits_the_pages_are_those_of_the_whole_list(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(40)])
    await prepare(workspace)
    curate = CurateService(workspace)
    before = await everything(curate)
    await curate.drop([before[number].example_id for number in (0, 3, 4, 17, 39)])
    await curate.edit(before[9].example_id, {"assistant": "Another answer."})
    after = await everything(curate)
    assert await pages(await curate.listing()) == [one.example_id for one in after]
    assert await pages(await curate.listing(is_descending=True)) == [one.example_id for one in after][::-1]
    page = await (await curate.listing()).page(0, 3)
    assert page.numbers == [2, 3, 6]
    assert page.total == 35


@pytest.mark.parametrize(
    "where", ["", "split = train", 'answer ~ "cordless" or tokens > 60', "edited is true", "index > 30"]
)
@pytest.mark.parametrize("sort", ["index", "tokens", "split", "source", "answer"])
async def test_a_filtered_and_sorted_listing_has_every_row_once(workspace: Workspace, where: str, sort: str) -> None:
    add_records(workspace, [product(number) for number in range(40)])
    await prepare(workspace)
    curate = CurateService(workspace)
    one = (await everything(curate))[5]
    await curate.edit(one.example_id, {"assistant": "Cordless."})
    examples = await everything(curate)
    kept = [
        one.example_id
        for number, one in enumerate(examples, start=1)
        if not where or matches(condition_on_examples(where), one, number)
    ]
    got = await pages(await curate.listing(where=where, sort=sort))
    assert sorted(got) == sorted(kept)
    if sort == "index":
        assert got == kept


async def test_the_place_of_an_example_in_a_listing_is_known(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(12)])
    await prepare(workspace)
    curate = CurateService(workspace)
    gone = (await everything(curate))[2].example_id
    await curate.drop([gone])
    for where, sort, is_descending in product_of(("", "tokens > 60"), ("index", "tokens"), (False, True)):
        listing = await curate.listing(where=where, sort=sort, is_descending=is_descending)
        ids = await pages(listing)
        assert [await listing.place_of(one) for one in ids[::4]] == list(range(0, len(ids), 4))
        assert await listing.place_of(gone) is None
    assert await curate.present([*ids, gone, "ex-none"]) == frozenset(ids)


async def test_examples_are_counted_by_kind_and_a_count_nobody_waits_for_ends(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(40)])
    await prepare(workspace)
    curate = CurateService(workspace)
    await curate.edit((await everything(curate))[0].example_id, {"assistant": "Another answer."})
    counted = [one async for one in curate.facets()][-1]
    assert isinstance(counted, FacetCounts) and counted.examples == 40
    assert counted.counts["edited"] == {"false": 39, "true": 1} and sum(counted.counts["split"].values()) == 40
    for facet, counts in counted.counts.items():
        for value, count in counts.items():
            assert len(await pages(await curate.listing(where=facet_condition(facet, value)))) == count
    with pytest.raises(UsageError):
        await anext(curate.facets(where="colour = red"))


async def test_a_page_that_waits_for_a_search_ends_with_it(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(40)])
    await prepare(workspace)
    listing = await CurateService(workspace).listing(text="not in any of them")
    waiting = asyncio.ensure_future(listing.page(0, 5))
    await found(listing)
    assert (await waiting).examples == []
    assert listing.found.is_complete


async def test_a_place_that_is_asked_for_in_the_middle_of_a_search_is_waited_for(
    workspace: Workspace,
) -> None:
    add_records(workspace, [product(number) for number in range(40)])
    await prepare(workspace)
    listing = await CurateService(workspace).listing(where="tokens > 1")
    search = listing.find()
    assert not (await anext(search)).is_complete
    asked = asyncio.ensure_future(listing.place_of((await listing.page(0, 3)).examples[2].example_id))
    await asyncio.wait([asked], timeout=0.05)  # it waits for the search, which nobody takes further meanwhile
    async for _ in search:
        pass
    assert await asked == 2


async def test_a_search_that_is_stopped_says_that_there_may_be_more(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(40)])
    await prepare(workspace)
    listing = await CurateService(workspace).listing(text="e")
    listing.stop()
    await found(listing)
    assert not listing.found.is_complete
    assert (await listing.page(0, 5)).examples == []


async def test_a_column_that_cannot_be_sorted_by_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="can't be sorted by 'price'"):
        await CurateService(workspace).listing(sort="price")
