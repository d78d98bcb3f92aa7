"""What the Collect screen knows of the collections, kept apart from how it is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webtune_tui.domain.events import Progressed
from webtune_tui.domain.records import Collection
from webtune_tui.tui.widgets.collection_board import in_order


class KnownCollections:
    """The collections with what is followed live. A live one is newer here than in the store.

    What is followed has a key: the id of a collection, or a word for what turns out to be one.
    """

    def __init__(self) -> None:
        self._collections: dict[str, Collection] = {}
        self._progress: dict[str, Progressed] = {}
        self._live: set[str] = set()
        self._found_as: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._collections)

    def __iter__(self) -> Iterator[Collection]:
        return iter(self._collections.values())

    @property
    def ordered(self) -> Sequence[Collection]:
        """What is under way first, then the newest."""
        return in_order(list(self._collections.values()))

    @property
    def unfinished(self) -> Sequence[Collection]:
        """What could go on and is not followed here, oldest first."""
        return [one for one in reversed(self.ordered) if not one.state.is_final and not self.is_live(one.collection_id)]

    @property
    def has_live(self) -> bool:
        """Whether anything is followed."""
        return bool(self._live)

    def get(self, collection_id: str | None) -> Collection | None:
        """One collection."""
        return self._collections.get(collection_id or "")

    def is_live(self, collection_id: str) -> bool:
        """Whether a collection is followed."""
        return collection_id in self._live

    def progress_of(self, collection_id: str) -> Progressed | None:
        """How far the present work on it is."""
        return self._progress.get(collection_id)

    def read(self, stored: Sequence[Collection]) -> None:
        """Takes what the store says, but for what is followed. What is stored no more is forgotten."""
        kept = {key: one for key, one in self._collections.items() if key in self._live}
        self._collections = {one.collection_id: one for one in stored} | kept

    def put(self, collection: Collection) -> Collection | None:
        """Takes a collection as it is now, and answers what it was before."""
        before = self._collections.get(collection.collection_id)
        self._collections[collection.collection_id] = collection
        return before

    def forget(self, collection_id: str) -> None:
        """Drops a deleted collection."""
        self._collections.pop(collection_id, None)

    def begin(self, key: str) -> None:
        """Something is followed from now on."""
        self._live.add(key)

    def changed(self, key: str, collection: Collection) -> Collection | None:
        """What is followed under a key has changed; answers what was known of it before."""
        self._found_as[key] = collection.collection_id
        self._live.add(collection.collection_id)
        return self.put(collection)

    def progressed(self, key: str, progress: Progressed) -> None:
        """What is followed under a key has moved on."""
        self._progress[self._found_as.get(key, key)] = progress

    def found_as(self, key: str) -> Collection | None:
        """The collection that what is followed under a key turned out to be, once it is known."""
        return self._collections.get(self._found_as.get(key, ""))

    def ended(self, key: str) -> str:
        """Nothing more comes under a key; answers the id of the collection that it was."""
        followed = self._found_as.pop(key, key)
        self._live -= {key, followed}
        self._progress.pop(followed, None)
        self._progress.pop(key, None)
        return followed
