"""The peer of preparing: a Hugging Face ``datasets`` and ``datasketch`` pipeline over the same records.

``python -m tests.benchmarks.prepare_peer SOURCE FOLDER STARTED`` reads NDJSON, makes chat rows, drops exact and near
copies, counts o200k tokens exactly, splits and writes JSONL; it prints one JSON object with its seconds since STARTED
(what the monotonic clock said before the program began) and the numbers of the records that stay. Its settings are the
best that were found: batches, two processes, a quick hash, pairs of words, candidates from 0.5 on and the exact Jaccard
index as judge.
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
_SYSTEM = "You write product descriptions for an online shop: concrete, true to the given facts, ready to publish."


def shingles(text: str) -> set[bytes]:
    """The pairs of words that follow each other."""
    words = text.encode().split()
    return {b" ".join(pair) for pair in pairwise(words)} or set(words)


def shaped(batch: dict[str, list[Any]], numbers: list[int]) -> dict[str, list[Any]]:
    """Chat rows of a batch with their normalised text, hash, signature and tokens."""
    import hashlib

    import numpy as np
    import toktok
    import xxhash
    from datasketch import MinHash

    conversations, texts = [], []
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
        values = " ".join([title, brand, categories[-1], *features, description])
        texts.append(" ".join(values.casefold().split()))
    flat = [message["content"] for conversation in conversations for message in conversation]
    counts = toktok.batch_count(flat, "o200k_base", threads=1)
    signatures = MinHash.bulk(
        [shingles(text) for text in texts], num_perm=_PERMUTATIONS, hashfunc=xxhash.xxh32_intdigest, scheme=_SCHEME
    )
    return {
        "number": numbers,
        "messages": conversations,
        "text": texts,
        "copy_key": [hashlib.md5(text.encode()).digest() for text in texts],
        "signature": [np.asarray(one.hashvalues, dtype=np.uint64).tobytes() for one in signatures],
        "tokens": [sum(counts[start : start + 3]) + 12 for start in range(0, len(counts), 3)],
    }


def standing(data: Any) -> list[int]:
    """The rows that are no copy of an earlier one."""
    import numpy as np
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(threshold=_CANDIDATES_FROM, num_perm=_PERMUTATIONS)
    seen: set[bytes] = set()
    kept: list[int] = []
    texts: dict[int, str] = {}
    index = 0
    for batch in data.select_columns(["text", "copy_key", "signature"]).iter(1_000):
        for text, key, signature in zip(batch["text"], batch["copy_key"], batch["signature"], strict=True):
            if key not in seen:
                seen.add(key)
                drawn = MinHash(_PERMUTATIONS, hashvalues=np.frombuffer(signature, dtype=np.uint64), scheme=_SCHEME)
                if not any(_is_similar(text, texts[other]) for other in lsh.query(drawn)):
                    lsh.insert(index, drawn, check_duplication=False)
                    texts[index] = text
                    kept.append(index)
            index += 1
    return kept


def _is_similar(text: str, other: str) -> bool:
    one, two = shingles(text), shingles(other)
    return len(one & two) >= _SIMILAR_FROM * len(one | two)


def main(source: Path, folder: Path, started: float) -> None:
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
        num_proc=PROCESSES,
        remove_columns=data.column_names,
    )
    data = data.select(standing(data)).select_columns(["number", "messages", "tokens"])
    halves = data.train_test_split(test_size=0.2, seed=42)
    rest = halves["test"].train_test_split(test_size=0.5, seed=42)
    for name, part in (("train", halves["train"]), ("validation", rest["train"]), ("test", rest["test"])):
        part.select_columns(["messages"]).to_json(str(folder / f"{name}.jsonl"), num_proc=PROCESSES, force_ascii=False)
    seconds = time.monotonic() - started
    tokens = sum(data["tokens"])
    print(json.dumps({"seconds": seconds, "tokens": tokens, "kept": list(data["number"])}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
