"""The engine's decisions over a set of pairs, for triage and for the previews of steps that need the whole set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.run import BatchResult
from webtune_tui.services.prepare_shards import Section, Shards, ShardWriter

if TYPE_CHECKING:
    from webtune_tui.pipeline.corpus import Columns

GonePair = tuple[str, int, int, int]
"""Reason, index, index of the one that stays, record id."""


class RawPairs:
    """Takes pairs batch by batch; their words wait in nameless files, those of this process where such files lie."""

    def __init__(self, recipe: Recipe) -> None:
        from webtune_tui.pipeline.corpus import Corpus  # numpy: only work over a set needs it

        self._waiting = Shards()
        self._corpus = Corpus(recipe, self._waiting.text)
        self._has_answer = bytearray()
        self._writer: ShardWriter | None = None

    def add(self, result: BatchResult) -> None:
        """Takes the pairs of a batch."""
        from webtune_tui.services.prepare_part import columns_of

        assert result.signatures is not None
        self._writer = self._writer or ShardWriter(None)
        columns = columns_of(result.built, result.signatures)
        self.take(columns, self._writer.write(result.signatures.texts, []))

    def take(self, columns: Columns, section: Section) -> None:
        """Takes the pairs of a batch whose words are in a file already."""
        self._corpus.add(columns)
        self._waiting.add(section)
        self._has_answer += (columns.answer_lengths > 0).tobytes()

    def __len__(self) -> int:
        return len(self._corpus)

    def decide(self) -> Iterator[tuple[int, int]]:
        """Works through the pairs; yields (done, total) of its parts."""
        yield from self._corpus.decide()

    def gone(self) -> list[GonePair]:
        """Every pair that is one too many. Pairs without an answer share nothing."""
        records = self._corpus.record_ids
        return [
            (reason, index, keeper, int(records[index]))
            for index, (reason, _, keeper) in sorted(self._corpus.report.gone.items())
            if reason != "shared_target" or self._has_answer[index]
        ]

    def id_of(self, index: int) -> str:
        """The example id of a pair."""
        from webtune_tui.pipeline.corpus import example_name

        return example_name(int(self._corpus.example_ids[index]))

    def missing(self, example_ids: Iterable[str]) -> list[str]:
        """Those of the ids that no pair has, in their order."""
        import numpy as np

        from webtune_tui.pipeline.corpus import example_name, example_number

        numbers = np.fromiter(map(example_number, example_ids), dtype=np.uint64)
        return list(map(example_name, numbers[~np.isin(numbers, self._corpus.example_ids)].tolist()))

    def cluster_sizes(self) -> list[int]:
        """The sizes of the groups of pairs that are alike."""
        return self._corpus.cluster_sizes()

    def close(self) -> None:
        """Gives the space back."""
        self._waiting.close()
        if self._writer is not None:
            self._writer.close()
