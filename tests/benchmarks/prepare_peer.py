"""The peer of preparing: a Hugging Face ``datasets`` and ``datasketch`` pipeline over the same records.

``python -m tests.benchmarks.prepare_peer SOURCE FOLDER STARTED SPLIT`` reads NDJSON, makes chat rows, drops exact and
near copies, counts o200k tokens exactly, splits and writes JSONL; it prints one JSON object with its seconds since
STARTED (what the monotonic clock said before the program began) and the numbers of the records that stay. SPLIT is
``random``, or ``groups``: what has a prompt or an answer in common, or nearly, lies in one split, as in ours. Its
settings are the best that were found: batches, two processes, a quick hash, pairs of words, candidates from 0.5 on and
the exact Jaccard index as judge; for groups the signature of a whole text is made of those of its halves.
"""

from __future__ import annotations

import json
import os
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

PROCESSES = 2
_PERMUTATIONS = 128
_SCHEME: Literal["affine32"] = "affine32"
_CANDIDATES_FROM = 0.5
_SIMILAR_FROM = 0.55
_SHORTEST_PROMPT = 8  # words
_SHARES = (0.8, 0.9)  # where validation begins, and test
_SYSTEM = "You write product descriptions for an online shop: concrete, true to the given facts, ready to publish."


def shingles(text: str) -> set[bytes]:
    """The pairs of words that follow each other."""
    words = text.encode().split()
    return {b" ".join(pair) for pair in pairwise(words)} or set(words)


def shaped(batch: dict[str, list[Any]], numbers: list[int], by_groups: bool) -> dict[str, list[Any]]:
    """Chat rows of a batch with their normalised text, hash, signatures and tokens."""
    import hashlib

    import numpy as np
    import toktok
    import xxhash
    from datasketch import MinHash

    conversations, prompts, answers = [], [], []
    for title, brand, categories, features, description in zip(
        batch["title"], batch["brand"], batch["categories"], batch["features"], batch["description"], strict=True
    ):
        listed = "\n".join(f"- {feature}" for feature in features)
        asked = (
            f"Write the product description for {title}.\nBrand: {brand}\nCategory: {categories[-1]}\n"
            f"Features:\n{listed}"
        )
        conversations.append(
            [
                {"role": "system", "content": _SYSTEM},
                {"role": "user", "content": asked},
                {"role": "assistant", "content": description},
            ]
        )
        values = " ".join([title, brand, categories[-1], *features])
        prompts.append(" ".join(values.casefold().split()))
        answers.append(" ".join(description.casefold().split()))
    flat = [message["content"] for conversation in conversations for message in conversation]
    counts = toktok.batch_count(flat, "o200k_base", threads=1)

    def signatures(texts: list[str]) -> list[Any]:
        found = MinHash.bulk(
            [shingles(text) for text in texts], num_perm=_PERMUTATIONS, hashfunc=xxhash.xxh32_intdigest, scheme=_SCHEME
        )
        return [np.asarray(one.hashvalues, dtype=np.uint64) for one in found]

    texts = [f"{prompt} {answer}" for prompt, answer in zip(prompts, answers, strict=True)]
    found = {
        "number": numbers,
        "messages": conversations,
        "text": texts,
        "copy_key": [hashlib.md5(text.encode()).digest() for text in texts],
        "tokens": [sum(counts[start : start + 3]) + 12 for start in range(0, len(counts), 3)],
    }
    if not by_groups:
        return found | {"signature": [one.tobytes() for one in signatures(texts)]}
    halves = signatures(prompts), signatures(answers)
    return found | {
        "prompt": prompts,
        "answer": answers,
        "signature": [np.minimum(one, other).tobytes() for one, other in zip(*halves, strict=True)],
        "prompt_signature": [one.tobytes() for one in halves[0]],
        "answer_signature": [one.tobytes() for one in halves[1]],
    }


class Known:
    """Texts that were met, to find the similar ones among them."""

    def __init__(self) -> None:
        from datasketch import MinHashLSH

        self._lsh = MinHashLSH(threshold=_CANDIDATES_FROM, num_perm=_PERMUTATIONS)
        self._texts: dict[int, str] = {}

    def met(self, number: int, text: str, signature: bytes) -> int | None:
        """The number of a similar text; where there is none, this one is known from now on."""
        import numpy as np
        from datasketch import LeanMinHash  # the other kind draws its permutations anew for each

        drawn = LeanMinHash(seed=1, hashvalues=np.frombuffer(signature, dtype=np.uint64), scheme=_SCHEME)
        for other in self._lsh.query(drawn):
            if _is_similar(text, self._texts[other]):
                return other  # type: ignore[no-any-return]  # a number that was given
        self._lsh.insert(number, drawn, check_duplication=False)
        self._texts[number] = text
        return None


def standing(data: Any) -> list[int]:
    """The rows that are no copy of an earlier one."""
    known = Known()
    seen: set[bytes] = set()
    kept: list[int] = []
    index = 0
    for batch in data.select_columns(["text", "copy_key", "signature"]).iter(1_000):
        for text, key, signature in zip(batch["text"], batch["copy_key"], batch["signature"], strict=True):
            if key not in seen:
                seen.add(key)
                if known.met(index, text, signature) is None:
                    kept.append(index)
            index += 1
    return kept


def group_of(data: Any) -> list[int]:
    """The group of each row, by its first one: rows with prompts or with answers that are alike share one."""
    parents = list(range(len(data)))

    def find(row: int) -> int:
        while parents[row] != row:
            parents[row] = row = parents[parents[row]]
        return row

    for name in ("prompt", "answer"):
        known, first = Known(), dict[str, int]()
        index = 0
        for batch in data.select_columns([name, f"{name}_signature"]).iter(1_000):
            for text, signature in zip(batch[name], batch[f"{name}_signature"], strict=True):
                same = first.setdefault(text, index)
                if same != index:
                    parents[find(index)] = find(same)
                elif name == "answer" or text.count(" ") >= _SHORTEST_PROMPT - 1:
                    other = known.met(index, text, signature)
                    if other is not None:
                        parents[find(index)] = find(other)
                index += 1
    return [find(row) for row in range(len(data))]


def split_by_groups(data: Any) -> dict[str, Any]:
    """Train, validation and test, each group in one of them."""
    import numpy as np

    groups, group, sizes = np.unique(np.array(group_of(data)), return_inverse=True, return_counts=True)
    order = np.random.default_rng(42).permutation(len(groups))
    before = np.cumsum(sizes[order]) - sizes[order]
    part = np.empty(len(groups), dtype=np.int64)
    part[order] = np.searchsorted(np.array(_SHARES) * len(data), before, side="right")
    rows = part[group]
    return {
        name: data.select(np.flatnonzero(rows == number)) for number, name in enumerate(("train", "validation", "test"))
    }


def split_at_random(data: Any) -> dict[str, Any]:
    """Train, validation and test, row by row."""
    halves = data.train_test_split(test_size=0.2, seed=42)
    rest = halves["test"].train_test_split(test_size=0.5, seed=42)
    return {"train": halves["train"], "validation": rest["train"], "test": rest["test"]}


def _is_similar(text: str, other: str) -> bool:
    one, two = shingles(text), shingles(other)
    return len(one & two) >= _SIMILAR_FROM * len(one | two)


def main(source: Path, folder: Path, started: float, *, by_groups: bool) -> None:
    """The whole pipeline."""
    os.environ |= {"HF_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "1"}
    import datasets
    import datasketch
    import toktok

    datasets.disable_progress_bars()
    toktok.batch_count(["ready"], "o200k_base")
    assert datasketch
    data = datasets.load_dataset("json", data_files=str(source), split="train", cache_dir=str(folder / "cache"))
    assert isinstance(data, datasets.Dataset)
    data = data.map(
        shaped,
        batched=True,
        with_indices=True,
        fn_kwargs={"by_groups": by_groups},
        num_proc=PROCESSES,
        remove_columns=data.column_names,
    )
    data = data.select(standing(data))
    parts = split_by_groups(data) if by_groups else split_at_random(data)
    for name, part in parts.items():
        part.select_columns(["messages"]).to_json(str(folder / f"{name}.jsonl"), num_proc=PROCESSES, force_ascii=False)
    seconds = time.monotonic() - started
    tokens = sum(data["tokens"])
    print(json.dumps({"seconds": seconds, "tokens": tokens, "kept": list(data["number"])}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), by_groups=sys.argv[4] == "groups")
