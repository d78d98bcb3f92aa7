"""Product-like NDJSON for benchmarks: 1.4 to 1.7 KB a record, no two alike, the same bytes each time."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_WORDS = re.findall(
    r"\S+",
    """steel water bottle kitchen garden light portable série qualität handle warranty design compact durable soft
    cotton wooden travel office desk lamp storage waterproof premium family outdoor camping bright colour natural
    original classic modern small large extra 日本 café replacement filter cordless battery charger foldable""",
)
ENVELOPE = {"timestamp": "2026-11-20T08:00:00.000Z", "input": {"url": "https://www.amazon.com/gp/bestsellers/kitchen"}}


def products(count: int, *, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Records with the fields of the products scraper."""
    chance = random.Random(seed)

    def text(words: int) -> str:
        return " ".join(chance.choices(_WORDS, k=words))

    for number in range(count):
        yield delivered_row(
            number,
            chance,
            title=f"{text(9)} {number}",
            seller_name=text(2),
            brand=text(1),
            description=text(62 + number % 20),
            categories=[text(2) for _ in range(4)],
            features=[text(8) for _ in range(4)],
        )


def delivered_row(number: int, chance: random.Random, **texts: Any) -> dict[str, Any]:
    """A row as the products scraper delivers it, with these texts and everything else drawn."""
    asin = f"B{number:09d}"
    return {
        "title": texts["title"],
        "seller_name": texts["seller_name"],
        "brand": texts["brand"],
        "description": texts["description"],
        "initial_price": round(chance.random() * 100, 2),
        "currency": "USD",
        "availability": "In Stock",
        "reviews_count": chance.randrange(10_000),
        "categories": texts["categories"],
        "asin": asin,
        "number_of_sellers": chance.randrange(9),
        "root_bs_rank": chance.randrange(10**6),
        "domain": "https://www.amazon.com/",
        "images_count": chance.randrange(9),
        "url": f"https://www.amazon.com/dp/{asin}",
        "image_url": f"https://images.example/I/{chance.getrandbits(64):x}.jpg",
        "item_weight": f"{chance.randrange(999)} grams",
        "rating": round(chance.random() * 5, 1),
        "features": texts["features"],
        "is_available": True,
        "discount": None,
        "best_sellers_rank": [{"category": texts["categories"][0], "rank": chance.randrange(100)}],
    }


def lines(count: int, *, seed: int = 7, envelope: bool = False) -> Iterator[bytes]:
    """The records as lines; with the envelope of a delivered row where asked for."""
    for product in products(count, seed=seed):
        row = product | ENVELOPE if envelope else product
        yield json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def write(path: Path, count: int, *, seed: int = 7) -> int:
    """A file of records; answers its size in bytes."""
    with path.open("wb") as stream:
        stream.writelines(lines(count, seed=seed))
    return path.stat().st_size
