"""A packing plan: how many sequences of a fixed length the training examples fill when several share one.

Best-fit decreasing (Johnson 1973): the longest examples first, each into the fullest sequence that still has room. No
example is cut; one that is longer than a sequence is counted as too long and packed nowhere.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class PackingPlan:
    """What packing saves in one epoch. ``tokens`` and padding are tokens, steps are optimiser steps.

    ``padding_alone`` is what batches of single examples are filled up with (to the longest of each batch), and
    ``padding_packed`` what the packed sequences are filled up with.
    """

    sequence_length: int
    batch_size: int
    examples: int
    tokens: int
    too_long: int
    sequences: int
    fullest: int
    padding_alone: int
    padding_packed: int
    steps_alone: int
    steps_packed: int


def plan_packing(lengths: Sequence[int], sequence_length: int, batch_size: int) -> PackingPlan:
    """The plan for examples of these lengths in tokens, in the order of training."""
    fitting = [length for length in lengths if 0 < length <= sequence_length]
    filled = _packed(fitting, sequence_length)
    sequences = sum(filled.values())
    tokens = sum(fitting)
    return PackingPlan(
        sequence_length=sequence_length,
        batch_size=batch_size,
        examples=len(fitting),
        tokens=tokens,
        too_long=len(lengths) - len(fitting),
        sequences=sequences,
        fullest=max(filled, default=0),
        padding_alone=_padding(fitting, batch_size),
        padding_packed=sequences * sequence_length - tokens,
        steps_alone=ceil(len(fitting) / batch_size),
        steps_packed=ceil(sequences / batch_size),
    )


def _packed(lengths: Sequence[int], sequence_length: int) -> Counter[int]:
    """How many sequences hold how many tokens."""
    count_of_room: Counter[int] = Counter()
    rooms: list[int] = []  # the distinct rooms in open sequences, ascending
    for length, count in sorted(Counter(lengths).items(), reverse=True):
        for _ in range(count):
            place = bisect_left(rooms, length)
            room = rooms[place] if place < len(rooms) else sequence_length
            if place < len(rooms):
                count_of_room[room] -= 1
                if not count_of_room[room]:
                    del count_of_room[room]
                    rooms.pop(place)
            left = room - length
            if left not in count_of_room:
                insort(rooms, left)
            count_of_room[left] += 1
    return Counter({sequence_length - room: count for room, count in count_of_room.items()})


def _padding(lengths: Sequence[int], batch_size: int) -> int:
    batches = (lengths[start : start + batch_size] for start in range(0, len(lengths), batch_size))
    return sum(max(batch) * len(batch) - sum(batch) for batch in batches)
