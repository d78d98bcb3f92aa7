"""The engine's decisions over a set of pairs, for triage and for the previews of steps that need the whole set."""

from __future__ import annotations

import marshal
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path

from webtune_tui.pipeline.base import Draft
from webtune_tui.pipeline.near_duplicates import Texts
from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.run import BatchResult, Corpus
from webtune_tui.pipeline.split import SplitPlan, random_split_rate
from webtune_tui.services.prepare_map import drafts_of
from webtune_tui.services.prepare_run import _with_own_keys as with_own_keys
from webtune_tui.storage.datasets import RecordQueries

_BATCH = 128


def drafts_in_order(records: RecordQueries) -> Iterator[list[Draft]]:
    """All current records as drafts in batches, in canonical order, each with a key of its own."""
    return map(drafts_of, with_own_keys(records.batches(_BATCH)))


class RawPairs:
    """Takes pairs batch by batch; their texts wait in a nameless file in ``folder`` (none: where such files lie)."""

    def __init__(self, recipe: Recipe, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed in close()
        self._places = array("Q", [0])
        self._corpus = Corpus(recipe, self._texts)
        self._ids: list[str] = []
        self._records = array("q")
        self._has_answer = bytearray()

    def add(self, result: BatchResult) -> None:
        """Takes the pairs of a batch."""
        for built in result.built:
            body = marshal.dumps(built.texts)
            self._file.seek(self._places[-1])
            self._file.write(body)
            self._places.append(self._places[-1] + len(body))
            self._corpus.add(built)
            self._ids.append(built.example_id)
            self._records.append(built.record_id)
            self._has_answer.append(built.answer_length > 0)

    def __len__(self) -> int:
        return len(self._ids)

    def decide(self) -> Iterator[tuple[int, int]]:
        """Works through the pairs; yields (done, total) of its parts."""
        yield from self._corpus.decide()

    def gone(self) -> list[tuple[str, int, int, int]]:
        """(reason, index, index of the one that stays, record id) of every pair that is one too many.

        Pairs without an answer share nothing.
        """
        gone = self._corpus.report.gone
        return [
            (reason, index, keeper, self._records[index])
            for index, (reason, _, keeper) in sorted(gone.items())
            if reason != "shared_target" or self._has_answer[index]
        ]

    def id_of(self, index: int) -> str:
        """The example id of a pair."""
        return self._ids[index]

    def random_split_rate(self, plan: SplitPlan) -> float:
        """What a random split of the pairs would leak."""
        return random_split_rate(self._corpus.cluster_sizes(), len(self), plan)

    def close(self) -> None:
        """Gives the space back."""
        self._file.close()

    def _texts(self, index: int) -> Texts:
        start, end = self._places[index], self._places[index + 1]
        self._file.seek(start)
        texts: Texts = marshal.loads(self._file.read(end - start))  # noqa: S302 - our own bytes
        return texts
