"""What a run of prepare stores: the examples that stay, and the records of which none stays."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np

from webtune_tui.domain.body_facts import BodyFacts
from webtune_tui.domain.examples import ContentSum, body_digest
from webtune_tui.pipeline.corpus import Corpus, example_name
from webtune_tui.pipeline.group_splits import SPLITS
from webtune_tui.pipeline.mix import REASON as MIX_REASON
from webtune_tui.services.prepare_shards import Shards
from webtune_tui.services.prepare_split import Splitting
from webtune_tui.services.prepare_tally import Tally
from webtune_tui.storage.dataset_types import DroppedRow, ExampleRow, Totals

_STORED_AT_ONCE = 10_000


class Rows:
    """The rows of the examples that stay, as they are stored, and their sums."""

    def __init__(self, waiting: Shards, splitting: Splitting, corpus: Corpus) -> None:
        self._waiting = waiting
        self._splitting = splitting
        self._flagged = corpus.report.flagged
        self._ids = corpus.example_ids
        self._counts = [0] * len(SPLITS)
        self._content = 0
        self._tokens = 0

    @property
    def done(self) -> int:
        """How many rows were made."""
        return sum(self._counts)

    def batches(self) -> Iterator[tuple[list[ExampleRow], list[BodyFacts]]]:
        """The rows in order, and beside them what is known of their messages where languages were told."""
        splitting = self._splitting
        stays, codes = splitting.stays.tolist(), splitting.split_codes.tolist()
        groups, names_own = splitting.group_numbers, (splitting.group_numbers == self._ids).tolist()
        names = [split.value for split in SPLITS]
        batch: list[ExampleRow] = []
        known: list[BodyFacts] = []
        index = ordinal = 0
        for rows in self._waiting.batches():
            group_numbers = groups[index : index + len(rows)].tolist()
            for row, group in zip(rows, group_numbers, strict=True):
                example, messages, tokens, flags, record, source, facts = row
                if stays[index]:
                    code = codes[index]
                    if index in self._flagged:
                        flags = f"{flags} {self._flagged[index]}".lstrip()
                    self._content += body_digest(messages, names[code])
                    self._tokens += tokens
                    self._counts[code] += 1
                    group_id = example if names_own[index] else example_name(group)
                    batch.append((ordinal, example, names[code], messages, tokens, flags, record, group_id, source))
                    ordinal += 1
                    if facts is not None:
                        known.append(BodyFacts(*facts))
                index += 1
            if len(batch) >= _STORED_AT_ONCE:
                yield batch, known
                batch, known = [], []
        yield batch, known

    def totals(self) -> Totals:
        """The sums over all rows."""
        counts = {split.value: count for split, count in zip(SPLITS, self._counts, strict=True)}
        content = ContentSum(self._content % (1 << 512), self.done)
        return Totals(content, **counts, tokens=self._tokens)


def gone_rows(splitting: Splitting, corpus: Corpus, tally: Tally) -> Iterator[DroppedRow]:
    """The records of which no example stays, with the reason of the first that went."""
    records, ids = corpus.record_ids, corpus.example_ids
    used = set(records[splitting.stays].tolist()) if corpus.has_siblings else set()
    for index in sorted({*corpus.report.gone, *tally.left_out}):
        record_id, example = int(records[index]), example_name(int(ids[index]))
        if record_id in used:
            continue
        used.add(record_id)
        if index in tally.left_out:
            yield DroppedRow(record_id, MIX_REASON, MIX_REASON, tally.left_out[index], example)
        else:
            reason, step, keeper = corpus.report.gone[index]
            keeper_id = example_name(int(ids[keeper]))
            yield DroppedRow(record_id, reason, step, f"like {keeper_id}", example, keeper_id)


def result_digest(splitting: Splitting, corpus: Corpus, tally: Tally) -> str:
    """Stands for everything that the run gives before the edits: examples, splits and reasons."""
    stays = splitting.stays
    digest = blake2b(digest_size=16)
    digest.update(np.frombuffer(tally.digests, dtype=np.uint64).reshape(-1, 2)[stays].tobytes())
    digest.update(splitting.split_codes[stays].tobytes())
    digest.update(splitting.group_numbers[stays].tobytes())
    digest.update(repr(sorted(corpus.report.flagged.items())).encode())
    records = corpus.record_ids
    for index, (reason, step, keeper) in sorted(corpus.report.gone.items()):
        digest.update(repr((int(records[index]), reason, step, keeper)).encode())
    digest.update(repr(sorted(tally.left_out.items())).encode("utf-8", "replace"))
    for dropped in tally.dropped:
        digest.update(repr(dropped).encode("utf-8", "replace"))
    return digest.hexdigest()
