"""A workspace with any number of examples, made at the speed of storing them: 1.7 KB each, the same each time."""

from __future__ import annotations

import json
import random
import re
from dataclasses import asdict
from pathlib import Path

from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.examples import ContentSum, body_digest
from webtune_tui.storage.dataset_types import BuildReport, ExampleRow, Totals
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

_WORDS = re.findall(
    r"\S+",
    """steel kettle água garantia product quality café small large blue green handle lid cordless fast boil 日本 price
    warranty returns shipping office chair desk lamp cotton original modern compact durable filter battery""",
)
_SOURCES = ("amazon-products", "linkedin", "pages", "files")
_AT_ONCE = 10_000
NEEDLE = "zanzibar"
"""Stands in the answer of one example, at 99.5 % of the way."""


def make(root: Path, examples: int) -> None:
    """Makes the workspace; a tenth of the examples each is for validation and for the test."""
    chance = random.Random(1)
    blocks = [" ".join(chance.choices(_WORDS, k=60)) for _ in range(500)]
    with Workspace.open(root, command="benchmark") as workspace:
        store = DatasetStore(workspace.database)
        build = store.begin_build()
        rows: list[ExampleRow] = []
        content, tokens = 0, 0
        counts = {"train": 0, "validation": 0, "test": 0}
        for number in range(examples):
            row = _row(number, chance, blocks, is_needle=number == examples * 995 // 1000)
            rows.append(row)
            content += body_digest(row[3], row[2])
            tokens += row[4]
            counts[row[2]] += 1
            if len(rows) == _AT_ONCE:
                store.add_rows(build, rows)
                rows = []
        store.add_rows(build, rows)
        store.seal(build, Totals(ContentSum(content % (1 << 512), examples), **counts, tokens=tokens), "o200k_base")
        store.publish(build, BuildReport("", "o200k_base", json.dumps(_report(examples, counts)), "made"))


def _row(number: int, chance: random.Random, blocks: list[str], *, is_needle: bool) -> ExampleRow:
    answer = " ".join(chance.choice(blocks) for _ in range(4)) + (f" {NEEDLE}" if is_needle else "")
    messages = [
        {"content": "You write product descriptions for an online shop.", "role": "system"},
        {"content": f"i{number} of brand {number % 97}: write about it", "role": "user"},
        {"content": answer, "role": "assistant"},
    ]
    name = f"ex-{number:016x}"
    split = "test" if number % 10 == 0 else "validation" if number % 10 == 1 else "train"
    flags = "near-duplicate" if number % 13 == 0 else "cut redacted:email" if number % 29 == 0 else ""
    body = json.dumps(messages, ensure_ascii=False, separators=(",", ":"))
    tokens = 200 + int(chance.expovariate(1 / 150))
    return number, name, split, body, tokens, flags, str(number + 1), name, _SOURCES[number % len(_SOURCES)]


def _report(examples: int, counts: dict[str, int]) -> dict[str, object]:
    return asdict(
        PrepareReport(
            dataset_version="",
            content_hash="",
            records=examples,
            records_used=examples,
            examples=examples,
            dropped={},
            changed={},
            redacted={},
            duplicates={"exact": 0, "near": 0, "clusters": 0},
            splits=counts,
            leak={"shared_clusters": 0, "random_split_rate": 0.0},
            tokens={},
            seconds=1.0,
        )
    )
