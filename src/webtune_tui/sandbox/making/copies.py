"""Copies among the rows: exact, near, delivered twice, and one text for several products."""

from __future__ import annotations

from collections.abc import Iterator

from webtune_tui.sandbox.making.addresses import moment
from webtune_tui.sandbox.making.shelf import Shelf
from webtune_tui.sandbox.making.spoilt_texts import reworded

BRAND_STORIES = (
    "{brand} is a small workshop that makes few things and mends all of them. Every piece is checked by two people"
    " before it is packed, and the packing is paper only. Spare parts can be ordered for ten years. If something is"
    " wrong with your order, send it back within sixty days and keep the stamp money.",
    "Everything by {brand} is designed by people who use it at home. We test for a year before we sell, we print the"
    " limits of a product next to its strengths, and we repair what can be repaired. Our parcels leave the house"
    " without plastic, and one order in ten is packed by the person who drew the product.",
    "{brand} began with a single product sold at a street market. Today there are forty of them, made in four"
    " family-run places that we visit twice a year. We would rather sell one good thing than three that break, which"
    " is why each of our products can be taken apart with ordinary tools.",
    "Good things are quiet: that is the idea behind {brand}. No loud colors, no needless functions, no apps where a"
    " switch will do. Each product carries the date on which it was made and the name of the place, and both are true.",
)


def plant_copies(shelf: Shelf) -> None:
    """Exact and near copies, rows delivered twice, and texts shared by different products of a brand."""
    exact = [[str(row["asin"]), str(shelf.copy(row)["asin"])] for row in shelf.take(14)]
    shelf.planted["exact_duplicate"] = list(exact)
    near = []
    for row in shelf.take(14):
        twin = shelf.copy(row, description=reworded(str(row["description"]), shelf.chance))
        near.append([str(row["asin"]), str(twin["asin"])])
    shelf.planted["near_duplicate"] = list(near)
    twice = shelf.take(7)
    shelf.rows += [{**row, "timestamp": moment(3000 + at)} for at, row in enumerate(twice)]
    shelf.planted["delivered_twice"] = [str(row["asin"]) for row in twice]
    shelf.planted["shared_target"] = list(shared_targets(shelf))


def shared_targets(shelf: Shelf) -> Iterator[list[str]]:
    """Gives each brand story to three products of a brand; the ids of each group."""
    for story in BRAND_STORIES:
        brand = next(
            str(row["brand"])
            for row in shelf.untouched
            if sum(other["brand"] == row["brand"] for other in shelf.untouched) >= 3
        )
        group = [row for row in shelf.untouched if row["brand"] == brand][:3]
        shelf.untouched = [row for row in shelf.untouched if row["brand"] != brand]
        for row in group:
            row["description"] = story.format(brand=brand)
        yield [str(row["asin"]) for row in group]
