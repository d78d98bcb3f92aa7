"""How much of a set comes from where, and which phrases repeat in it: one source that dominates or was poisoned shows
before anything is trained on it.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from webtune_tui.domain.examples import decode_messages
from webtune_tui.pipeline.repeated_phrases import repeated_phrases
from webtune_tui.pipeline.run import Built

MOST_ANSWERS = 2_000  # that are searched for phrases, about
_HARD_LIMIT = 2 * MOST_ANSWERS
_MOST_PLACES = 65_535  # told apart; the rest counts as one
_SHOWN_PLACES = 20
_HEAD, _TAIL = 800, 400  # characters of an answer that are searched

Place = tuple[str, str]
"""Source and domain; the domain may be empty."""
_REST: Place = ("", "")


@dataclass(frozen=True, slots=True)
class Origins:
    """Of a batch of examples: the places, the number of each example's place, and the answers to be searched."""

    places: tuple[Place, ...]
    numbers: array[int]
    answers: tuple[tuple[int, str], ...]


def origins_of(built: Sequence[Built], example_numbers: npt.NDArray[np.uint64], one_of: int) -> Origins:
    """The origins of a batch; about one answer of so many is taken, chosen by the example's id."""
    places: dict[Place, int] = {}
    numbers = array("I", [places.setdefault((one.source, one.domain), len(places)) for one in built])
    chosen = np.flatnonzero(example_numbers % np.uint64(one_of) == 0).tolist() if built else []
    return Origins(tuple(places), numbers, tuple((at, _searched(built[at])) for at in chosen))


class Concentration:
    """The origins of all examples of a run, two bytes each, and a bounded number of answers."""

    def __init__(self, most_places: int = _MOST_PLACES) -> None:
        self._most_places = most_places
        self._places: dict[Place, int] = {}
        self._numbers = array("H")
        self._answers: dict[int, str] = {}

    def add(self, origins: Origins) -> None:
        """Takes the next batch."""
        first = len(self._numbers)
        known = [self._number(place) for place in origins.places]
        self._numbers.extend(map(known.__getitem__, origins.numbers))
        room = max(_HARD_LIMIT - len(self._answers), 0)
        self._answers.update((first + at, answer) for at, answer in origins.answers[:room])

    def searched(self, stays: npt.NDArray[np.bool_]) -> tuple[list[str], list[str]]:
        """The answers to search among the examples that stay, and the place of each in words."""
        names = [domain or source for source, domain in self._places]
        chosen = [(answer, names[self._numbers[at]]) for at, answer in self._answers.items() if stays[at]]
        return [answer for answer, _ in chosen], [name for _, name in chosen]

    def report(self, stays: npt.NDArray[np.bool_], phrases: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """The shares of the examples that stay by source and domain, the largest first, and the phrases."""
        counts = np.bincount(np.frombuffer(self._numbers, dtype=np.uint16)[stays], minlength=len(self._places))
        counted = list(zip(self._places, counts.tolist(), strict=True))
        return {
            "sources": _shares((source, count) for (source, _), count in counted),
            "domains": _shares((domain, count) for (_, domain), count in counted),
            "answers_searched": sum(bool(stays[at]) for at in self._answers),
            "phrases": list(phrases),
        }

    def _number(self, place: Place) -> int:
        if len(self._places) >= self._most_places and place not in self._places:
            place = _REST
        return self._places.setdefault(place, len(self._places))


def phrases_beside(
    concentration: Concentration, stays: npt.NDArray[np.bool_], beside: Callable[..., Callable[[], Any]]
) -> Callable[[], Mapping[str, Any]]:
    """Starts the search for phrases in another process, if ``beside`` has one; the report is got by calling."""
    phrases = beside(repeated_phrases, *concentration.searched(stays))
    return lambda: concentration.report(stays, phrases())


def _searched(one: Built) -> str:
    """Both ends of an example's answer."""
    answers = [message.content for message in decode_messages(one.messages) if message.role == "assistant"]
    text = answers[-1] if answers else ""
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"


def _shares(counted: Iterable[tuple[str, int]]) -> list[Mapping[str, Any]]:
    sums: Counter[str] = Counter()
    for name, count in counted:
        sums[name] += count
    total = max(sum(sums.values()), 1)
    ordered = sorted(((name, n) for name, n in sums.items() if name and n), key=lambda pair: (-pair[1], pair[0]))
    return [{"name": name, "examples": n, "share": round(n / total, 4)} for name, n in ordered[:_SHOWN_PLACES]]
