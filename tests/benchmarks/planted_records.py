"""Product-like NDJSON with planted copies, for measuring preparation: about 1.7 KB a record, the same bytes each time.

Of each hundred records five are exact copies of another one (some with other case or spacing) and ten are near copies
with 3 to 10 % of the words edited. The key tells which is whose copy; every other record is a text of its own.
"""

from __future__ import annotations

import json
import pydoc_data.topics
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from tests.benchmarks.made_records import delivered_row

_EXACT, _NEAR = 0.05, 0.10
_MOST_BETWEEN = 2_000  # records between an original and its copy


@dataclass(frozen=True, slots=True)
class Planted:
    """The key: for each copy the number of its original, both counted in the order of the file."""

    exact: dict[int, int]
    near: dict[int, int]

    @property
    def pairs(self) -> dict[int, int]:
        """All copies."""
        return self.exact | self.near


def vocabulary() -> tuple[list[str], list[int]]:
    """Words of running English text with their cumulated frequencies, most frequent first."""
    found = Counter(re.findall(r"[a-z]{2,14}", " ".join(pydoc_data.topics.topics.values()).lower()))
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return [word for word, _ in ordered], list(accumulate(count for _, count in ordered))


class _Writer:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._words, self._weights = vocabulary()

    def words(self, count: int) -> list[str]:
        return self.chance.choices(self._words, cum_weights=self._weights, k=count)

    def sentences(self, count: int) -> list[str]:
        """Words with the marks and capitals of sentences of about fifteen words."""
        found = self.words(count)
        for start in range(0, count, 15):
            end = min(start + 15, count) - 1
            found[start] = found[start].capitalize()
            found[(start + end) // 2] += ","
            found[end] += "."
        return found

    def product(self, number: int) -> dict[str, Any]:
        chance = self.chance
        described = self.sentences(chance.randrange(115, 151))
        if number % 10 == 3:
            described[chance.randrange(len(described))] = "café"
        return {
            "title": " ".join(word.capitalize() for word in self.words(9)),
            "brand": self.words(1)[0].capitalize(),
            "description": " ".join(described) + " Tools & more.",
            "markup": number % 5 == 0,
            "features": [" ".join(self.words(9)).capitalize() for _ in range(4)],
            "categories": [word.capitalize() for word in self.words(3)],
        }

    def edited(self, text: str, share: float) -> str:
        """The text with this share of its words replaced, taken out or put in."""
        units = text.split()
        for place in sorted(self.chance.sample(range(len(units)), int(len(units) * share)), reverse=True):
            match self.chance.randrange(3):
                case 0:
                    units[place] = self.words(1)[0]
                case 1:
                    del units[place]
                case _:
                    units.insert(place, self.words(1)[0])
        return " ".join(units)

    def exact_copy(self, product: dict[str, Any]) -> dict[str, Any]:
        match self.chance.randrange(3):
            case 0:
                return product | {"title": product["title"].upper()}
            case 1:
                return product | {"description": product["description"].replace(" ", "  ", 3)}
            case _:
                return product

    def near_copy(self, product: dict[str, Any]) -> dict[str, Any]:
        share = self.chance.uniform(0.03, 0.10)
        edited = {name: self.edited(product[name], share) for name in ("title", "description")}
        return product | edited | {"features": [self.edited(one, share) for one in product["features"]]}

    def row(self, number: int, product: dict[str, Any]) -> dict[str, Any]:
        text = product["description"]
        return delivered_row(
            number,
            self.chance,
            title=product["title"],
            seller_name=" ".join(product["categories"][:2]),
            brand=product["brand"],
            description=f"<p>{text.replace('&', '&amp;')}</p>" if product["markup"] else text,
            categories=product["categories"],
            features=product["features"],
        )


def write(path: Path, count: int, *, seed: int = 7) -> Planted:
    """A file of records; answers the key of its copies."""
    planted = Planted({}, {})
    with path.open("wb") as stream:
        for row in rows(count, planted, seed=seed):
            stream.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return planted


def rows(count: int, planted: Planted, *, seed: int = 7) -> Iterator[dict[str, Any]]:
    """The records; ``planted`` is filled on the way. No original has two copies."""
    writer = _Writer(seed)
    recent: list[tuple[int, dict[str, Any]]] = []
    for number in range(count):
        kind = writer.chance.random()
        if kind < _EXACT + _NEAR and recent:
            original, product = recent.pop(writer.chance.randrange(len(recent)))
            if kind < _EXACT:
                planted.exact[number] = original
                product = writer.exact_copy(product)
            else:
                planted.near[number] = original
                product = writer.near_copy(product)
        else:
            product = writer.product(number)
            if len(recent) >= _MOST_BETWEEN:
                recent.pop(0)
            recent.append((number, product))
        yield writer.row(number, product)
