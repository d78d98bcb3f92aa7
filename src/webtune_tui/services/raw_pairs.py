"""The engine's decisions over a set of pairs, for triage and for the previews of steps that need the whole set."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path

from webtune_tui.pipeline.base import Draft
from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.run import BatchResult
from webtune_tui.pipeline.split import SplitPlan, random_split_rate
from webtune_tui.services.prepare_map import drafts_of_rows, with_own_keys
from webtune_tui.storage.live_records import RecordQueries

_BATCH = 128
_MOST_CHARACTERS = 4_000_000  # of the fields of a batch


def drafts_in_order(records: RecordQueries) -> Iterator[list[Draft]]:
    """All current records as drafts in batches, in canonical order, each with a key of its own."""
    return map(drafts_of_rows, with_own_keys(records.between(None, None, _BATCH, _MOST_CHARACTERS)))


class RawPairs:
    """Takes pairs batch by batch; their words wait in a nameless file in ``folder`` (none: where such files lie)."""

    def __init__(self, recipe: Recipe, folder: Path | None) -> None:
        from webtune_tui.pipeline.corpus import Corpus  # numpy: only work over a set needs it

        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed in close()
        self._places = array("Q", [0])
        self._corpus = Corpus(recipe, self._text)
        self._ids: list[str] = []
        self._records = array("q")
        self._has_answer = bytearray()

    def add(self, result: BatchResult) -> None:
        """Takes the pairs of a batch."""
        from webtune_tui.services.prepare_part import columns_of

        assert result.signatures is not None
        self._corpus.add(columns_of(result.built, result.signatures))
        self._file.seek(self._places[-1])
        for built, text in zip(result.built, result.signatures.texts, strict=True):
            self._file.write(text)
            self._places.append(self._places[-1] + len(text))
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

    def _text(self, index: int) -> bytes:
        start, end = self._places[index], self._places[index + 1]
        self._file.seek(start)
        return self._file.read(end - start)
