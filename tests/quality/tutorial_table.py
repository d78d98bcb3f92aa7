"""The pairs that a usual tutorial makes of scraped products, against ours, made of the same records.

The tutorial's way: each record that has a title is a pair of title and description, as they stand in the file, and a
random split. Ours: import, prepare with the default recipe, export. Both are judged by the same plain rules, which are
not those of the product.

    python -m tests.quality.tutorial_table [FOLDER]

prints the table of the README; FOLDER is where the workspace is made (a temporary one without it).
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import webtune_tui.sandbox
from tests.quality.planted.likeness import alike
from webtune_tui.bootstrap import open_services
from webtune_tui.settings import Settings

RECORDS = Path(webtune_tui.sandbox.__file__).parent / "data" / "amazon_products.ndjson.gz"
SPLITS = {"train": 0.8, "validation": 0.1, "test": 0.1}
ALIKE = 0.9
_SEEDS = 20
_SENTENCE_END = re.compile(r"[.!?。？！\]][\"'”’»)\]]*$")
_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.]+|(?<!\d)\+\d[\d ().-]{8,}\d|\(\d{3}\) ?\d{3}-\d{4}|(?<![\d-])\d{3}-\d{3}-\d{4}(?![\d-])"
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Pair:
    """What is asked, what is answered."""

    prompt: str
    answer: str


@dataclass(frozen=True)
class Figures:
    """Findings per 100 examples; ``leaked`` per 100 examples of the test split."""

    examples: int
    empty: float
    duplicate: float
    near_duplicate: float
    cut: float
    leaked: float
    personal: float


def raw_rows() -> list[dict[str, Any]]:
    """The records as they were scraped, error rows among them."""
    with gzip.open(RECORDS) as stream:
        return [json.loads(line) for line in stream]


def tutorial_pairs(rows: Sequence[Mapping[str, Any]]) -> list[Pair]:
    """Title and description of each record that has a title."""
    return [Pair(str(row["title"]), str(row.get("description") or "")) for row in rows if row.get("title")]


def random_splits(pairs: Sequence[Pair], seed: int) -> dict[str, list[Pair]]:
    """The pairs shuffled and cut."""
    shuffled = list(pairs)
    random.Random(seed).shuffle(shuffled)
    found, start = {}, 0
    for name, share in SPLITS.items():
        end = len(shuffled) if name == "test" else start + round(share * len(shuffled))
        found[name] = shuffled[start:end]
        start = end
    return found


async def our_splits(folder: Path) -> dict[str, list[Pair]]:
    """The exported examples of the default recipe, by split; the workspace is made in the folder."""
    rows = folder / "products.ndjson"
    rows.write_bytes(gzip.decompress(RECORDS.read_bytes()))
    async with open_services(folder / "workspace", Settings(), command="table") as services:
        async with aclosing(services.imports.run([rows])) as importing:
            async for _ in importing:
                pass
        async with aclosing(services.prepare.run()) as preparing:
            async for _ in preparing:
                pass
        exported = await services.export.export(out=folder / "export")
    return {
        split: [_pair(line) for line in path.read_text("utf-8").splitlines()] for split, path in exported.paths.items()
    }


def _pair(line: str) -> Pair:
    said = {message["role"]: message["content"] for message in json.loads(line)["messages"]}
    return Pair(said["user"], said["assistant"])


def figures(pairs: Sequence[Pair], leaked: float) -> Figures:
    """The findings in one set of pairs; ``leaked`` was counted before."""
    told = [" ".join(_WORD.findall(pair.answer.casefold())) for pair in pairs]
    first: dict[str, int] = {}
    copies = {place for place, text in enumerate(told) if text and first.setdefault(text, place) != place}
    near = {max(one, other) for one, other, _ in alike([pair.answer for pair in pairs], ALIKE)} - copies
    near = {place for place in near if told[place]}

    def of_100(count: int) -> float:
        return 100 * count / len(pairs)

    return Figures(
        examples=len(pairs),
        empty=of_100(sum(not text for text in told)),
        duplicate=of_100(len(copies)),
        near_duplicate=of_100(len(near)),
        cut=of_100(sum(bool(text) and _is_cut(pair.answer) for text, pair in zip(told, pairs, strict=True))),
        leaked=leaked,
        personal=of_100(sum(_PERSONAL.search(f"{pair.prompt}\n{pair.answer}") is not None for pair in pairs)),
    )


def _is_cut(answer: str) -> bool:
    """Whether a text ends within a sentence; a list of points has none to end."""
    last = answer.rstrip().splitlines()[-1]
    return not last.startswith("- ") and _SENTENCE_END.search(last) is None


def leaked_share(splits: Mapping[str, Sequence[Pair]]) -> float:
    """How many of 100 test examples have a copy or a near-copy of their answer in the training split."""
    train, test = splits["train"], splits["test"]
    answers = [pair.answer for pair in (*train, *test)]
    telling = {other for one, other, _ in alike(answers, ALIKE) if one < len(train) <= other and answers[other].strip()}
    return 100 * len(telling) / len(test)


async def table(folder: Path) -> str:
    """The Markdown table."""
    pairs = tutorial_pairs(raw_rows())
    shares = [leaked_share(random_splits(pairs, seed)) for seed in range(_SEEDS)]
    theirs = figures(pairs, sum(shares) / len(shares))
    splits = await our_splits(folder)
    ours = figures([pair for its in splits.values() for pair in its], leaked_share(splits))
    rows = [
        "| in 100 examples | title and description as scraped, random split | `webtune prepare` |",
        "| --- | ---: | ---: |",
        f"| examples of the same {len(raw_rows())} records | {theirs.examples} | {ours.examples} |",
    ]
    for label, name in (
        ("empty answers", "empty"),
        ("duplicates", "duplicate"),
        ("near-duplicates", "near_duplicate"),
        ("answers cut within a sentence", "cut"),
        ("test answers that training tells", "leaked"),
        ("with an e-mail address or a phone number", "personal"),
    ):
        rows.append(f"| {label} | {getattr(theirs, name):.1f} | {getattr(ours, name):.1f} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Prints the table."""
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        print(asyncio.run(table(folder)), end="")
        return
    with tempfile.TemporaryDirectory() as made:
        print(asyncio.run(table(Path(made))), end="")


if __name__ == "__main__":
    main()
