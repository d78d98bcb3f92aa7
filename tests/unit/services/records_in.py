"""Records put into a workspace for a test, as if a source had brought them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.json_text import content_hash
from webtune_tui.storage.workspace import Workspace

NOUNS = [
    "kettle",
    "lamp",
    "chair",
    "drill",
    "tent",
    "scarf",
    "grinder",
    "basket",
    "mirror",
    "ladder",
    "pillow",
    "wrench",
    "saddle",
    "easel",
    "whistle",
    "anvil",
]
ACTS = [
    "pours",
    "holds",
    "folds",
    "turns",
    "warms",
    "carries",
    "cuts",
    "opens",
    "rolls",
    "lifts",
    "cools",
    "locks",
    "spins",
    "rests",
    "slides",
    "hums",
]
WORDS = [
    "quiet",
    "steady",
    "narrow",
    "heavy",
    "bright",
    "soft",
    "early",
    "plain",
    "wooden",
    "copper",
    "striped",
    "rounded",
    "handy",
    "sturdy",
    "broad",
    "calm",
]


def product(number: int, **changes: Any) -> dict[str, Any]:
    """An invented product unlike any other number's."""
    noun = NOUNS[number % 16]
    spread = [WORDS[(number * 7 + step * step * (number % 5 + 1)) % 16] for step in range(12)]
    marks = [f"{WORDS[step]}{number}x{step}" for step in range(14)]
    told = [
        f"The {spread[step]} {marks[step]} {ACTS[(number + step * 3) % 16]} the {marks[13 - step]}."
        for step in range(12)
    ]
    return {
        "asin": f"B{number:06d}",
        "title": f"{spread[0].title()} {noun} number {number}",
        "brand": f"Maker {number % 9}",
        "features": [f"{spread[3]} {marks[2]} part", f"{marks[5]} finish"],
        "description": " ".join(told),
    } | changes


def add_records(workspace: Workspace, rows: Sequence[dict[str, Any]], collection: str = "c-1") -> None:
    """Stores rows as records of a collection; the key is the ``asin``, else the content."""
    now = clock.now()
    with workspace.database.write() as connection:
        connection.execute(
            "INSERT INTO collections (collection_id, source, label, state, created_at, updated_at, raw_path)"
            " VALUES (?, 'test', 'test', 'ready', ?, ?, ?)",
            (collection, now, now, f"raw/{collection}"),
        )
        connection.executemany(
            "INSERT INTO records (collection_id, position, kind, key, content_hash, url, collected_at, fields)"
            " VALUES (?,?,?,?,?,?,?,?)",
            [
                (
                    collection,
                    position,
                    "error" if "error" in row else "warning" if "warning" in row else "data",
                    row.get("asin") or content_hash(row),
                    content_hash(row),
                    f"https://shop.example/{position}",
                    now,
                    json.dumps(row),
                )
                for position, row in enumerate(rows)
            ],
        )
