"""A second peer of preparing: near-copies found with datatrove, where it is installed in an environment of its own.

datatrove wants an older xxhash than the other tools here and brings spaCy, so it is no part of the test tools::

    python -m venv peer && peer/bin/pip install "datatrove[processing]" spacy
    peer/bin/python tests/benchmarks/prepare_second_peer.py SOURCE FOLDER STARTED

It prints one JSON object as ``prepare_peer`` does; ``prepare_throughput`` runs it where ``WEBTUNE_DATATROVE_PYTHON``
names that environment's Python. It does less than the other peer: chat rows and near-copies in two processes, and
neither exact token counts nor a split. The numbers of words in a shingle, buckets and hashes are datatrove's own.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

PROCESSES = 2


def texts_of(source: Path, folder: Path) -> None:
    """The records as datatrove reads them, one file for each process."""
    folder.mkdir()
    parts = [(folder / f"{part}.jsonl").open("w", encoding="utf-8") for part in range(PROCESSES)]
    with source.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            asked = [row["title"], row["brand"], row["categories"][-1], *row["features"]]
            text = " ".join([*asked, row["description"]])
            parts[number % PROCESSES].write(json.dumps({"id": str(number), "text": text}) + "\n")
    for part in parts:
        part.close()


def main(source: Path, folder: Path, started: float) -> None:
    """Signatures, buckets, clusters, and the texts that stay."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from loguru import logger

    logger.remove()
    logging.disable()
    texts_of(source, folder / "texts")
    config = MinhashConfig()
    reader = JsonlReader(str(folder / "texts"))
    signatures, buckets, removed = (str(folder / name) for name in ("signatures", "buckets", "removed"))
    kept = folder / "kept"
    stages = (
        ([reader, MinhashDedupSignature(signatures, config)], PROCESSES),
        ([MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets),
        ([MinhashDedupCluster(buckets, removed, config=config)], 1),
        ([reader, MinhashDedupFilter(removed), JsonlWriter(str(kept), compression=None)], PROCESSES),
    )
    for number, (pipeline, tasks) in enumerate(stages):
        LocalPipelineExecutor(
            pipeline=pipeline, tasks=tasks, workers=PROCESSES, logging_dir=str(folder / f"log-{number}")
        ).run()
    numbers = [
        int(json.loads(line)["id"])
        for file in kept.glob("*.jsonl")
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    print(json.dumps({"seconds": time.monotonic() - started, "kept": sorted(numbers)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
