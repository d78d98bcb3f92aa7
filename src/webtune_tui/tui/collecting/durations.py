"""How long collections usually take, asked once for each kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.records import Collection
from webtune_tui.tui.screens.base import StageScreen


class UsualDurations:
    """Seconds that a kind of collection usually takes; ``drawn`` is called when more of them are known."""

    def __init__(self, screen: StageScreen, drawn: Callable[[], None]) -> None:
        self._screen = screen
        self._drawn = drawn
        self._typical: dict[str, float | None] = {}

    def of(self, collection: Collection) -> float | None:
        """What is known now; None while nothing is."""
        return self._typical.get(_kind_of(collection))

    def learn(self, collections: Sequence[Collection]) -> None:
        """Asks for the kinds that are not known yet, away from the drawing."""
        unknown = {_kind_of(one): one for one in collections if _kind_of(one) not in self._typical}
        if unknown:
            self._typical |= dict.fromkeys(unknown, None)
            self._screen.launch(partial(self._read, unknown), "durations")

    async def _read(self, wanted: dict[str, Collection]) -> None:
        for kind, collection in wanted.items():
            try:
                self._typical[kind] = await self._screen.services.collect.typical_seconds(collection)
            except WebtuneError:
                continue  # a figure that only informs
        self._drawn()


def _kind_of(collection: Collection) -> str:
    request = collection.request
    door = f"{request.get('scraper_id', '')} {request.get('discover_by', '')}"
    return f"{collection.source} {door}"
