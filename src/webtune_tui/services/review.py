"""Reviews: which examples are looked at, and keeping how far a person came."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_fields import EDITED
from webtune_tui.domain.example_tags import PREFIX, flag_of
from webtune_tui.domain.examples import Example
from webtune_tui.domain.reviews import MOST, REVIEW_TAG, Choice, Pass, Review, decode, encode
from webtune_tui.services.curate import CurateService
from webtune_tui.services.example_listing import ExampleListing
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

_KEY = "review"
_PAGE = 100
_BY_HAND = (EDITED, "copied")


class ReviewService:
    """The one review of a workspace that is under way or was done last."""

    def __init__(self, workspace: Workspace, curate: CurateService) -> None:
        self._store = DatasetStore(workspace.database)
        self._curate = curate

    async def kept(self) -> Review | None:
        """The review as it was left, or ``None``."""
        text = await asyncio.to_thread(self._store.meta, _KEY)
        return decode(text) if text else None

    async def keep(self, review: Review) -> None:
        """Keeps how far the review is; killed afterwards, it goes on from here."""
        await asyncio.to_thread(self._store.set_meta, {_KEY: encode(review)})

    async def waiting(self) -> int:
        """How many examples were sent to review."""
        return await _length(await self._curate.listing(where=_tagged("")))

    async def begin(
        self, choice: Choice, count: int, person: str, *, where: str = "", seed: int = 0
    ) -> AsyncGenerator[Progressed | Review, None]:
        """Chooses examples among those that fulfil a condition (empty: all) and keeps the review; ends with it.

        Raises:
            UsageError: nothing is there to be reviewed, or the number or the name does not fit.
        """
        if not 1 <= count <= MOST:
            raise UsageError(f"{count:,} examples can't be reviewed at once", hint=f"Take 1 to {MOST:,}.")
        if not person.strip():
            raise UsageError("The pass has no name", hint="Give yours, so that a second pass can be told from it.")
        version = (await self._curate.version()).content_hash
        ids: list[str] = []
        match choice:
            case "tagged":
                ids = await self._tagged(where, count)
                rule = f"sent to review: the flag {flag_of(REVIEW_TAG)}"
            case "random":
                ids = await self._random(where, count, seed)
                rule = f"a random sample of {len(ids):,} (seed {seed})"
            case "worst":
                async with aclosing(self._worst(where, count)) as events:
                    async for event in events:
                        if isinstance(event, Progressed):
                            yield event
                        else:
                            ids = event
                rule = "worst first: most flags (edits and tags not counted), then the shortest answer"
        if not ids:
            hint = "B, then w sends examples there." if choice == "tagged" else "Take the filter away."
            raise UsageError("There is nothing to review", hint=hint)
        review = Review(rule, version, tuple(ids), (Pass(person.strip()),))
        await self.keep(review)
        yield review

    async def example(self, review: Review, example_id: str) -> Example | None:
        """The example as this pass shall see it: as it is now in the first, as it was in later ones."""
        order = [None, review.version] if review.is_first_pass else [review.version, None]
        for version in order:
            found = await self._found(example_id, version)
            if found is not None:
                return found
        return None

    async def _found(self, example_id: str, version: str | None) -> Example | None:
        def read() -> Example | None:
            revision = self._store.find(version) if version else self._store.head()
            found = self._store.by_ids(revision, [example_id]) if revision else {}
            return found[example_id].to_example() if example_id in found else None

        return await asyncio.to_thread(read)

    async def _tagged(self, where: str, count: int) -> list[str]:
        listing = await self._curate.listing(where=_tagged(where))
        return await _first(listing, min(count, await _length(listing)))

    async def _random(self, where: str, count: int, seed: int) -> list[str]:
        listing = await self._curate.listing(where=where)
        total = await _length(listing)
        places = random.Random(seed).sample(range(total), min(count, total))
        return [example.example_id for place in places for example in (await listing.page(place, 1)).examples]

    async def _worst(self, where: str, count: int) -> AsyncGenerator[Progressed | list[str], None]:
        """Reads the flagged examples alone; where they are too few, the shortest of all follow."""
        flagged = "flags is not empty"
        listing = await self._curate.listing(where=f"({where}) and {flagged}" if where.strip() else flagged)
        total = await _length(listing)
        worst: list[tuple[int, int, int, str]] = []
        for offset in range(0, total, _PAGE):
            page = await listing.page(offset, _PAGE)
            worst = await asyncio.to_thread(_with_worst, worst, page.examples, offset, count)
            yield Progressed("looking", min(offset + _PAGE, total), total, "examples")
        ids = [one[-1] for one in worst]
        if len(ids) < count:
            shortest = await self._curate.listing(where=where, sort="tokens")
            first = await _first(shortest, min(2 * count, await _length(shortest)))
            known = set(ids)
            ids += [one for one in first if one not in known][: count - len(ids)]
        yield ids


def _with_worst(
    worst: list[tuple[int, int, int, str]], examples: Sequence[Example], offset: int, count: int
) -> list[tuple[int, int, int, str]]:
    ranked = (_badness(one, place) for place, one in enumerate(examples, start=offset))
    return heapq.nsmallest(count, [*worst, *(one for one in ranked if one[0])])


def _badness(example: Example, place: int) -> tuple[int, int, int, str]:
    flags = [one for one in example.flags if one not in _BY_HAND and not one.startswith(PREFIX)]
    return -len(flags), len(example.answer), place, example.example_id


def _tagged(where: str) -> str:
    tagged = f'flags has "{flag_of(REVIEW_TAG)}"'
    return f"({where}) and {tagged}" if where.strip() else tagged


async def _first(listing: ExampleListing, count: int) -> list[str]:
    """The ids of the first examples that are listed."""
    ids: list[str] = []
    for offset in range(0, count, _PAGE):
        page = await listing.page(offset, min(_PAGE, count - offset))
        ids += [one.example_id for one in page.examples]
    return ids


async def _length(listing: ExampleListing) -> int:
    """How many examples it lists, once all are found."""
    count = 0
    async with aclosing(listing.find()) as told:
        async for found in told:
            count = found.count
    return count
