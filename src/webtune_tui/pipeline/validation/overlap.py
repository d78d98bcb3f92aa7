"""Which lines of a file stand in other files too: the same prompt, the same answer, or nearly the same example.

The other files are indexed first; the texts of their examples are kept by the caller, who may keep them on disk, so
that an example takes about a kilobyte of memory here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.validation.similar import BandIndex, Bands, Texts, are_alike, bands_of
from webtune_tui.pipeline.wording import folded, wording_key

MOST_INDEXED = 200_000
_TELLING_WORDS = 8  # the same short answer to different questions is no overlap
_LONGEST = 100_000  # characters of prompt and of answer that are looked at


class Place(NamedTuple):
    """A line of one of the other files."""

    file: int
    line: int


class Overlap(NamedTuple):
    """What two lines share, in words, and where the other one stands."""

    shared: str
    place: Place


class TextStore(Protocol):
    """Keeps the texts of indexed examples by number."""

    def put(self, texts: Texts) -> None:
        """Takes the texts of the next example."""
        ...

    def get(self, number: int) -> Texts:
        """The texts of an example."""
        ...


class OverlapIndex:
    """The examples of other files, by wording and by likeness.

    Without ``prompts_count`` the same prompt alone is no overlap: where a template asks all the same, answers tell.
    """

    def __init__(self, store: TextStore, *, prompts_count: bool = True) -> None:
        self._store = store
        self._prompts_count = prompts_count
        self._places: list[Place] = []
        self._prompts: dict[bytes, int] = {}
        self._answers: dict[bytes, int] = {}
        self._bands = BandIndex()
        self.unindexed = 0

    def add(self, file: int, lines: Sequence[tuple[int, Texts]]) -> None:
        """Takes examples of one of the files, each with its line."""
        room = MOST_INDEXED - len(self._places)
        self.unindexed += max(len(lines) - room, 0)
        lines = lines[:room]
        if not lines:
            return
        self._bands.add(bands_of([texts for _, texts in lines]))
        for line, its in lines:
            number = len(self._places)
            self._places.append(Place(file, line))
            self._store.put(its)
            self._prompts.setdefault(self._asked_key(its), number)
            if _is_telling(its[1]):
                self._answers.setdefault(wording_key(its[1]), number)

    def find(self, texts: Sequence[Texts], bands: Bands | None = None) -> list[Overlap | None]:
        """For each example the strongest overlap with an indexed one; ``bands`` are theirs where they are known."""
        if not texts:
            return []
        near = self._bands.candidates(bands_of(texts) if bands is None else bands)
        return [self._found(its, candidates) for its, candidates in zip(texts, near, strict=True)]

    def _found(self, texts: Texts, candidates: Sequence[int]) -> Overlap | None:
        asked = self._prompts.get(self._asked_key(texts)) if texts[0] else None
        answered = self._answers.get(wording_key(texts[1])) if _is_telling(texts[1]) else None
        if asked is not None:
            same = self._store.get(asked)[1] == texts[1]
            return Overlap("The same prompt and answer" if same else "The same prompt", self._places[asked])
        if answered is not None:
            return Overlap("The same answer", self._places[answered])
        for number in candidates:
            if self._are_alike(texts, self._store.get(number)):
                return Overlap("Nearly the same text", self._places[number])
        return None

    def _asked_key(self, texts: Texts) -> bytes:
        return wording_key(*texts[0]) if self._prompts_count else wording_key(*texts[0], texts[1])

    def _are_alike(self, one: Texts, other: Texts) -> bool:
        if not self._prompts_count and one[0] == other[0]:
            return are_alike(((), one[1]), ((), other[1]))
        return are_alike(one, other)


def texts_of(messages: Sequence[Message]) -> Texts:
    """The wording of what the user says and of the last answer, as far as it is compared."""
    room, asked = _LONGEST, []
    for message in messages:
        if message.role == "user" and room > 0:
            asked.append(folded(message.content[:room]))
            room -= len(message.content)
    answer = next((message.content for message in reversed(messages) if message.role == "assistant"), "")
    return tuple(asked), folded(answer[:_LONGEST])


def _is_telling(answer: str) -> bool:
    return answer.count(" ") >= _TELLING_WORDS - 1
