"""Which lines of a file stand in other files too: the same prompt, the same answer, or nearly the same example.

The other files are indexed first; the texts of their examples are kept by the caller, who may keep them on disk, so
that an example takes about a kilobyte of memory here.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.validation.similar import BANDS, Texts, are_alike, bands_of
from webtune_tui.pipeline.wording import folded, wording_key

MOST_INDEXED = 200_000
_TELLING_WORDS = 8  # the same short answer to different questions is no overlap
_MOST_COMPARED = 16
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
    """The examples of other files, by wording and by likeness."""

    def __init__(self, store: TextStore) -> None:
        self._store = store
        self._places: list[Place] = []
        self._prompts: dict[bytes, int] = {}
        self._answers: dict[bytes, int] = {}
        self._waiting: list[array[int]] = [array("Q") for _ in range(2 * BANDS)]
        self._sorted: list[array[int]] | None = None
        self.unindexed = 0

    def add(self, file: int, lines: Sequence[tuple[int, Texts]]) -> None:
        """Takes examples of one of the files, each with its line."""
        room = MOST_INDEXED - len(self._places)
        self.unindexed += max(len(lines) - room, 0)
        lines = lines[:room]
        bands = bands_of([texts for _, texts in lines]) if lines else []
        for (line, its), (whole, answer) in zip(lines, bands, strict=True):
            number = len(self._places)
            self._places.append(Place(file, line))
            self._store.put(its)
            self._prompts.setdefault(_prompt_key(its), number)
            if _is_telling(its[1]):
                self._answers.setdefault(wording_key(its[1]), number)
            for band, value in enumerate((*whole, *answer)):
                self._waiting[band].append(value << 32 | number)

    def find(self, texts: Sequence[Texts]) -> list[Overlap | None]:
        """For each example the strongest overlap with an indexed one."""
        if self._sorted is None:
            self._sorted = [array("Q", sorted(waiting)) for waiting in self._waiting]
            self._waiting = []
        bands = bands_of(texts) if texts else []
        return [self._found(its, (*whole, *answer)) for its, (whole, answer) in zip(texts, bands, strict=True)]

    def _found(self, texts: Texts, bands: tuple[int, ...]) -> Overlap | None:
        asked = self._prompts.get(_prompt_key(texts)) if texts[0] else None
        answered = self._answers.get(wording_key(texts[1])) if _is_telling(texts[1]) else None
        if asked is not None:
            same = self._store.get(asked)[1] == texts[1]
            return Overlap("The same prompt and answer" if same else "The same prompt", self._places[asked])
        if answered is not None:
            return Overlap("The same answer", self._places[answered])
        for number in self._candidates(bands):
            if are_alike(texts, self._store.get(number)):
                return Overlap("Nearly the same text", self._places[number])
        return None

    def _candidates(self, bands: tuple[int, ...]) -> list[int]:
        """The examples that share most bands, the likeliest first."""
        assert self._sorted is not None
        shared: dict[int, int] = {}
        for value, column in zip(bands, self._sorted, strict=True):
            at = bisect_left(column, value << 32)
            while at < len(column) and column[at] >> 32 == value and len(shared) < 1000:
                number = column[at] & 0xFFFFFFFF
                shared[number] = shared.get(number, 0) + 1
                at += 1
        return heapq.nsmallest(_MOST_COMPARED, shared, key=lambda number: (-shared[number], number))


def texts_of(messages: Sequence[Message]) -> Texts:
    """The wording of what the user says and of the last answer, as far as it is compared."""
    room, asked = _LONGEST, []
    for message in messages:
        if message.role == "user" and room > 0:
            asked.append(folded(message.content[:room]))
            room -= len(message.content)
    answer = next((message.content for message in reversed(messages) if message.role == "assistant"), "")
    return tuple(asked), folded(answer[:_LONGEST])


def _prompt_key(texts: Texts) -> bytes:
    return wording_key(*texts[0])


def _is_telling(answer: str) -> bool:
    return answer.count(" ") >= _TELLING_WORDS - 1
